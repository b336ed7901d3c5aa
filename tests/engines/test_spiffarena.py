"""SpiffArena's connector proxy protocol, driven by SpiffWorkflow and by the code of SpiffArena's own backend."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

import connector
from connector import errors
from connector.engines.http_app import HttpApp
from connector.engines.service import Caller, ServedConnection, Service
from connector.engines.spiffarena import SpiffArena
from connector.sandbox_kit import asgi_server
from connector.testing import sandbox
from tests.engines.arena import load_delegate
from tests.engines.conftest import ADMIN, READER, TENANT, Server

SOURCE = {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"}
HEADER = "Spiff-Connector-Proxy-Api-Key"


def do(served: Server, action: str, inputs: dict[str, Any], key: str = TENANT) -> dict[str, Any]:
    """Send a service task as SpiffArena's backend does."""
    task = {"spiff__task_id": "t", "spiff__task_data": {"password": "hunter2"}, "spiff__process_instance_id": 7}
    response = requests.post(
        f"{served.url}/v1/do/segment/{action}", json={**inputs, **task}, headers={HEADER: key}, timeout=30
    )
    assert response.status_code in (200, 202, 401)
    content: dict[str, Any] = response.json()
    return content


def test_commands_have_typed_parameters(served: Server) -> None:
    commands = requests.get(f"{served.url}/v1/commands", headers={HEADER: TENANT}, timeout=10).json()

    create = next(command for command in commands if command["id"] == "segment/createSource")
    assert {"id": "slug", "type": "str", "required": True} in create["parameters"]
    assert {"id": "enabled", "type": "bool", "required": True} in create["parameters"]
    assert {"id": "settings", "type": "any", "required": False} in create["parameters"]
    assert "segment/deleteSource" not in [command["id"] for command in commands], "the connection blocks it"


def test_caller_with_several_connections_gets_a_parameter_for_them(served: Server) -> None:
    commands = requests.get(f"{served.url}/v1/commands", headers={HEADER: ADMIN}, timeout=10).json()

    assert commands[0]["parameters"][0] == {"id": "connection", "type": "str", "required": True}
    content = do(served, "listSources", {"connection": "main"}, key=ADMIN)
    assert content["command_response"]["http_status"] == 200


def test_no_logins_are_offered(served: Server) -> None:
    assert requests.get(f"{served.url}/v1/auths", headers={HEADER: TENANT}, timeout=10).json() == []


def test_service_task_gets_the_payload(served: Server) -> None:
    content = do(served, "createSource", SOURCE)

    assert content["error"] is None
    assert content["command_response_version"] == 2
    assert content["command_response"]["body"]["data"]["data"]["source"]["slug"] == "checkout"


def test_error_has_the_class_as_code_and_the_status(served: Server) -> None:
    content = do(served, "getSource", {"sourceId": "nope"})

    assert content["error"]["error_code"] == "NotFoundError"
    assert content["command_response"]["http_status"] == 404
    assert content["command_response"]["body"]["error"]["type"] == "NotFoundError"


def test_wrong_key_is_an_error_of_the_task(served: Server) -> None:
    content = do(served, "listSources", {}, key="wrong")

    assert content["error"]["error_code"] == "CallerKeyError"


def test_data_of_the_task_is_never_logged(served: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        do(served, "listSources", {})

    assert "hunter2" not in caplog.text


def test_typeahead_needs_the_secret_path_and_searches(served: Server) -> None:
    caller = served.app.service.callers[1]
    path = f"{served.arena.typeahead_path(caller)}/v1/typeahead/sources"

    choices = requests.get(f"{served.url}{path}?prefix=web&limit=1", timeout=10).json()

    assert [choice["label"] for choice in choices] == ["old-website"]
    assert requests.get(f"{served.url}/k/wrong/v1/typeahead/sources", timeout=10).status_code == 404
    assert READER not in path


def test_typeahead_returns_the_choice_that_was_picked_before(served: Server) -> None:
    path = f"{served.arena.typeahead_path(served.app.service.callers[1])}/v1/typeahead/sources"
    picked = {"label": "gone", "key": "x"}

    response = requests.get(served.url + path, params={"prefix": json.dumps(picked), "limit": "10"}, timeout=10)

    assert response.json() == [picked]


class Backend:
    """Receives callbacks."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, dict[str, Any]]] = []
        self.statuses = [200]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.received.append((self.path, self.headers["Authorization"], body))
                status = outer.statuses.pop(0) if len(outer.statuses) > 1 else outer.statuses[0]
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v1.0"


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A backend of SpiffArena that receives callbacks."""
    backend = Backend()
    thread = Thread(target=backend.server.serve_forever, daemon=True)
    thread.start()
    yield backend
    backend.server.shutdown()
    backend.server.server_close()
    thread.join()


def eventually(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


@pytest.fixture
def slow_served(segment: connector.Component, backend: Backend, tmp_path: Path) -> Iterator[Server]:
    """A server that answers with 202 at once and reports to the backend."""
    with sandbox(faults=["latency:100ms"]) as workspace:
        service = Service(segment, {"main": ServedConnection(workspace.connection)}, [Caller("t", TENANT, ("main",))])
        app = HttpApp(service)
        arena = SpiffArena(
            app, callback_base=backend.url, callback_token="cb", folder=tmp_path / "callbacks", response_seconds=0.01
        )
        with asgi_server.serve(app.asgi(more_routes=arena.routes())) as url:
            yield Server(url, workspace, app, arena)


def test_long_call_is_accepted_and_reported_to_the_callback(
    slow_served: Server, backend: Backend, tmp_path: Path
) -> None:
    content = do(slow_served, "createSource", {**SOURCE, "spiff__callback_url": f"{backend.url}/tasks/7/t/callback"})

    assert content["command_response"]["http_status"] == 202
    eventually(lambda: backend.received)
    path, authorization, reported = backend.received[0]
    assert (path, authorization) == ("/api/v1.0/tasks/7/t/callback", "Bearer cb")
    # The same expression of the author works as for a direct response, which is stored as a whole.
    assert reported["command_response"]["body"]["body"]["data"]["data"]["source"]["slug"] == "checkout"
    eventually(lambda: not list((tmp_path / "callbacks").glob("*.json")))


def test_result_stays_on_disk_until_the_callback_is_accepted(
    slow_served: Server, backend: Backend, tmp_path: Path
) -> None:
    backend.statuses = [503, 200]

    do(slow_served, "createSource", {**SOURCE, "spiff__callback_url": f"{backend.url}/tasks/7/t/callback"})

    eventually(lambda: len(backend.received) == 1)
    (stored,) = (tmp_path / "callbacks").glob("*.json")
    assert stored.stat().st_mode & 0o077 == 0
    eventually(lambda: len(backend.received) == 2)
    eventually(lambda: not stored.exists())


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "https://evil.example/api/v1.0/x",
        "{base}/../admin",
        "{base}x/tasks",
        "https://[x",
        7,
    ],
    ids=["metadata service", "other host", "parent folder", "other path", "not a URL", "not a string"],
)
def test_callback_goes_only_to_the_configured_backend(slow_served: Server, backend: Backend, url: Any) -> None:
    target = url.replace("{base}", backend.url) if isinstance(url, str) else url

    content = do(slow_served, "createSource", {**SOURCE, "spiff__callback_url": target})

    assert content["command_response"]["http_status"] == 200, "without a callback the response waits for the result"
    assert backend.received == []


# A workflow of SpiffWorkflow, whose real service task calls the real client code of SpiffArena's backend.


@pytest.fixture
def delegate(served: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The backend's client code, configured for the server."""
    return load_delegate(served.url, TENANT, monkeypatch)


def run_workflow(delegate: Any, slug: str, wanted: str = "") -> Any:
    """Run the workflow to its end or to its error."""
    from SpiffWorkflow.bpmn import BpmnWorkflow
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
    from SpiffWorkflow.spiff.parser import SpiffBpmnParser

    class ScriptEngine(PythonScriptEngine):  # type: ignore[misc]
        def call_service(self, task: Any, *, operation_name: str, operation_params: Any) -> str:
            result: str = delegate.ServiceTaskDelegate.call_connector(operation_name, operation_params, task, 7)
            return result

    parser = SpiffBpmnParser()
    parser.add_bpmn_file(str(Path(__file__).parent / "checkout.bpmn"))
    workflow = BpmnWorkflow(parser.get_spec("checkout"), script_engine=ScriptEngine(TaskDataEnvironment()))
    workflow.get_tasks()[0].data.update(slug=slug, wanted=wanted)
    workflow.do_engine_steps()
    return workflow


def test_workflow_runs_its_service_tasks(delegate: Any, served: Server) -> None:
    workflow = run_workflow(delegate, "checkout")

    assert workflow.is_completed()
    assert workflow.data["read"]["body"]["data"]["data"]["source"]["slug"] == "checkout"
    assert "checkout" in [source["slug"] for source in served.workspace.sources]


def test_connectors_of_the_backend_list_the_actions(delegate: Any) -> None:
    connectors = delegate.ServiceTaskDelegateService.available_connectors()

    assert "segment/createSource" in [each["id"] for each in connectors]


def test_boundary_event_catches_the_class_of_the_error(delegate: Any) -> None:
    from SpiffWorkflow.util.task import TaskState

    workflow = run_workflow(delegate, "checkout", wanted="no-such-source")

    completed = {task.task_spec.bpmn_id for task in workflow.get_tasks(state=TaskState.COMPLETED)}
    assert "gone" in completed
    assert "end" not in completed


@pytest.mark.parametrize(
    ("error", "is_repeated"),
    [
        (errors.RateLimitError("x", retry_after=3), True),
        (errors.UnreachableError("x"), True),
        (errors.OutcomeUnknownError("x"), False),
        (errors.InputError("x"), False),
        (errors.AuthenticationError("x"), False),
    ],
    ids=lambda each: type(each).__name__,
)
def test_backend_repeats_only_what_is_safe(
    delegate: Any, monkeypatch: pytest.MonkeyPatch, error: errors.ConnectorError, is_repeated: bool
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    monkeypatch.setattr(connector.Runner, "invoke", fail)

    with pytest.raises(Exception, match=type(error).__name__) as caught:
        run_workflow(delegate, "checkout")

    cause = getattr(caught.value, "exception", None) or caught.value
    assert delegate.ServiceTaskDelegate.is_transient_error(cause) is is_repeated
