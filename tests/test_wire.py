"""What goes over the wire for each action: every row of `tests/wire`, from inputs to the exact request."""

from __future__ import annotations

from typing import Any

import pytest

import connector
from connector import errors
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer
from tests.support.wire import ALPHA, Row, all_rows

ROWS = all_rows()
BY_KEY = {row.key: row for row in ROWS}


def test_every_action_has_a_row(segment: connector.Component) -> None:
    assert sorted(row.key for row in ROWS) == sorted(segment.actions)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_request_is_exactly(row: Row, runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})

    runner.invoke(row.key, row.inputs)

    (request,) = server.requests
    assert (request.method, request.target) == (row.method, row.target)
    assert request.headers["Accept"] == row.accept
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    if row.body is None:
        assert request.body == b""
        assert "Content-Type" not in request.headers
    else:
        assert request.json == row.body
        assert request.headers["Content-Type"] == (ALPHA if row.accept == ALPHA else "application/json")


def first_of_update(inputs: type[connector.Inputs], row: Row) -> list[str]:
    """An update needs one field, or it is not sent."""
    keys = [inputs.model_fields[name].alias or name for name in inputs.update_fields]
    return [key for key in keys if row.inputs.get(key, "") != ""][:1]


@pytest.mark.parametrize("row", [row for row in ROWS if row.body], ids=lambda row: row.key)
def test_only_set_inputs_are_sent(
    row: Row, segment: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    """Required inputs alone make a body of the required fields alone: no default, no sample, no empty text."""
    server.answer({"data": {}})
    inputs = segment.actions[row.key].inputs
    needed = {*inputs.required_keys(), *first_of_update(inputs, row)}
    required = {key: row.inputs[key] for key in needed}
    untouched = {key: "" for key in inputs.definitions() if key not in required}

    runner.invoke(row.key, {**required, **untouched})

    body = server.requests[0].json if server.requests[0].body else {}
    segments = row.target.partition("?")[0].split("/")[1:]
    elsewhere = {key for key, value in required.items() if value in segments} | {"url", "method"}
    sent_under = {"ifInput": "if"}
    expected = {sent_under.get(key, key) for key in required.keys() - elsewhere}
    assert set(body.get("input", body)) == expected


def test_ids_stay_one_path_segment(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})

    runner.invoke("getSource", {"sourceId": "a/b?c#d e%2e/../ü"})

    assert server.requests[0].target == "/sources/a%2Fb%3Fc%23d%20e%252e%2F..%2F%C3%BC"


def test_unknown_field_and_new_enum_value_of_the_response_pass_through(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    body = {"data": {"source": {"id": "s", "status": "BRAND_NEW", "added": {"later": [None, 1.5]}}}, "more": True}
    server.answer(body)

    assert runner.invoke("getSource", {"sourceId": "s"}) == {"data": body}


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), "\ud800", object()], ids=["nan", "infinity", "surrogate", "object"]
)
def test_value_that_json_cannot_hold_is_rejected_before_a_request(
    value: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    with pytest.raises(errors.UsageError, match="not JSON-serializable"):
        runner.invoke("updateSource", {"sourceId": "s", "settings": {"a": value}})

    assert server.requests == []


def test_text_may_speak_of_nan(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})

    runner.invoke("updateSource", {"sourceId": "s", "name": "NaN and Infinity"})

    assert server.requests[0].json == {"name": "NaN and Infinity"}
