"""Runs that are killed at each moment: nothing is lost, nothing is done twice, and every doubt has its reason."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.component.component import Component
from connector.errors import JournalError
from connector.flows import resume, runs
from connector.journal.reader import read_history
from tests.flows.support import Service, document, step
from tests.support.amount import sample_of

ROOT = Path(__file__).parents[2]

FLOW = document(
    step("List", "workshop.listThings"),
    step(
        "Loop",
        "loop.loopNTimes",
        {"iterationCount": "2"},
        steps=[step("Create", "workshop.createThing", {"name": "~thing-{{$loop.index}}"})],
    ),
    step("Count", "persist-data.incrementInstanceValue", {"keyInput": "runs"}),
    step("Tell", "persist-data.getInstanceValue", {"keyInput": "runs"}),
)

EVENTS = 2 + 2 * 6 + 2
"""The start and the end of the run, two of each of six steps that end, and one of each iteration."""

SENDS = 2 * 3

RECORDS = 2 * (2 * 2 + 3 + 1)
"""Two of each write, one of each other step, and the end of the run."""

MOMENTS = EVENTS + SENDS + RECORDS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


@pytest.fixture(scope="module")
def children() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.flows.crash_child"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]


def journal_in(folder: Path, moment: int) -> str:
    """A journal in a file for every other moment; the trial of kills has each moment with each journal."""
    return f"sqlite:///{folder}/runs.sqlite" if moment % 2 else f"{folder}/run.jsonl"


@pytest.fixture
def killed(children: subprocess.Popen[str], service: Service, tmp_path: Path) -> Callable[[str, int], str]:
    """Runs the flow in a process that is killed at a moment; returns what became of it."""
    file = tmp_path / "flow.yaml"
    file.write_text(yaml.safe_dump(FLOW))

    def run(journal: str, moment: int) -> str:
        assert children.stdin is not None
        assert children.stdout is not None
        children.stdin.write(json.dumps([str(file), journal, service.server.url, moment, str(tmp_path)]) + "\n")
        children.stdin.flush()
        return children.stdout.readline().strip()

    return run


def name_of(journal: str) -> str:
    return f"{journal}#run" if journal.startswith("sqlite") else journal


def records_of(journal: str) -> list[dict[str, Any]]:
    if journal.startswith("sqlite"):
        from connector.journal.sqlite import read_records

        return [record for _, record in read_records(Path(journal.removeprefix("sqlite:///")), "run")]
    return [json.loads(line) for line in Path(journal).read_bytes().splitlines()]


@pytest.mark.parametrize("moment", sample_of(range(MOMENTS), 6))
def test_killed_run_is_resumed_without_losing_or_doubling_a_write(
    moment: int, killed: Callable[[str, int], str], service: Service, workshop: Component, tmp_path: Path
) -> None:
    journal = journal_in(tmp_path, moment)
    assert killed(journal, moment) == str(-signal.SIGKILL)
    name, before = name_of(journal), records_of(journal)
    things = [thing["name"] for thing in service.things.values()]
    if before[-1]["type"] == "end":
        assert things == ["thing-0", "thing-1"]
        return
    contents = read_history(name)
    assert [past.status for past in runs(tmp_path if name == journal else journal)] == ["killed"]
    assert len(contents.unknown) <= 1
    # The only doubt is about a write between its intent and its results: it was in flight.
    assert bool(contents.unknown) == (before[-1]["type"] == "intent")
    options: dict[str, Any] = {"connections": service.connections, "state": tmp_path / "state"}
    for path in contents.unknown:
        with pytest.raises(JournalError, match="with an unknown outcome"):
            resume(name, workshop, **options)
        happened = f"thing-{path[5]}" in things
        options["unknown"] = "skip" if happened else "retry"
    done = resume(name, workshop, **options)
    assert done.results == 1
    assert sorted(thing["name"] for thing in service.things.values()) == ["thing-0", "thing-1"]
    finished = [record["path"] for record in before if record["type"] == "done"]
    again = [r["path"] for r in records_of(journal) if r["type"] == "done" and r["path"] in finished]
    assert sorted(again) == sorted(finished)


@pytest.mark.parametrize("count", [10_000, 10_001])
def test_moments_are_all_there_are(count: int, killed: Callable[[str, int], str], tmp_path: Path) -> None:
    assert killed(journal_in(tmp_path, count), count) == str(MOMENTS)
