"""A BPMN diagram of service tasks on SpiffWorkflow's real classes, sent to `connector serve`.

Each test runs twice: with a short stand-in of SpiffArena's backend, and with the backend's own code.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

import connector
from connector.engines.http_app import HttpApp
from connector.engines.service import Caller, ServedConnection, Service
from connector.engines.spiffarena import SpiffArena
from connector.sandbox_kit import asgi_server
from tests.engines.conftest import TENANT, Backend, Server, eventually
from tests.support.server import LoopbackServer, ServerResponse

pytest.importorskip("SpiffWorkflow", reason="SpiffWorkflow is not installed")

from SpiffWorkflow.util.task import TaskState

from tests.engines.arena import ArenaEngine, ShortEngine, start

CALLBACKS = "https://arena.example/api/v1.0"
ENGINES = pytest.mark.parametrize("kind", ["short", "arena"])


def engine_of(kind: str, url: str, monkeypatch: pytest.MonkeyPatch, callbacks: str = CALLBACKS) -> Any:
    """Return one of the two engines, or skip the test."""
    if kind == "arena":
        return ArenaEngine(url, TENANT, callbacks, monkeypatch)
    return ShortEngine(url, TENANT, callbacks)


def completed(workflow: Any) -> set[str]:
    """Return the IDs of the elements that were completed."""
    return {task.task_spec.bpmn_id for task in workflow.get_tasks(state=TaskState.COMPLETED)}


@ENGINES
def test_workflow_creates_reads_and_lists(kind: str, served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = start(engine_of(kind, served.url, monkeypatch), "checkout")

    assert workflow.is_completed()
    assert workflow.data["read"]["body"]["data"]["data"]["source"]["slug"] == "checkout"
    listed = [source["slug"] for source in workflow.data["listed"]["body"]["data"]["data"]["sources"]]
    assert listed == [source["slug"] for source in served.workspace.sources]
    assert "checkout" in listed


@ENGINES
def test_boundary_event_catches_the_class_of_the_error(
    kind: str, served: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = start(engine_of(kind, served.url, monkeypatch), "checkout", wanted="no-such-source")

    assert "gone" in completed(workflow)
    assert not completed(workflow) & {"list", "end"}


def test_modeler_of_the_backend_lists_the_actions(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    connectors = engine_of("arena", served.url, monkeypatch).connectors()

    assert "segment/createSource" in [each["id"] for each in connectors]


class Api:
    """An API whose first write gets one response, and whose other requests get what the workflow needs."""

    def __init__(self, server: LoopbackServer, first: ServerResponse) -> None:
        self._first = first
        self.server = server
        server.script = self.respond

    def respond(self, request: Any) -> ServerResponse:
        """Return the response to a request."""
        if request.method == "POST":
            return self._first if self.writes == 1 else ServerResponse({"data": {"source": {"id": "a"}}}, 201)
        body = {"source": {"id": "a"}, "sources": [{"id": "a"}], "pagination": {"current": "MA=="}}
        return ServerResponse({"data": body})

    @property
    def writes(self) -> int:
        """Number of writes that arrived."""
        return sum(request.method == "POST" for request in self.server.requests)


@pytest.fixture
def impatient(segment: connector.Component, server: LoopbackServer) -> Iterator[str]:
    """URL of a server that never waits, for an API that the test scripts."""
    connection = ServedConnection({"fields": {"apiKey": "t", "baseUrl": server.url}})
    app = HttpApp(Service(segment, {"main": connection}, [Caller("t", TENANT, ("main",))]), max_wait=0)
    with asgi_server.serve(app.asgi(more_routes=SpiffArena(app).routes())) as url:
        yield url


@ENGINES
def test_rate_limit_is_repeated(
    kind: str, impatient: str, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(server, ServerResponse({"errors": []}, 429, {"Retry-After": "0"}))

    workflow = start(engine_of(kind, impatient, monkeypatch), "checkout")

    assert workflow.is_completed()
    assert api.writes == 2


@ENGINES
@pytest.mark.parametrize(
    ("first", "code"),
    [
        (ServerResponse(cut=True), "OutcomeUnknownError"),
        (ServerResponse({"errors": []}, 500), "OutcomeUnknownError"),
        (ServerResponse({"errors": []}, 409), "ConflictError"),
        (ServerResponse({"errors": []}, 401), "AuthenticationError"),
    ],
    ids=["cut", "500", "409", "401"],
)
def test_create_that_is_unsafe_to_repeat_is_sent_once(
    kind: str,
    first: ServerResponse,
    code: str,
    impatient: str,
    server: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api, engine = Api(server, first), engine_of(kind, impatient, monkeypatch)

    with pytest.raises(Exception, match=r".") as caught:
        start(engine, "checkout")

    assert code in engine.code_of(caught.value)
    assert api.writes == 1


@ENGINES
def test_long_task_waits_for_its_callback(
    kind: str, slow_served: Server, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(kind, slow_served.url, monkeypatch, backend.url)
    workflow = start(engine, "checkout")

    for number in range(1, 4):
        eventually(partial(backend.has, number))
        (task,) = workflow.get_tasks(state=TaskState.STARTED)
        path, _, content = backend.received[-1]
        assert str(task.id) in path
        engine.finish(task, content)
        engine.steps(workflow)

    assert workflow.is_completed()
    assert workflow.data["read"]["body"]["data"]["data"]["source"]["slug"] == "checkout"


@ENGINES
def test_error_of_a_callback_reaches_the_boundary_event(
    kind: str, slow_served: Server, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(kind, slow_served.url, monkeypatch, backend.url)
    workflow = start(engine, "checkout", wanted="no-such-source")

    for number in range(1, 3):
        eventually(partial(backend.has, number))
        (task,) = workflow.get_tasks(state=TaskState.STARTED)
        engine.finish(task, backend.received[-1][2])
        engine.steps(workflow)

    assert "gone" in completed(workflow)
