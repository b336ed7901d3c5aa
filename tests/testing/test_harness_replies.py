from __future__ import annotations

import time

import pytest

import connector
from connector.errors import (
    AuthenticationError,
    NoResponseError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
)
from connector.testing import Harness

SEGMENT = connector.load_component()
SOURCE = {"sourceId": "rh5BDZp6QDHvXFCkibm1pR"}


def test_stub_is_what_the_action_returns(harness: Harness) -> None:
    harness.respond({"data": {"source": {"id": "abc"}}})

    assert harness.invoke("getSource", SOURCE) == {"data": {"data": {"source": {"id": "abc"}}}}


def test_example_is_what_the_action_returns(harness: Harness) -> None:
    expected = harness.respond_with_example("getSource")

    assert expected == SEGMENT.actions["getSource"].example
    assert harness.invoke("getSource", SOURCE) == expected


def test_stubs_are_used_in_order(harness: Harness) -> None:
    harness.respond({"n": 1})
    harness.respond({"n": 2})

    assert [harness.invoke("getSource", SOURCE)["data"]["n"] for _ in range(2)] == [1, 2]


def test_stub_waits_for_its_request(harness: Harness) -> None:
    harness.respond({"n": "users"}, path="/users")
    harness.respond({"n": "deleted"}, method="delete")
    harness.respond({"n": "source"}, method="GET", path="/sources/a%2Fb")

    assert harness.invoke("getSource", {"sourceId": "a/b"})["data"] == {"n": "source"}
    assert harness.invoke("deleteSource", SOURCE)["data"] == {"n": "deleted"}
    assert harness.invoke("listUsers")["data"] == {"n": "users"}


def test_stub_for_a_path_is_used_before_one_for_any_path(harness: Harness) -> None:
    harness.respond({"n": "any"})
    harness.respond({"n": "method"}, method="GET")
    harness.respond({"n": "both"}, method="GET", path=f"/sources/{SOURCE['sourceId']}")

    assert [harness.invoke("getSource", SOURCE)["data"]["n"] for _ in range(3)] == ["both", "method", "any"]


def test_pages_can_be_stubbed_for_one_request(harness: Harness) -> None:
    harness.respond_with_pages("listSources", [{"id": "a"}], [{"id": "b"}], method="GET", path="/sources")
    harness.respond({"users": []})

    assert harness.invoke("listUsers") == {"data": {"users": []}}
    assert [source["id"] for source in harness.runner.records("listSources")] == ["a", "b"]


def test_repeated_stub_responds_every_time(harness: Harness) -> None:
    harness.respond_with_example("getSource", repeat=True)

    assert harness.invoke("getSource", SOURCE) == harness.invoke("getSource", SOURCE)
    assert len(harness.requests) == 2


def test_pages_are_iterated(harness: Harness) -> None:
    harness.respond_with_pages("listSources", [{"id": "a"}, {"id": "b"}], [], [{"id": "c"}])

    assert [source["id"] for source in harness.runner.records("listSources")] == ["a", "b", "c"]
    assert [request.query.get("pagination[cursor]") for request in harness.requests] == [None, "page-2", "page-3"]


def test_data_source_asks_for_all_pages(harness: Harness) -> None:
    harness.respond_with_pages("listSources", [{"id": "1", "slug": "web"}], [{"id": "2", "slug": "app"}])

    assert harness.choices("sources") == {
        "result": [{"label": "app", "key": "2"}, {"label": "web", "key": "1"}],
    }


def test_body_of_an_error_is_read(harness: Harness) -> None:
    harness.respond({"errors": [{"type": "not-found", "message": "no such source"}]}, status=404)

    with pytest.raises(NotFoundError, match="no such source"):
        harness.invoke("getSource", SOURCE)


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (429, RateLimitError), (503, ServerError)])
def test_status_alone_is_an_error(harness: Harness, status: int, error: type[Exception]) -> None:
    harness.respond(status=status)

    with pytest.raises(error):
        harness.invoke("getSource", SOURCE)


def test_text_and_bytes_go_out_as_they_are(harness: Harness) -> None:
    harness.respond("plain text")
    harness.respond(b"\x00\xff", headers={"Content-Type": "image/png"})
    raw = {"method": "GET", "url": "/logo"}

    assert harness.invoke("rawRequest", {**raw, "responseType": "text"}) == {"data": "plain text"}
    assert harness.invoke("rawRequest", {**raw, "responseType": "arraybuffer"}) == {
        "data": {"data": "AP8=", "contentType": "image/png"}
    }


def test_read_without_a_response_is_repeatable(harness: Harness) -> None:
    harness.respond_with_timeout()

    with pytest.raises(NoResponseError):
        harness.invoke("getSource", SOURCE)


def test_write_without_a_response_has_an_unknown_outcome(harness: Harness) -> None:
    harness.respond_with_timeout(method="POST")

    with pytest.raises(OutcomeUnknownError):
        harness.invoke("createSource", {"slug": "s", "enabled": True, "metadataId": "m"})


def test_idempotent_write_without_a_response_is_repeatable(harness: Harness) -> None:
    harness.respond_with_timeout(method="DELETE")

    with pytest.raises(NoResponseError, match="the write may have been applied") as caught:
        harness.invoke("deleteSource", SOURCE)
    assert caught.value.repeatable


def test_rate_limit_raises_at_once_and_leaves_the_next_call_alone(harness: Harness) -> None:
    harness.respond(status=429, headers={"Retry-After": "60"})
    harness.respond_with_example("getSource")

    with pytest.raises(RateLimitError) as caught:
        harness.invoke("getSource", SOURCE)

    assert caught.value.retry_after == 60
    assert harness.invoke("getSource", SOURCE)


def test_wait_that_is_allowed_takes_no_time() -> None:
    began = time.monotonic()
    with Harness(SEGMENT, max_wait=90) as harness:
        harness.respond(status=429, headers={"Retry-After": "60"})
        harness.respond_with_example("getSource")
        harness.invoke("getSource", SOURCE)

    assert [str(request) for request in harness.requests] == [f"GET /sources/{SOURCE['sourceId']}"] * 2
    assert time.monotonic() - began < 30
