"""`connector.testing.run_flow`: a sandbox goes in, what every step did comes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.errors import StepError
from connector.flows import Flow
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import run_flow, sandbox
from tests.cli.flows import COPY, call, integration, two_connections, variable
from tests.flows.support import step


@pytest.fixture
def workspace() -> Iterator[Sandbox]:
    with sandbox() as opened:
        yield opened


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def counting(folder: Path) -> Path:
    """Counts its runs, and answers how many there were."""
    return integration(folder, step("Count", "persist-data.incrementInstanceValue", {"keyInput": "n"}), variables=[])


def test_every_connection_is_the_sandbox_and_every_step_is_recorded(workspace: Sandbox, tmp_path: Path) -> None:
    run = run_flow(two_connections(tmp_path), workspace)

    listed = run.steps["List Two"]
    assert (run.status, listed.state, listed.executions[0].results) == ("done", "done", run.results)
    assert [source["id"] for source in run.results["data"]["sources"]] == [s["id"] for s in workspace.sources]


def test_flow_without_a_connection_gets_the_sandbox(workspace: Sandbox, tmp_path: Path) -> None:
    nameless = integration(tmp_path, call("List", "listSources", connection=None), variables=[])

    assert run_flow(nameless, workspace).results["data"]["sources"]


def test_step_without_a_connection_gets_the_one_that_is_declared(workspace: Sandbox, tmp_path: Path) -> None:
    step_without = call("List", "listSources", connection=None)

    assert run_flow(integration(tmp_path, step_without, variables=[variable("One")]), workspace).status == "done"


def test_each_connection_may_have_a_sandbox_of_its_own(workspace: Sandbox) -> None:
    created = workspace.runner().invoke("createSource", {"slug": "shop", "enabled": True, "metadataId": "IqDTy1TpoU"})
    source: dict[str, Any] = created["data"]["data"]["source"]
    with sandbox() as other:
        places = {"From Workspace": workspace, "To Workspace": other}
        run = run_flow(COPY, places, payload={"sourceId": source["id"], "destinations": []})

        assert [source["id"] for source in other.sources if source["slug"] == "shop"] == [run.results["sourceId"]]


def test_run_stores_nothing_in_the_state_folder(workspace: Sandbox, tmp_path: Path, state_home: Path) -> None:
    file = counting(tmp_path)

    assert [run_flow(file, workspace).results, run_flow(Flow.load(file), workspace).results] == [1, 1]
    assert not state_home.exists()


def test_persisted_values_last_when_a_test_passes_a_folder(workspace: Sandbox, tmp_path: Path) -> None:
    stored = [run_flow(counting(tmp_path), workspace, state=tmp_path / "kept").results for _ in range(2)]

    assert stored == [1, 2]


def test_trace_comes_out_and_a_failed_step_names_itself(workspace: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(StepError, match='flow "Copy", step "Get Source"') as caught:
        run_flow(COPY, workspace, payload={"sourceId": "nope"}, trace=tmp_path / "trace.jsonl")

    assert caught.value.run.steps["Get Source"].inputs["sourceId"] == "nope"
    assert '"Get Source"' in (tmp_path / "trace.jsonl").read_text()
