"""A pool of Celery whose processes are killed: `python -m tests.engines.run_celery --kills 30`.

Each task calls `Flow.run(id=...)`. Its process is killed while it runs, and Celery delivers the task again.
Now and then the whole worker is killed, and the tasks are sent again. Nothing may be sent twice, which the sandbox
counts. It is a program of its own, since Celery is no dependency; a folder with Celery may be in PYTHONPATH.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from connector.errors import JournalError
from connector.flows import timeline
from connector.testing import sandbox
from tests.engines.killed_task import LATENCY, KilledRuns
from tests.trials.report import Report, main

ROOT = Path(__file__).parents[2]
TASKS = 20
CREATES = 5
LIMIT = 400.0
IDLE = 15.0
"""Seconds without a task after which the missing ones are sent again: Celery finds a lost process after ten."""

EVERY = 8
"""Kills of which one ends the whole worker, and not a process of its pool."""


class Pool:
    """A Celery worker with a pool of processes, and the tasks that are sent to it."""

    def __init__(self, folder: Path, runs: KilledRuns) -> None:
        for name in ("messages", "control", "running"):
            (folder / name).mkdir()
        self.running = folder / "running"
        os.environ |= runs.environment | {"TEST_FOLDER": str(folder)}
        from tests.engines.celery_tasks import app

        self._app = app
        self._log = (folder / "worker.log").open("wb")
        self.start()

    def start(self) -> None:
        """Start the worker."""
        options = [
            "--pool",
            "prefork",
            "--concurrency",
            "3",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "WARNING",
        ]
        command = [sys.executable, "-m", "celery", "-A", "tests.engines.celery_tasks", "worker", *options]
        self._worker = subprocess.Popen(command, cwd=ROOT, stdout=self._log, stderr=self._log, start_new_session=True)

    def send(self, run_id: str, slugs: list[str]) -> None:
        """Send a task; the same one again is the same run."""
        self._app.send_task("create_sources", [run_id, slugs])

    def processes(self) -> list[int]:
        """Return the processes that run a task."""
        return [int(note.name.rpartition("-")[2]) for note in self.running.iterdir()]

    def kill(self, process: int) -> None:
        """Kill one process of the pool."""
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        self._forget([process])

    def kill_all(self) -> None:
        """Kill the worker with its pool."""
        os.killpg(self._worker.pid, signal.SIGKILL)
        self._worker.wait()
        self._forget(self.processes())

    def _forget(self, processes: list[int]) -> None:
        for note in self.running.iterdir():
            if int(note.name.rpartition("-")[2]) in processes:
                note.unlink(missing_ok=True)


def run(kills: int, seed: int = 1) -> Report:
    """Send tasks, and kill until there were enough kills and all runs are done."""
    report, choose = Report("tasks of Celery", seed), random.Random(seed)
    slugs = {f"task-{number}": [f"task-{number}-{n}" for n in range(CREATES)] for number in range(TASKS)}
    with tempfile.TemporaryDirectory() as name, sandbox() as workspace:
        runs = KilledRuns(Path(name), workspace)
        pool = Pool(Path(name), runs)
        try:
            with runs.counting():
                for run_id, each in slugs.items():
                    pool.send(run_id, each)
                _until_done(pool, runs, slugs, kills, choose, report)
        finally:
            pool.kill_all()
        for problem in runs.problems([slug for each in slugs.values() for slug in each]):
            report.fail("wrong", problem)
        report.count("doubts settled", runs.doubts)
        report.count(
            "times that a run went on", sum(len(timeline(run.journal).resumed) for run in runs.past().values())
        )
        report.count("writes", sum(runs.log.statuses.values()))
    return report


def _until_done(
    pool: Pool, runs: KilledRuns, slugs: dict[str, list[str]], kills: int, choose: random.Random, report: Report
) -> None:
    end = time.monotonic() + LIMIT
    left, idle_since = kills, time.monotonic()
    while time.monotonic() < end:
        past = runs.past()
        if len(past) == len(slugs) and all(run.status == "done" for run in past.values()):
            return
        processes = pool.processes()
        if processes:
            idle_since = time.monotonic()
        if left and processes:
            left -= 1
            if left % EVERY:
                pool.kill(choose.choice(processes))
                report.count("processes of the pool killed")
            else:
                pool.kill_all()
                pool.start()
                report.count("workers killed")
            time.sleep(choose.uniform(0.2, 1.0))
        elif time.monotonic() - idle_since > IDLE:
            # What failed in doubt, or was lost with the worker, is not repeated by Celery: by its beat, or by a person.
            _repair(pool, runs, slugs, report)
            idle_since = time.monotonic()
        time.sleep(0.05)
    report.fail("stuck", f"{sum(run.status != 'done' for run in runs.past().values())} runs")


def _repair(pool: Pool, runs: KilledRuns, slugs: dict[str, list[str]], report: Report) -> None:
    time.sleep(LATENCY * 2)
    past = runs.past()
    for run_id, each in slugs.items():
        if run_id in past and past[run_id].status == "done":
            continue
        with suppress(JournalError):  # another process has it again
            if run_id in past:
                runs.settle_doubts(past[run_id])
            pool.send(run_id, each)
            report.count("tasks sent again")


if __name__ == "__main__":
    main(run, __doc__, kills=30, seed=1)
