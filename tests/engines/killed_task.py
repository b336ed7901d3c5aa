"""A task that schedulers kill and repeat, as on the page about schedulers, and what a person does between its runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import connector
from connector.flows import Flow, runs, settle
from connector.journal.past_runs import PastRun
from connector.journal.reader import read_history
from connector.sandbox_kit.sandbox import Sandbox
from tests.flows.support import document, loop, step
from tests.trials.bulk_rows import WholeLog

LATENCY = 0.2
PAUSE = 0.1
WORKSPACE = {
    "key": "Workspace",
    "dataType": "connection",
    "connection": {"key": "apiKey", "component": {"key": "segment"}},
    "inputs": {},
}
NEW_SOURCE = {
    "slug": "=each.currentItem",
    "enabled": "true",
    "metadataId": "IqDTy1TpoU",
    "connectionInput": {"type": "configVar", "value": "Workspace"},
}
"""The write is no idempotent one: a kill while it is on its way leaves a doubt."""


def create_sources(run_id: str, slugs: list[str]) -> int:
    """Create a source for each slug; the task of Celery and of Airflow."""
    flow = Flow.load(os.environ["TEST_TASK_FLOW"])
    connections = {"Workspace": json.loads(os.environ["TEST_TASK_CONNECTION"])}
    flow.run(id=run_id, journal=os.environ["TEST_TASK_DATABASE"], payload=slugs, connections=connections)
    return len(slugs)


class KilledRuns:
    """The runs that the tasks perform, and the sandbox in which their requests are counted.

    Args:
        folder: Folder for the flow and the database.
        workspace: The sandbox.
    """

    def __init__(self, folder: Path, workspace: Sandbox) -> None:
        self.workspace = workspace
        self.database = f"sqlite:///{folder}/tasks.sqlite"
        self.log = WholeLog()
        create = step("Create", "segment.createSource", NEW_SOURCE)
        sleep = step("Sleep", "sleep.sleep", {"ms": f"{PAUSE * 1000:.0f}"})
        flow = document(loop("Each", "=trigger.results.body.data", create, sleep)) | {"requiredConfigVars": [WORKSPACE]}
        file = folder / "create_sources.json"
        file.write_text(json.dumps(flow))
        self.environment = {
            "TEST_TASK_FLOW": str(file),
            "TEST_TASK_CONNECTION": json.dumps(dict(workspace.connection)),
            "TEST_TASK_DATABASE": self.database,
        }
        self.doubts = 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count each request of the sandbox, which takes its time."""
        before, self.workspace.workspace.log = self.workspace.workspace.log, self.log
        self.workspace.add_fault(f"latency:{LATENCY}s:createSource")
        try:
            yield
        finally:
            self.workspace.clear_faults()
            self.workspace.workspace.log = before

    def past(self) -> dict[str, PastRun]:
        """Return the runs by ID."""
        return (
            {run.id: run for run in runs(self.database)}
            if Path(self.database.removeprefix("sqlite:///")).exists()
            else {}
        )

    def settle_doubts(self, run: PastRun) -> None:
        """Do what a person does: look which sources exist, once no request is on its way anymore."""
        for path, write in read_history(run.journal).unknown.items():
            sources = [source for source in self.workspace.sources if source["slug"] == write.inputs["slug"]]
            settle(
                run.journal,
                path,
                connector.load_component(),
                happened=bool(sources),
                results={"data": {"source": sources[0]}} if sources else None,
            )
            self.doubts += 1

    def problems(self, slugs: list[str]) -> list[str]:
        """Return the slugs that were not sent once, and the runs that are not done."""
        sent = {slug: sum(n for (each, _), n in self.log.statuses.items() if each == slug) for slug in slugs}
        existing = [source["slug"] for source in self.workspace.sources]
        wrong = [
            f"{slug}: sent {number}, exists {existing.count(slug)}"
            for slug, number in sent.items()
            if (number, existing.count(slug)) != (1, 1)
        ]
        return wrong + [f"{run.id}: {run.status}" for run in self.past().values() if run.status != "done"]
