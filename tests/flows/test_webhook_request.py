"""The request that starts a flow: payload, raw body, form, headers, query, and content type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector import Component
from connector.errors import StepError, UsageError
from connector.flows import Run, resume
from tests.flows.support import Service, echo, step

Runs = Callable[..., Run]


def trigger_part(run: Runs, path: str, **request: Any) -> Any:
    return run(echo("Echo", f"=trigger.results.{path}"), **request).results.get("value")


@pytest.mark.parametrize(
    ("request_parts", "body", "raw", "content_type"),
    [
        ({"payload": {"a": 1}}, {"a": 1}, {"a": 1}, "application/json"),
        ({"body": "<a/>", "content_type": "text/xml"}, "<a/>", "<a/>", "text/xml"),
        ({"body": b"plain"}, "plain", "plain", "text/plain"),
        ({"body": "[1]", "headers": {"content-type": "application/json"}}, [1], "[1]", "application/json"),
        ({"body": '{"a": 1}', "content_type": "application/json"}, {"a": 1}, '{"a": 1}', "application/json"),
        (
            {"body": "[1]", "content_type": "application/vnd.api+json; charset=utf-8"},
            [1],
            "[1]",
            "application/vnd.api+json; charset=utf-8",
        ),
        (
            {"form": {"a": "x y", "b": ["1", "2"]}},
            "a=x+y&b=1&b=2",
            "a=x+y&b=1&b=2",
            "application/x-www-form-urlencoded",
        ),
    ],
    ids=["payload", "raw", "bytes", "header", "JSON", "JSON of another type", "form"],
)
def test_body_is_parsed_by_its_content_type(
    run: Runs, request_parts: dict[str, Any], body: Any, raw: Any, content_type: str
) -> None:
    assert trigger_part(run, "body.data", **request_parts) == body
    assert trigger_part(run, "rawBody.data", **request_parts) == raw
    assert trigger_part(run, "body.contentType", **request_parts) == content_type


@pytest.mark.parametrize(
    ("request_parts", "expected"),
    [
        ({"payload": 1}, None),
        ({"body": "x"}, "text/plain"),
        ({"payload": 1, "content_type": "application/json"}, "application/json"),
        ({"body": "x", "headers": {"Content-Type": "text/csv"}}, "text/csv"),
    ],
)
def test_content_type_is_a_header_unless_one_is_passed(
    run: Runs, request_parts: dict[str, Any], expected: str | None
) -> None:
    assert trigger_part(run, "headers.Content-Type", **request_parts) == expected


@pytest.mark.parametrize(
    ("request_parts", "message"),
    [
        ({"payload": 1, "body": "x"}, "payload, body, and form cannot be used together"),
        ({"form": {"a": "b"}, "body": "x"}, "payload, body, and form cannot be used together"),
        ({"body": "{", "content_type": "application/json"}, "body is not JSON"),
        ({"body": b"\xff"}, r"body is not UTF-8 \(byte 0\)"),
    ],
)
def test_invalid_request_is_rejected(run: Runs, request_parts: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(echo("Echo", "x"), **request_parts)


def test_resumed_run_has_the_raw_body(run: Runs, workshop: Component, service: Service) -> None:
    steps = [step("Update", "workshop.updateThing", {"thingId": "t9"}), echo("Raw", "=trigger.results.rawBody.data")]
    with pytest.raises(StepError) as caught:
        run(*steps, body='{"a": 1}', content_type="application/json")
    service.things["t9"] = {"id": "t9"}
    assert resume(caught.value.run.journal, workshop, connections=service.connections).results == {"value": '{"a": 1}'}
