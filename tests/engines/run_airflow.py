"""The provider in a real Airflow, against the sandbox: `python -m tests.engines.run_airflow AIRFLOW`.

AIRFLOW is the command `airflow` of an environment that has Airflow and this package. It is a program of its own, since
Airflow is no dependency.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox
from tests.engines.killed_task import LATENCY, PAUSE, KilledRuns

ROOT = Path(__file__).parents[2]
FLOW = ROOT / "examples" / "flows" / "change_sources.yaml"
TASK_KILLS = 4


class Airflow:
    """An Airflow with a home of its own.

    Args:
        command: The command `airflow`.
        home: Its folder.
        workspace: The sandbox that its connection leads to.
        variables: More variables of its environment.
    """

    def __init__(self, command: str, home: Path, workspace: Sandbox, variables: Mapping[str, str]) -> None:
        fields = workspace.connection["fields"]
        connection = {
            "conn_type": "segment_connector",
            "password": fields["apiKey"],
            "extra": {"baseUrl": fields["baseUrl"], "region": ""},
        }
        self.journals = home / "journals"
        self._command = command
        self._environment = {
            **os.environ,
            **variables,
            "PYTHONPATH": str(ROOT),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_SEGMENT_TEST": json.dumps(connection),
            "TEST_FLOW": str(FLOW),
            "TEST_JOURNALS": str(self.journals),
        }
        (home / "dags").mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("airflow_dags.py"), home / "dags")

    def run(self, *arguments: str) -> str:
        """Run a command to its end and return what it wrote."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        return output

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [self._command, *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def test(self, dag: str, date: str, conf: Any = None) -> str:
        """Run a DAG for a date."""
        return self.run(*test_of(dag, date, conf))

    def kill(self, dag: str, date: str, conf: Any, is_time: Callable[[], bool]) -> None:
        """Run a DAG for a date and kill it."""
        process = self.start(*test_of(dag, date, conf))
        deadline = time.monotonic() + 120
        while not is_time():
            assert process.poll() is None, process.communicate()[0][-3000:]
            assert time.monotonic() < deadline, "the time to kill it never came"
            time.sleep(0.02)
        process.kill()
        process.communicate()


def test_of(dag: str, date: str, conf: Any) -> list[str]:
    """Return the arguments of the command that runs a DAG once."""
    return ["dags", "test", dag, date, "--conf", json.dumps(conf or {})]


def count_of(workspace: Sandbox, slug: str) -> int:
    """Return how many sources have a slug."""
    return [source["slug"] for source in workspace.sources].count(slug)


def writes(workspace: Sandbox, method: str) -> list[str]:
    """Return the paths of the writes that arrived."""
    return [request.path for request in workspace.requests if request.method == method]


def check_runs(airflow: Airflow, workspace: Sandbox) -> None:
    """Create, list, and run a flow; run the same DAG run again; and fail without a retry."""
    output = airflow.test("segment_sources", "2026-01-01", {"slug": "by-airflow"})
    assert f"REPORT {len(workspace.sources)} " in output, output[-3000:]
    (source,) = [each for each in workspace.sources if each["slug"] == "by-airflow"]
    assert source["name"] == "Named by a flow", source
    print("airflow dags test: created a source, listed all pages, ran a flow")
    sent = len(writes(workspace, "POST") + writes(workspace, "PATCH"))
    output = airflow.test("segment_sources", "2026-01-01", {"slug": "by-airflow"})
    assert f"REPORT {len(workspace.sources)} " in output, output[-3000:]
    assert len(writes(workspace, "POST") + writes(workspace, "PATCH")) == sent
    print("the same DAG run again: the same results, and no write was sent again")
    output = airflow.test("segment_missing", "2026-01-01")
    assert "AirflowFailException" in output, output[-3000:]
    assert "not found (404)" in output
    reads = [request for request in workspace.requests if request.path == "/sources/nope"]
    assert len(reads) == 1, reads
    print("an error after which a retry cannot help: AirflowFailException, one request")


def check_killed_write(airflow: Airflow, workspace: Sandbox) -> None:
    """Kill a task while its create is on its way, and run it again."""
    workspace.add_fault("latency:5s:createSource")
    conf, before = {"slug": "killed"}, set(airflow.journals.iterdir())

    def is_on_its_way() -> bool:
        created = set(airflow.journals.iterdir()) - before
        if not any(journal.stat().st_size for journal in created):
            return False
        time.sleep(1.5)  # the intent of the write is in the journal, and its request at the API
        return True

    airflow.kill("segment_create", "2026-01-02", conf, is_on_its_way)
    workspace.clear_faults()
    output = airflow.test("segment_create", "2026-01-02", conf)
    assert "AirflowFailException" in output, output[-3000:]
    assert "outcome" in output, output[-3000:]
    assert count_of(workspace, "killed") <= 1
    assert len(writes(workspace, "POST")) <= 2, "the create of the first DAG, and this one"
    print("a create killed on its way and repeated: reported, not sent again")


def check_killed_flow(airflow: Airflow, workspace: Sandbox) -> None:
    """Kill a flow after its first update, and run it again."""
    sources = [source["id"] for source in workspace.sources[:3]]
    conf = {"changes": [{"sourceId": each, "name": "Changed once"} for each in sources]}
    before = len(writes(workspace, "PATCH"))
    workspace.add_fault("latency:1s:updateSource")
    airflow.kill("segment_flow", "2026-01-03", conf, lambda: len(writes(workspace, "PATCH")) == before + 1)
    workspace.clear_faults()
    output = airflow.test("segment_flow", "2026-01-03", conf)
    updates = writes(workspace, "PATCH")[before:]
    assert "AirflowFailException" not in output, output[-3000:]
    assert updates.count(f"/sources/{sources[0]}") == 1, updates
    assert set(updates) == {f"/sources/{each}" for each in sources}, updates
    assert all(source["name"] == "Changed once" for source in workspace.sources[:3])
    print("a flow killed after its first update and repeated: the finished update was not sent again")


def _is_sent(runs: KilledRuns, before: int, delay: float) -> bool:
    """Return True some time after one more write was sent."""
    if runs.log.total == before:
        return False
    time.sleep(delay)
    return True


def check_killed_task(airflow: Airflow, runs: KilledRuns) -> None:
    """Kill a task that calls `Flow.run` several times in the middle, and repeat it."""
    slugs = [f"task-{number}" for number in range(2 * TASK_KILLS)]
    with runs.counting():
        for kill in range(TASK_KILLS):
            # By turns between two writes, and while one is on its way.
            delay = (PAUSE + LATENCY / 2) * (kill % 2)
            airflow.kill("segment_task", "2026-01-04", {"slugs": slugs}, partial(_is_sent, runs, runs.log.total, delay))
            time.sleep(LATENCY * 2)
            for run in runs.past().values():
                runs.settle_doubts(run)
            assert kill + 1 <= runs.log.total < len(slugs)
        output = airflow.test("segment_task", "2026-01-04", {"slugs": slugs})
    assert not runs.problems(slugs), (runs.problems(slugs), output[-3000:])
    doubts = f"{runs.doubts} of {runs.log.total} writes in doubt and settled"
    print(f"a task that calls Flow.run, killed {TASK_KILLS} times and repeated: {doubts}, each sent once")


def main() -> None:
    """Run the test from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("airflow")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sandbox() as workspace:
        runs = KilledRuns(Path(folder), workspace)
        airflow = Airflow(options.airflow, Path(folder) / "home", workspace, runs.environment)
        print("Airflow", airflow.run("version").strip().splitlines()[-1])
        airflow.run("db", "migrate")
        check_runs(airflow, workspace)
        check_killed_write(airflow, workspace)
        check_killed_flow(airflow, workspace)
        check_killed_task(airflow, runs)


if __name__ == "__main__":
    main()
