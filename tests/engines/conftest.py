"""A served sandbox workspace with two connections and three callers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
