"""A served sandbox workspace with two connections and three callers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

import connector
from connector.component.policy import Policy
from connector.engines.http_app import HttpApp
from connector.engines.service import Caller, ServedConnection, Service
from connector.engines.spiffarena import SpiffArena
from connector.sandbox_kit import asgi_server
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox
from tests.support.server import serving

ADMIN, READER, TENANT = "key-of-admin", "key-of-reader", "key-of-tenant"


@dataclass
class Server:
    """A running server and its workspace."""

    url: str
    workspace: Sandbox
    app: HttpApp
    arena: SpiffArena

    def call(self, method: str, path: str, body: Any = None, *, key: str = ADMIN, **headers: str) -> requests.Response:
        """Send a request; underscores in header names become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(
            method, self.url + path, json=body, headers={"X-Api-Key": key, "X-Connection": "main", **named}, timeout=30
        )

    def run(self, action: str, inputs: Any, **headers: str) -> requests.Response:
        """Run an action."""
        return self.call("POST", f"/v1/actions/{action}", inputs, **headers)


def service_of(segment: connector.Component, workspace: Sandbox) -> Service:
    """Return a service with two connections to one workspace and three callers."""
    return Service(
        segment,
        {
            "main": ServedConnection(workspace.connection),
            "other": ServedConnection(workspace.connection, Policy(blocked=["deleteSource"])),
        },
        [
            Caller("admin", ADMIN, ("main", "other"), Policy(toolset="documented")),
            Caller("reader", READER, ("main",), Policy(read_only=True, toolset="documented")),
            Caller("tenant", TENANT, ("other",), Policy(toolset="documented")),
        ],
    )


@pytest.fixture
def served(segment: connector.Component) -> Iterator[Server]:
    """A server over a workspace of its own."""
    with sandbox() as workspace:
        app = HttpApp(service_of(segment, workspace))
        arena = SpiffArena(app)
        with asgi_server.serve(app.asgi(more_routes=arena.routes())) as url:
            yield Server(url, workspace, app, arena)


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

    def has(self, number: int) -> bool:
        """Return whether exactly this number of callbacks arrived."""
        return len(self.received) == number


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A backend of SpiffArena that receives callbacks."""
    backend = Backend()
    with serving(backend.server):
        yield backend


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


@pytest.fixture
def slow_served(segment: connector.Component, backend: Backend, tmp_path: Path) -> Iterator[Server]:
    """A server that responds with 202 at once, and sends the result to the backend later."""
    with sandbox(faults=["latency:100ms"]) as workspace:
        service = Service(segment, {"main": ServedConnection(workspace.connection)}, [Caller("t", TENANT, ("main",))])
        app = HttpApp(service)
        arena = SpiffArena(
            app, callback_base=backend.url, callback_token="cb", folder=tmp_path / "callbacks", response_seconds=0.01
        )
        with asgi_server.serve(app.asgi(more_routes=arena.routes())) as url:
            yield Server(url, workspace, app, arena)
