"""What every test may use: the Segment component, a server on loopback, a runner that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import connector
from tests.support.server import LoopbackServer

TOKEN = "sgp_test-token-4711"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the credentials or the proxies of whoever runs it."""
    for name in ("SEGMENT_API_KEY", "SEGMENT_REGION", "SEGMENT_SUBDOMAIN", "SEGMENT_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CONNECTOR_CONNECTION", "PRISMATIC_CONNECTION_VALUE", "CONNECTOR_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def segment() -> connector.Component:
    """The bundled component; tests that change it load their own."""
    return connector.load_component()


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """A scripted HTTP server."""
    with LoopbackServer().running() as running:
        yield running


@pytest.fixture
def fields(server: LoopbackServer) -> dict[str, Any]:
    """Fields of a connection to the server."""
    return {"apiKey": TOKEN, "baseUrl": server.url}


@pytest.fixture
def runner(segment: connector.Component, fields: dict[str, Any]) -> Iterator[connector.Runner]:
    """A runner that talks to the server and never waits."""
    with connector.Runner(segment, {"key": "apiKey", "fields": fields}, max_wait=0) as made:
        yield made
