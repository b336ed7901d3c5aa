from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import connector
from connector.errors import (
    ConnectionInputError,
    PolicyError,
    UnknownKeyError,
)
from connector.testing import Harness

SEGMENT = connector.load_component()
SOURCE = {"sourceId": "rh5BDZp6QDHvXFCkibm1pR"}


def test_request_can_be_looked_at(harness: Harness) -> None:
    harness.respond_with_example("updateSource")
    harness.invoke("updateSource", {**SOURCE, "name": "Web", "enabled": "false"})

    request = harness.last_request
    assert (request.method, request.host) == ("PATCH", "api.segmentapis.com")
    assert request.path == f"/sources/{SOURCE['sourceId']}"
    assert request.json == {"name": "Web", "enabled": False}
    assert request.headers["content-type"] == request.headers["Content-Type"]


def test_request_without_a_body_has_no_json(harness: Harness) -> None:
    harness.respond_with_example("getSource")
    harness.invoke("getSource", SOURCE)

    assert (harness.last_request.body, harness.last_request.json) == (b"", None)


def test_query_is_decoded_and_repeated_parameters_are_a_list(harness: Harness) -> None:
    harness.respond({})
    harness.invoke("rawRequest", {"method": "GET", "url": "/a?x=1&x=2&x=3&y=%26&z="})

    assert harness.last_request.query == {"x": ["1", "2", "3"], "y": "&", "z": ""}


def test_no_request_shows_the_token() -> None:
    with Harness(SEGMENT, fields={"apiKey": "very-secret"}) as harness:
        harness.respond_with_example("getSource")
        harness.invoke("getSource", SOURCE)

    request = harness.last_request
    assert "authorization" not in {name.lower() for name in request.headers}
    assert "very-secret" not in f"{request!r} {request.headers} {request.path}"


def test_last_request_of_none_says_so(harness: Harness) -> None:
    with pytest.raises(AssertionError, match="no request was sent"):
        _ = harness.last_request


def test_requests_of_all_threads_are_recorded(harness: Harness) -> None:
    harness.respond_with_example("getSource", repeat=True)
    with ThreadPoolExecutor(8) as pool:
        payloads = list(pool.map(lambda _: harness.invoke("getSource", SOURCE), range(40)))

    assert len(harness.requests) == len(payloads) == 40


def test_stubs_are_each_used_once_across_threads(harness: Harness) -> None:
    for number in range(40):
        harness.respond({"n": number})
    with ThreadPoolExecutor(8) as pool:
        payloads = list(pool.map(lambda _: harness.invoke("getSource", SOURCE), range(40)))

    assert sorted(payload["data"]["n"] for payload in payloads) == list(range(40))


def test_example_inputs_are_enough_to_perform(harness: Harness) -> None:
    inputs = harness.example_inputs("createSource")
    harness.respond_with_example("createSource")
    harness.invoke("createSource", inputs)

    assert inputs.keys() == {"slug", "enabled", "metadataId"}
    assert harness.last_request.json == inputs


def test_fields_of_the_connection_can_be_passed() -> None:
    with Harness(SEGMENT, connection="apiKey", fields={"region": "eu1.api"}) as harness:
        harness.respond_with_example("getSource")
        harness.invoke("getSource", SOURCE)

    assert harness.last_request.host == "eu1.api.segmentapis.com"


def test_invalid_fields_are_rejected_at_once() -> None:
    with pytest.raises(ConnectionInputError, match="Region"):
        Harness(SEGMENT, fields={"region": "moon"})


def test_unknown_connection_is_rejected_at_once() -> None:
    with pytest.raises(UnknownKeyError, match="apiKey"):
        Harness(SEGMENT, connection="apikey")


def test_policy_of_the_runner_applies() -> None:
    with Harness(SEGMENT, read_only=True, block=["getUser"]) as harness:
        for key in ("deleteSource", "getUser"):
            with pytest.raises(PolicyError):
                harness.invoke(key, harness.example_inputs(key))

    assert harness.requests == []


def test_only_allowed_actions_run() -> None:
    with Harness(SEGMENT, allow=["getSource"]) as harness, pytest.raises(PolicyError):
        harness.invoke("listUsers")
