"""The engine in `examples/engine.py`: the shortest answer to how a component is registered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import connector
from connector.testing import sandbox
from examples.engine import Engine, main
from tests.flows.support import workshop

ROOT = Path(__file__).parents[2]
SOURCE = {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"}


def test_example_runs_as_a_program() -> None:
    run = subprocess.run(
        [sys.executable, "examples/engine.py"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    count = len(connector.load_component().actions)
    assert run.stdout.splitlines()[:2] == [f"registered {count} actions of segment", "created checkout"]


def test_example_runs_beside_other_components(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = connector.load_component(ROOT / "examples" / "component")
    without_sandbox = workshop()
    installed = {each.key: each for each in (segment, other, without_sandbox)}
    monkeypatch.setattr(connector, "components", lambda: installed)

    main()

    registered = [f"registered {len(each.actions)} actions of {each.key}" for each in (segment, other)]
    assert capsys.readouterr().out.splitlines()[:3] == [*registered, "created checkout"]


def test_engine_waits_for_a_rate_limit(segment: connector.Component) -> None:
    with sandbox(faults=["rate-limit:1/s"]) as workspace:
        engine = Engine()
        engine.register(segment, workspace.runner())

        pages = [engine.run("segment/listSources", {}) for _ in range(2)]

        statuses = [request.status for request in workspace.requests]
    assert pages[0] == pages[1]
    assert 429 in statuses


@pytest.mark.parametrize("fault", ["drop:1:after", "error:500:1"])
def test_engine_never_repeats_a_write_with_an_unknown_outcome(segment: connector.Component, fault: str) -> None:
    with sandbox() as workspace:
        workspace.add_fault(fault)
        engine = Engine()
        engine.register(segment, workspace.runner())

        with pytest.raises(connector.errors.OutcomeUnknownError):
            engine.run("segment/createSource", SOURCE)

        writes = [request for request in workspace.requests if request.method == "POST"]
    assert len(writes) == 1
