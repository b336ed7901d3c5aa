"""A new workspace of the bundled component for each test, and a runner on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import connector
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox


@pytest.fixture
def workspace(segment: connector.Component) -> Iterator[Sandbox]:
    with sandbox(segment) as opened:
        yield opened


@pytest.fixture
def runner(workspace: Sandbox) -> connector.Runner:
    return workspace.runner(max_wait=0)
