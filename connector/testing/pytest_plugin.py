"""Fixtures for pytest; a component is imported only when a test uses one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.sandbox_kit.sandbox import Sandbox
    from connector.testing.harness import Harness


@pytest.fixture(scope="session")
def connector_component() -> Component:
    """The component under test. Override this fixture to test another than the bundled one."""
    from connector.component.component import load_component

    return load_component()


@pytest.fixture
def harness(connector_component: Component) -> Iterator[Harness]:
    """A harness of the component under test; every stub must be used."""
    from connector.testing.harness import Harness

    with Harness(connector_component) as opened:
        yield opened


@pytest.fixture
def sandbox(connector_component: Component) -> Iterator[Sandbox]:
    """A new workspace in the sandbox of the component under test, served over HTTP."""
    from connector.testing.local_sandbox import sandbox

    with sandbox(connector_component) as opened:
        yield opened
