from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector import Component
from connector.flows import Run
from connector.flows.run.events import Event
from tests.flows import support
from tests.support.postgres import MISSING, PostgresServer, postgres_server, programs
from tests.support.server import LoopbackServer


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def workshop() -> Component:
    return support.workshop()


@pytest.fixture
def service() -> Iterator[support.Service]:
    with LoopbackServer().running() as server:
        yield support.Service(server)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def run(workshop: Component, service: support.Service, events: list[Event]) -> Callable[..., Run]:
    """Runs the steps given, against the service, and keeps every value."""

    def run_steps(*steps: dict[str, Any], **options: Any) -> Run:
        created = {key: options.pop(key) for key in ("config_variables", "flow_settings") if key in options}
        flow = support.flow_of(*steps, config=created.get("config_variables", ()), flow=created.get("flow_settings"))
        defaults = {"connections": service.connections, "keep_values": True, "on_event": events.append}
        return flow.run(workshop, **{**defaults, **options})

    return run_steps


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    folder = programs()
    if folder is None:
        pytest.skip(MISSING)
    with postgres_server(folder) as server:
        yield server
