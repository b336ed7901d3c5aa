"""What every test may use: the Segment component, a server on loopback, a runner that talks to it."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest

import connector
from tests.support.environment import HOMES, clear_settings, let_children_be_interrupted, set_home
from tests.support.measured import Measured
from tests.support.prepared import prepared_program
from tests.support.server import LoopbackServer
from tests.support.skips import SkipLimits

NUMBERS = itertools.count()
TOKEN = "sgp_test-token-4711"


HOME = pytest.StashKey[Path]()
VARIABLES: dict[Any, Any] = vars(os.environ)["_data"]  # to copy and compare as they are, since each test does it
CURRENT_TEST = os.environ.encodekey("PYTEST_CURRENT_TEST")

# A busy machine is no reason to fail: nothing may depend on how long the making of an example or a test with it takes.
hypothesis.settings.register_profile(
    "tests", deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)
hypothesis.settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run be limited in the tests that it skips."""
    parser.addoption("--allowed-skips", help="Fail when more tests are skipped than this file allows.")


def pytest_configure(config: pytest.Config) -> None:
    """Clear the environment before anything reads it: fixtures of wider scope and workers see none of it either."""
    config.stash[HOME] = Path(tempfile.mkdtemp(prefix="connector-tests-"))
    clear_settings(os.environ)
    set_home(os.environ, config.stash[HOME])
    let_children_be_interrupted()
    gc.set_threshold(50_000, 20, 20)  # thousands of tests and reports live as long as the run; few of them are garbage
    if hasattr(config, "workerinput"):
        # Coverage measures this worker. In the hundreds of commands that tests start, it would take as long as they do.
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
        if sys.gettrace():
            config.pluginmanager.register(Measured())
    elif config.getoption("numprocesses", None) and (measuring := coverage.Coverage.current()):
        measuring.stop()  # the workers run all that is to be measured; this process only prints their reports
    if limits := config.getoption("--allowed-skips"):
        config.pluginmanager.register(SkipLimits.from_file(Path(limits)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use two workers more than there are processors: half of the time, tests wait."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_finish() -> None:
    """Spare the collector of garbage the collected tests, which take a fifth of its time otherwise."""
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the home folder of the tests."""
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


@pytest.fixture(autouse=True)
def own_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test has an empty home folder, and no setting that another test left behind."""
    before = VARIABLES.copy()
    home = request.config.stash[HOME] / str(next(NUMBERS))
    for name in HOMES:
        monkeypatch.setenv(name, str(home))
    yield
    monkeypatch.undo()
    assert {name for name, _ in before.items() ^ VARIABLES.items()} <= {CURRENT_TEST}


@pytest.fixture(scope="session")
def segment() -> connector.Component:
    """The bundled component; tests that change it load their own."""
    return connector.load_component()


@pytest.fixture(scope="session")
def program() -> Iterator[Path]:
    """The program `connector` with everything imported already."""
    with prepared_program() as path:
        yield path


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
    with connector.Runner(segment, {"key": "apiKey", "fields": fields}, max_wait=0) as created:
        yield created
