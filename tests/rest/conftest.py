"""Both ways of a request: over a connection of our own, and through requests' adapter when it is patched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

import connector
from connector import errors
from tests.conftest import TOKEN
from tests.support.server import RawServer

RunnerOf = Callable[..., connector.Runner]


@pytest.fixture(params=["own", "adapter"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way of the requests."""
    if request.param == "adapter":
        patch_adapter(monkeypatch)
    return str(request.param)


def patch_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the method of requests' adapter that test tools replace by one that does the same."""

    def send(adapter: HTTPAdapter, *args: Any, **kwargs: Any) -> Any:
        return original(adapter, *args, **kwargs)

    original = HTTPAdapter.send
    monkeypatch.setattr(HTTPAdapter, "send", send)


@pytest.fixture
def runner_of(segment: connector.Component, monkeypatch: pytest.MonkeyPatch) -> RunnerOf:
    """A runner for a server, whose backoff takes no time."""
    monkeypatch.setattr("connector.rest.transport.backoff", lambda _failures: 0.0)

    def make(server: RawServer | str, **settings: Any) -> connector.Runner:
        url = server if isinstance(server, str) else server.url
        return connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": url}}, **settings)

    return make


def read(runner: connector.Runner, **limits: float) -> Any:
    return runner.invoke("getSource", {"sourceId": "s"}, **limits)["data"]


def write(runner: connector.Runner, **limits: float) -> Any:
    return runner.invoke("createSource", {"slug": "s", "enabled": True, "metadataId": "m"}, **limits)["data"]


def error_of(call: Callable[[], object]) -> errors.RequestError:
    with pytest.raises(errors.RequestError) as caught:
        call()
    return caught.value
