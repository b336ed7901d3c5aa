"""One server for all tests; a workspace of its own for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import sandbox
from connector.sandbox_kit import SandboxApp, Workspace
from connector.sandbox_kit.asgi_server import serve
from tests.sandbox.support import Api


@pytest.fixture(scope="session")
def site() -> SandboxApp:
    return SandboxApp()


@pytest.fixture(scope="session")
def url(site: SandboxApp) -> Iterator[str]:
    with serve(site) as url:
        yield url


@pytest.fixture
def workspace(site: SandboxApp) -> Iterator[Workspace]:
    with sandbox.open_workspace() as workspace:
        site.add(workspace)
        yield workspace
        site.remove(workspace)


@pytest.fixture
def api(url: str, workspace: Workspace) -> Iterator[Api]:
    api = Api(url, workspace.token)
    yield api
    api.close()


@pytest.fixture
def restricted(url: str, workspace: Workspace) -> Iterator[Api]:
    api = Api(url, workspace.restricted_token)
    yield api
    api.close()
