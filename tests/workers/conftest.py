"""A worker in this process, for all tests of a module: starting and stopping one takes more than a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.component.profiles import Profile
from connector.flows import Flow
from connector.journal.past_runs import PastRun
from connector.workers import Worker, submit
from tests.flows import support
from tests.flows.conftest import postgres
from tests.flows.support import CONNECTION, Service
from tests.support.server import LoopbackServer

__all__ = ["postgres"]

Submit = Callable[..., PastRun]

TIMEOUT = 60


@pytest.fixture(scope="session")
def workshop() -> Component:
    return support.workshop()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with LoopbackServer().running() as server:
        yield Service(server)


@pytest.fixture(autouse=True)
def new_service(service: Service) -> None:
    """Forget what the tests before asked."""
    service.server.requests.clear()
    service.answers.clear()
    service.things.clear()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('runs')}/runs.sqlite"


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def profiles_of(service: Service, *names: str) -> dict[str, Profile]:
    """Profiles with the connection to the service."""
    fields = service.connection["fields"]
    return {name: Profile(name, "workshop", None, fields) for name in names or (CONNECTION,)}


@contextmanager
def working(database: str, service: Service, component: Component, **options: Any) -> Iterator[Worker]:
    """Run a worker in a thread, and wait until it is ready, unless `ready` is passed for that."""
    ready = options.pop("ready", None)
    is_ready = ready or threading.Event()
    defaults = {"profiles": profiles_of(service, CONNECTION, "other"), "components": component, "environment": {}}
    worker = Worker(database, **{**defaults, **options})
    thread = threading.Thread(target=worker.run, args=[is_ready.set])
    thread.start()
    try:
        assert ready or is_ready.wait(TIMEOUT)
        yield worker
    finally:
        worker.stop()
        thread.join(TIMEOUT)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def worker(database: str, service: Service, workshop: Component) -> Iterator[Worker]:
    with working(database, service, workshop) as started:
        yield started


@pytest.fixture
def submitted(database: str, workshop: Component) -> Submit:
    def submit_run(flow: Flow, run_id: str, **options: Any) -> PastRun:
        return submit(flow, workshop, database=database, id=run_id, **options)

    return submit_run


def file_contents(database: str) -> bytes:
    """All bytes of a database in SQLite and of its queue."""
    file = Path(database.removeprefix("sqlite:///"))
    return b"".join(path.read_bytes() for path in file.parent.rglob("*") if path.is_file())
