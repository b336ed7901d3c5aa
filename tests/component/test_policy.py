"""The policy of a runner holds on every way to a request, and nothing lifts it later."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import connector
from connector import errors
from connector.component.policy import Policy
from tests.support.server import LoopbackServer, ServerResponse

PAGE = {"data": {"sources": [{"id": "a", "name": "A"}], "pagination": {"current": "x"}}}
WAYS: dict[str, Callable[[connector.Runner], Any]] = {
    "invoke": lambda runner: runner.invoke("listSources"),
    "records": lambda runner: list(runner.records("listSources")),
    "pages": lambda runner: list(runner.pages("listSources")),
    "choices": lambda runner: runner.choices("sources"),
}


def make(segment: connector.Component, server: LoopbackServer, **settings: Any) -> connector.Runner:
    """Return a runner with a policy."""
    server.answer(ServerResponse(PAGE))
    return connector.Runner(segment, {"fields": {"apiKey": "t", "baseUrl": server.url}}, max_wait=0, **settings)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "settings", [{"block": ["listSources"]}, {"allow": ["getSource"]}], ids=["blocked", "not allowed"]
)
def test_policy_holds_on_every_way(
    segment: connector.Component, server: LoopbackServer, way: Callable[[connector.Runner], Any], settings: Any
) -> None:
    with pytest.raises(errors.PolicyError), make(segment, server, **settings) as runner:
        way(runner)

    assert server.requests == []


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_hook_sees_every_way(server: LoopbackServer, way: Callable[[connector.Runner], Any]) -> None:
    keys: list[str] = []

    class Watching:
        @connector.hookimpl(wrapper=True)
        def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
            keys.append(action.key)
            return (yield)

    component = connector.load_component()
    component.add_plugin(Watching(), "watching")
    with make(component, server) as runner:
        way(runner)

    assert keys[-1] == "listSources"


def test_list_that_changes_later_lifts_nothing(segment: connector.Component, server: LoopbackServer) -> None:
    blocked, allowed = ["deleteSource"], ["getSource"]
    runner = make(segment, server, block=blocked, allow=allowed)
    blocked.clear()
    allowed.append("listSources")

    with pytest.raises(errors.PolicyError), runner:
        runner.invoke("listSources")


def test_iterator_is_not_used_up() -> None:
    policy = Policy(iter(["getSource"]), iter(["deleteSource"]))

    assert "getSource" in (policy.allowed or ())
    assert "getSource" in (policy.allowed or ())
    assert list(policy.blocked) == list(policy.blocked) == ["deleteSource"]


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"])
def test_method_override_is_rejected_under_read_only(
    segment: connector.Component, server: LoopbackServer, name: str
) -> None:
    with pytest.raises(errors.PolicyError, match=name), make(segment, server, read_only=True) as runner:
        runner.invoke("rawRequest", {"method": "GET", "url": "/sources", "headers": {name: "DELETE"}})

    assert server.requests == []


def test_connection_test_under_read_only_only_reads(segment: connector.Component, server: LoopbackServer) -> None:
    with make(segment, server, read_only=True) as runner:
        server.answer(ServerResponse({"data": {"workspace": {"id": "w", "slug": "w"}}}))
        runner.test_connection()

    assert [request.method for request in server.requests] == ["GET"]


def test_null_list_has_no_records(segment: connector.Component, server: LoopbackServer) -> None:
    with make(segment, server) as runner:
        server.answer(ServerResponse({"data": {"sources": None, "pagination": {"current": "x"}}}))

        assert list(runner.records("listSources")) == []


def test_list_of_empty_pages_ends_with_an_error(segment: connector.Component, server: LoopbackServer) -> None:
    def empty(_request: object) -> ServerResponse:
        following = str(len(server.requests))
        return ServerResponse({"data": {"sources": [], "pagination": {"current": "x", "next": following}}})

    with make(segment, server) as runner:
        server.script = empty
        with pytest.raises(errors.PaginationError, match="100 empty pages in a row"):
            list(runner.records("listSources"))

    assert len(server.requests) == 100


KEYS = ("listSources", "createSource", "rawRequest", "listTrackingPlans")
PERMITTED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "everything": ({}, set(KEYS)),
    "a block blocks what could do the same": ({"blocked": ["createSource"]}, {"listSources", "listTrackingPlans"}),
    "an allowed key alone": ({"allowed": ["createSource"]}, {"createSource"}),
    "an allowed raw request in spite of a block": (
        {"allowed": ["rawRequest"], "blocked": ["createSource"]},
        {"rawRequest"},
    ),
    "an allowed key that is blocked": ({"allowed": ["listSources"], "blocked": ["listSources"]}, set()),
    "reads": ({"read_only": True}, {"listSources", "rawRequest", "listTrackingPlans"}),
    "the documented actions": ({"toolset": "documented"}, {"listSources", "createSource", "rawRequest"}),
    "a tag": ({"toolset": "tracking-plans"}, {"listTrackingPlans"}),
    "several tags": (
        {"toolset": ["tracking-plans", "sources"]},
        {"listTrackingPlans", "listSources", "createSource"},
    ),
    "a tag and a block": ({"toolset": "sources", "blocked": ["createSource"]}, {"listSources"}),
    "a tag and an allowed key of another": (
        {"toolset": "sources", "allowed": ["listSources", "listTrackingPlans"]},
        {"listSources", "listTrackingPlans"},
    ),
}


@pytest.mark.parametrize(("settings", "permitted"), PERMITTED.values(), ids=PERMITTED)
def test_policy_offers_what_it_lets_run(
    settings: dict[str, Any], permitted: set[str], segment: connector.Component
) -> None:
    policy = Policy(**settings)
    runnable = set()
    for key in KEYS:
        action = segment.action(key)
        inputs = {"method": "GET", "url": "/x"} if key == "rawRequest" else {}
        with suppress(errors.PolicyError):
            policy.check(action, action.inputs.model_construct(**inputs))
            runnable.add(key)

    assert runnable == permitted
    assert {key for key in KEYS if policy.permits(segment.action(key))} == permitted


def test_rejection_says_which_rule_it_breaks(segment: connector.Component) -> None:
    def message(policy: Policy, key: str) -> str:
        action = segment.action(key)
        with pytest.raises(errors.PolicyError) as caught:
            policy.check(action, action.inputs.model_construct())
        return str(caught.value)

    assert "createSource: is a write" in message(Policy(read_only=True), "createSource")
    assert "deleteSource: is destructive" in message(Policy(read_only=True), "deleteSource")
    assert "is not in the toolset sources, labels" in message(Policy(toolset=["sources", "labels"]), "listUsers")
    assert "is not in the toolset sources\n" in message(Policy(toolset="sources"), "listUsers")


def test_narrowed_policy_permits_what_both_permit() -> None:
    first = Policy(allowed=["a", "b"], blocked=["x"], toolset="sources")
    second = Policy(allowed=["b", "c"], blocked=["y"], read_only=True)

    for narrowed in (first.narrowed(second), second.narrowed(first)):
        assert narrowed == Policy(allowed=["b"], blocked=["x", "y"], read_only=True, toolset="sources")
    assert first.narrowed(Policy()) == first == Policy().narrowed(first)
    assert Policy().narrowed(Policy()) == Policy()
    with pytest.raises(ValueError, match="both policies choose a toolset"):
        first.narrowed(Policy(toolset="documented"))
