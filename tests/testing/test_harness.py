from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

import connector
from connector import Action, Component, Context, Display, Inputs, Paging, Payload, action, hookimpl
from connector.errors import (
    AuthenticationError,
    ConnectionInputError,
    MissingExtraError,
    NotFoundError,
    OutcomeUnknownError,
    PolicyError,
    RateLimitError,
    ServerError,
    UnansweredError,
    UnknownKeyError,
    UsageError,
)
from connector.testing import Harness, UnexpectedRequestError

SEGMENT = connector.load_component()
SOURCE = {"sourceId": "rh5BDZp6QDHvXFCkibm1pR"}


# replies


def test_a_reply_is_what_the_action_answers(harness: Harness) -> None:
    harness.reply({"data": {"source": {"id": "abc"}}})

    assert harness.invoke("getSource", SOURCE) == {"data": {"data": {"source": {"id": "abc"}}}}


def test_an_example_is_what_the_action_answers(harness: Harness) -> None:
    expected = harness.reply_with_example("getSource")

    assert expected == SEGMENT.actions["getSource"].example
    assert harness.invoke("getSource", SOURCE) == expected


def test_replies_are_used_in_their_order(harness: Harness) -> None:
    harness.reply({"n": 1})
    harness.reply({"n": 2})

    assert [harness.invoke("getSource", SOURCE)["data"]["n"] for _ in range(2)] == [1, 2]


def test_a_reply_waits_for_the_request_that_it_is_for(harness: Harness) -> None:
    harness.reply({"n": "users"}, path="/users")
    harness.reply({"n": "deleted"}, method="delete")
    harness.reply({"n": "source"}, method="GET", path="/sources/a%2Fb")

    assert harness.invoke("getSource", {"sourceId": "a/b"})["data"] == {"n": "source"}
    assert harness.invoke("deleteSource", SOURCE)["data"] == {"n": "deleted"}
    assert harness.invoke("listUsers")["data"] == {"n": "users"}


def test_a_reply_for_this_request_goes_before_one_for_any(harness: Harness) -> None:
    harness.reply({"n": "any"})
    harness.reply({"n": "method"}, method="GET")
    harness.reply({"n": "both"}, method="GET", path=f"/sources/{SOURCE['sourceId']}")

    assert [harness.invoke("getSource", SOURCE)["data"]["n"] for _ in range(3)] == ["both", "method", "any"]


def test_pages_can_be_kept_for_one_request(harness: Harness) -> None:
    harness.reply_with_pages("listSources", [{"id": "a"}], [{"id": "b"}], method="GET", path="/sources")
    harness.reply({"users": []})

    assert harness.invoke("listUsers") == {"data": {"users": []}}
    assert [source["id"] for source in harness.runner.items("listSources")] == ["a", "b"]


def test_a_repeated_reply_answers_again_and_again(harness: Harness) -> None:
    harness.reply_with_example("getSource", repeat=True)

    assert harness.invoke("getSource", SOURCE) == harness.invoke("getSource", SOURCE)
    assert len(harness.requests) == 2


def test_pages_are_walked(harness: Harness) -> None:
    harness.reply_with_pages("listSources", [{"id": "a"}, {"id": "b"}], [], [{"id": "c"}])

    assert [source["id"] for source in harness.runner.items("listSources")] == ["a", "b", "c"]
    assert [request.query.get("pagination[cursor]") for request in harness.requests] == [None, "page-2", "page-3"]


def test_a_data_source_asks_for_all_pages(harness: Harness) -> None:
    harness.reply_with_pages("listSources", [{"id": "1", "slug": "web"}], [{"id": "2", "slug": "app"}])

    assert harness.options("sources") == {
        "result": [{"label": "app", "key": "2"}, {"label": "web", "key": "1"}],
    }


def test_the_body_of_an_error_is_read(harness: Harness) -> None:
    harness.reply({"errors": [{"type": "not-found", "message": "no such source"}]}, status=404)

    with pytest.raises(NotFoundError, match="no such source"):
        harness.invoke("getSource", SOURCE)


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (429, RateLimitError), (503, ServerError)])
def test_a_status_alone_is_an_error(harness: Harness, status: int, error: type[Exception]) -> None:
    harness.reply(status=status)

    with pytest.raises(error):
        harness.invoke("getSource", SOURCE)


def test_text_and_bytes_go_out_as_they_are(harness: Harness) -> None:
    harness.reply("plain text")
    harness.reply(b"\x00\xff", headers={"Content-Type": "image/png"})
    raw = {"method": "GET", "url": "/logo"}

    assert harness.invoke("rawRequest", {**raw, "responseType": "text"}) == {"data": "plain text"}
    assert harness.invoke("rawRequest", {**raw, "responseType": "arraybuffer"}) == {
        "data": {"data": "AP8=", "contentType": "image/png"}
    }


def test_no_answer_to_a_read_can_be_repeated(harness: Harness) -> None:
    harness.no_answer()

    with pytest.raises(UnansweredError):
        harness.invoke("getSource", SOURCE)


def test_no_answer_to_a_write_has_an_unknown_outcome(harness: Harness) -> None:
    harness.no_answer(method="DELETE")

    with pytest.raises(OutcomeUnknownError):
        harness.invoke("deleteSource", SOURCE)


# time


def test_a_rate_limit_raises_at_once_and_leaves_the_next_call_alone(harness: Harness) -> None:
    harness.reply(status=429, headers={"Retry-After": "60"})
    harness.reply_with_example("getSource")

    with pytest.raises(RateLimitError) as caught:
        harness.invoke("getSource", SOURCE)

    assert caught.value.retry_after == 60
    assert harness.invoke("getSource", SOURCE)


def test_a_wait_that_is_allowed_takes_no_time() -> None:
    began = time.monotonic()
    with Harness(SEGMENT, max_wait=90) as harness:
        harness.reply(status=429, headers={"Retry-After": "60"})
        harness.reply_with_example("getSource")
        harness.invoke("getSource", SOURCE)

    assert [str(request) for request in harness.requests] == [f"GET /sources/{SOURCE['sourceId']}"] * 2
    assert time.monotonic() - began < 30


# requests


def test_a_request_can_be_looked_at(harness: Harness) -> None:
    harness.reply_with_example("updateSource")
    harness.invoke("updateSource", {**SOURCE, "name": "Web", "enabled": "false"})

    request = harness.last_request
    assert (request.method, request.host) == ("PATCH", "api.segmentapis.com")
    assert request.path == f"/sources/{SOURCE['sourceId']}"
    assert request.json == {"name": "Web", "enabled": False}
    assert request.headers["content-type"] == request.headers["Content-Type"]


def test_a_request_without_a_body_has_no_json(harness: Harness) -> None:
    harness.reply_with_example("getSource")
    harness.invoke("getSource", SOURCE)

    assert (harness.last_request.body, harness.last_request.json) == (b"", None)


def test_a_query_is_decoded_and_repeated_parameters_are_a_list(harness: Harness) -> None:
    harness.reply({})
    harness.invoke("rawRequest", {"method": "GET", "url": "/a?x=1&x=2&x=3&y=%26&z="})

    assert harness.last_request.query == {"x": ["1", "2", "3"], "y": "&", "z": ""}


def test_no_request_shows_the_token() -> None:
    with Harness(SEGMENT, fields={"apiKey": "very-secret"}) as harness:
        harness.reply_with_example("getSource")
        harness.invoke("getSource", SOURCE)

    request = harness.last_request
    assert "authorization" not in {name.lower() for name in request.headers}
    assert "very-secret" not in f"{request!r} {request.headers} {request.path}"


def test_the_last_request_of_none_says_so(harness: Harness) -> None:
    with pytest.raises(AssertionError, match="no request was made"):
        _ = harness.last_request


def test_requests_of_all_threads_are_kept(harness: Harness) -> None:
    harness.reply_with_example("getSource", repeat=True)
    with ThreadPoolExecutor(8) as pool:
        payloads = list(pool.map(lambda _: harness.invoke("getSource", SOURCE), range(40)))

    assert len(harness.requests) == len(payloads) == 40


def test_replies_are_each_used_once_by_threads_together(harness: Harness) -> None:
    for number in range(40):
        harness.reply({"n": number})
    with ThreadPoolExecutor(8) as pool:
        payloads = list(pool.map(lambda _: harness.invoke("getSource", SOURCE), range(40)))

    assert sorted(payload["data"]["n"] for payload in payloads) == list(range(40))


# what does not match


def ask_for_nothing_prepared() -> None:
    with Harness(SEGMENT) as harness:
        harness.invoke("listUsers")


def ask_for_something_else() -> None:
    with Harness(SEGMENT) as harness:
        harness.reply({}, method="POST", path="/sources")
        harness.no_answer(repeat=True, method="DELETE")
        harness.invoke("listUsers")


def ask_twice() -> None:
    with Harness(SEGMENT) as harness:
        harness.reply_with_example("getSource")
        harness.invoke("getSource", SOURCE)
        harness.invoke("getSource", SOURCE)


def ask_and_swallow_the_error() -> None:
    with Harness(SEGMENT) as harness, contextlib.suppress(Exception):
        harness.invoke("listUsers")


def ask_for_one_of_two() -> None:
    with Harness(SEGMENT) as harness:
        harness.reply_with_example("getSource")
        harness.reply_with_example("listUsers", path="/users")
        harness.invoke("getSource", SOURCE)


def fail_with_a_reply_left() -> None:
    with Harness(SEGMENT) as harness:
        harness.reply_with_example("getSource")
        raise ZeroDivisionError


def test_a_request_without_a_reply_names_itself_and_the_replies() -> None:
    with pytest.raises(UnexpectedRequestError) as caught:
        ask_for_something_else()

    told = str(caught.value)
    assert told.startswith("no reply was prepared for GET /users.")
    assert "POST any" not in told
    assert "POST /sources -> 200" in told
    assert "DELETE any path -> no answer" in told
    assert 'harness.reply({...}, method="GET", path="/users")' in told


def test_a_spent_reply_is_marked() -> None:
    with pytest.raises(UnexpectedRequestError, match=r"any method any path -> 200 \(used\)"):
        ask_twice()


def test_without_any_reply_the_error_says_that() -> None:
    with pytest.raises(UnexpectedRequestError, match="No reply was prepared"):
        ask_for_nothing_prepared()


def test_a_request_without_a_reply_fails_even_if_its_error_was_caught() -> None:
    with pytest.raises(UnexpectedRequestError):
        ask_and_swallow_the_error()


def test_a_reply_that_was_never_asked_for_fails() -> None:
    with pytest.raises(AssertionError) as caught:
        ask_for_one_of_two()

    assert str(caught.value) == (
        "prepared, but never asked for:\n  - any method /users -> 200\n"
        f"The requests were: GET /sources/{SOURCE['sourceId']}."
    )


def test_an_error_of_the_test_itself_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        fail_with_a_reply_left()


def test_unused_replies_can_be_found_before_the_end() -> None:
    with Harness(SEGMENT) as harness:
        harness.reply_with_example("getSource")
        with pytest.raises(AssertionError, match="The requests were: none"):
            harness.assert_all_used()
        harness.invoke("getSource", SOURCE)
        harness.assert_all_used()


@pytest.mark.parametrize("path", ["sources", "/sources?count=1", "https://api.segmentapis.com/sources"])
def test_a_reply_for_an_impossible_path_is_refused(harness: Harness, path: str) -> None:
    with pytest.raises(UsageError, match="cannot be for the path"):
        harness.reply({}, path=path)


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda h: h.reply_with_example("getSorce"), "Did you mean getSource"),
        (lambda h: h.reply_with_example("rawRequest"), "has no example payload"),
        (lambda h: h.reply_with_pages("getSource", []), "does not list"),
        (lambda h: h.example_inputs("getSorce"), "Did you mean getSource"),
    ],
    ids=["unknown key", "no example", "no list", "unknown inputs"],
)
def test_what_cannot_be_prepared_is_refused(harness: Harness, prepare: object, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        prepare(harness)  # type: ignore[operator]


class Echo:
    """A plugin whose action lists, and whose example has no list."""

    @hookimpl
    def register_actions(self, component_key: str, register: Callable[[Action[Any]], None]) -> None:
        @action(
            "echo",
            display=Display(label="Echo"),
            paging=Paging(records="$.data.things", cursor="$.data.next"),
            example={"data": {"found": None}},
        )
        def echo(context: Context, inputs: Inputs) -> Payload:
            return context.api.get(component_key)

        register(echo)


@pytest.fixture
def echoing() -> Component:
    component = connector.load_component()
    component.add_plugin(Echo())
    return component


def test_pages_of_an_example_without_a_list_are_refused(echoing: Component) -> None:
    with Harness(echoing) as harness, pytest.raises(UsageError, match="has no records in its example payload"):
        harness.reply_with_pages("echo", [1])


def test_an_action_of_a_plugin_is_answered_and_its_example_stays_its_own(echoing: Component) -> None:
    with Harness(echoing) as harness:
        harness.reply_with_example("echo")["data"]["found"] = "changed"
        harness.reply_with_example("echo", method="GET", path="/segment")

        assert harness.invoke("echo") == {"data": {"found": None}}
        harness.invoke("echo")


# connection and policy


def test_example_inputs_are_enough_to_perform(harness: Harness) -> None:
    inputs = harness.example_inputs("createSource")
    harness.reply_with_example("createSource")
    harness.invoke("createSource", inputs)

    assert inputs.keys() == {"slug", "enabled", "metadataId"}
    assert harness.last_request.json == inputs


def test_fields_of_the_connection_can_be_given() -> None:
    with Harness(SEGMENT, connection="apiKey", fields={"region": "eu1.api"}) as harness:
        harness.reply_with_example("getSource")
        harness.invoke("getSource", SOURCE)

    assert harness.last_request.host == "eu1.api.segmentapis.com"


def test_bad_fields_are_refused_at_once() -> None:
    with pytest.raises(ConnectionInputError, match="Region"):
        Harness(SEGMENT, fields={"region": "moon"})


def test_an_unknown_connection_is_refused_at_once() -> None:
    with pytest.raises(UnknownKeyError, match="apiKey"):
        Harness(SEGMENT, connection="apikey")


def test_a_policy_is_kept() -> None:
    with Harness(SEGMENT, read_only=True, block=["getUser"]) as harness:
        for key in ("deleteSource", "getUser"):
            with pytest.raises(PolicyError):
                harness.invoke(key, harness.example_inputs(key))

    assert harness.requests == []


def test_only_allowed_actions_run() -> None:
    with Harness(SEGMENT, allow=["getSource"]) as harness, pytest.raises(PolicyError):
        harness.invoke("listUsers")


# the patch


def test_nothing_runs_outside_the_block() -> None:
    harness = Harness(SEGMENT)
    with pytest.raises(UsageError, match="with Harness"):
        harness.invoke("getSource", SOURCE)
    with harness:
        pass
    with pytest.raises(UsageError, match="with Harness"):
        _ = harness.runner


def test_the_whole_process_is_patched_inside_the_block_and_not_after() -> None:
    before = HTTPAdapter.send
    with Harness(SEGMENT) as harness:
        harness.reply({"theirs": True}, path="/anything")
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(requests.get("https://example.com/anything", timeout=5)))
        thread.start()
        thread.join()

        assert found[0].json() == {"theirs": True}  # type: ignore[attr-defined]
        assert HTTPAdapter.send is not before
    assert HTTPAdapter.send is before


def test_a_runner_of_the_program_under_test_is_answered_too(harness: Harness) -> None:
    expected = harness.reply_with_example("getSource")

    with connector.Runner(SEGMENT, {"fields": {"apiKey": "its-own"}}) as runner:
        assert runner.invoke("getSource", SOURCE) == expected


def test_the_patch_is_undone_after_an_error() -> None:
    before = HTTPAdapter.send
    with pytest.raises(UnexpectedRequestError):
        ask_for_nothing_prepared()

    assert HTTPAdapter.send is before


def test_a_harness_cannot_be_opened_twice_at_once(harness: Harness) -> None:
    with pytest.raises(UsageError, match="open already"), harness:
        pass


def test_a_harness_inside_another_takes_the_requests_until_it_ends(harness: Harness) -> None:
    outer = harness.reply_with_example("getSource")
    with Harness(SEGMENT) as inside:
        inside.reply({"inner": True})
        assert inside.invoke("getSource", SOURCE) == {"data": {"inner": True}}

    assert harness.invoke("getSource", SOURCE) == outer


def test_without_responses_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "responses", None)
    monkeypatch.delitem(sys.modules, "connector.testing.patching", raising=False)

    with pytest.raises(MissingExtraError) as caught, Harness(SEGMENT):
        pass

    assert str(caught.value) == (
        "the harness needs the library responses.\nInstall it: pip install 'segment-connector[testing]'"
    )
