from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

import connector
from connector import Action, Component, Context, Display, Inputs, Pagination, Payload, action, hookimpl
from connector.errors import (
    UsageError,
)
from connector.testing import Harness, UnexpectedRequestError

SEGMENT = connector.load_component()
SOURCE = {"sourceId": "rh5BDZp6QDHvXFCkibm1pR"}


def request_without_stubs() -> None:
    with Harness(SEGMENT) as harness:
        harness.invoke("listUsers")


def request_without_a_matching_stub() -> None:
    with Harness(SEGMENT) as harness:
        harness.respond({}, method="POST", path="/sources")
        harness.respond_with_timeout(repeat=True, method="DELETE")
        harness.invoke("listUsers")


def request_twice() -> None:
    with Harness(SEGMENT) as harness:
        harness.respond_with_example("getSource")
        harness.invoke("getSource", SOURCE)
        harness.invoke("getSource", SOURCE)


def request_and_swallow_the_error() -> None:
    with Harness(SEGMENT) as harness, contextlib.suppress(Exception):
        harness.invoke("listUsers")


def request_one_of_two() -> None:
    with Harness(SEGMENT) as harness:
        harness.respond_with_example("getSource")
        harness.respond_with_example("listUsers", path="/users")
        harness.invoke("getSource", SOURCE)


def fail_with_an_unused_stub() -> None:
    with Harness(SEGMENT) as harness:
        harness.respond_with_example("getSource")
        raise ZeroDivisionError


def test_unmatched_request_is_named_with_the_stubs() -> None:
    with pytest.raises(UnexpectedRequestError) as caught:
        request_without_a_matching_stub()

    message = str(caught.value)
    assert message.startswith("no stub matches GET /users\nstubs:")
    assert "POST any" not in message
    assert "POST /sources -> 200" in message
    assert "DELETE any path -> timeout" in message
    assert 'harness.respond({...}, method="GET", path="/users")' in message


def test_used_stub_is_marked() -> None:
    with pytest.raises(UnexpectedRequestError, match=r"any method any path -> 200 \(used\)"):
        request_twice()


def test_unmatched_request_without_stubs_says_so() -> None:
    with pytest.raises(UnexpectedRequestError, match="stubs: none"):
        request_without_stubs()


def test_unmatched_request_fails_even_if_its_error_was_caught() -> None:
    with pytest.raises(UnexpectedRequestError):
        request_and_swallow_the_error()


def test_unused_stub_fails() -> None:
    with pytest.raises(AssertionError) as caught:
        request_one_of_two()

    assert str(caught.value) == (
        f"unused stubs:\n  - any method /users -> 200\nrequests: GET /sources/{SOURCE['sourceId']}"
    )


def test_error_of_the_test_itself_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        fail_with_an_unused_stub()


def test_unused_stubs_can_be_listed_before_the_end() -> None:
    with Harness(SEGMENT) as harness:
        harness.respond_with_example("getSource")
        with pytest.raises(AssertionError, match="requests: none"):
            harness.assert_all_called()
        harness.invoke("getSource", SOURCE)
        harness.assert_all_called()


@pytest.mark.parametrize("path", ["sources", "/sources?count=1", "https://api.segmentapis.com/sources"])
def test_stub_with_an_impossible_path_is_rejected(harness: Harness, path: str) -> None:
    with pytest.raises(UsageError, match="invalid path"):
        harness.respond({}, path=path)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda h: h.respond_with_example("getSorce"), "Did you mean getSource"),
        (lambda h: h.respond_with_example("rawRequest"), "has no example payload"),
        (lambda h: h.respond_with_pages("getSource", []), "is not a list action"),
        (lambda h: h.example_inputs("getSorce"), "Did you mean getSource"),
    ],
    ids=["unknown key", "no example", "no list", "unknown inputs"],
)
def test_invalid_stub_is_rejected(harness: Harness, prepare: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        prepare(harness)  # type: ignore[operator]


class Echo:
    """A plugin whose action lists, and whose example has no list."""

    @hookimpl
    def register_actions(self, component_key: str, register: Callable[[Action[Any]], None]) -> None:
        @action(
            "echo",
            display=Display(label="Echo"),
            pagination=Pagination(records="$.data.things", cursor="$.data.next"),
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


def test_pages_of_an_example_without_a_list_are_rejected(echoing: Component) -> None:
    with (
        Harness(echoing) as harness,
        pytest.raises(UsageError, match=r"the example payload has no records at \$\.data\.things"),
    ):
        harness.respond_with_pages("echo", [1])


def test_plugin_action_is_stubbed_and_keeps_its_own_example(echoing: Component) -> None:
    with Harness(echoing) as harness:
        harness.respond_with_example("echo")["data"]["found"] = "changed"
        harness.respond_with_example("echo", method="GET", path="/segment")

        assert harness.invoke("echo") == {"data": {"found": None}}
        harness.invoke("echo")
