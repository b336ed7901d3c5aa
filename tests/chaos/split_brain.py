"""A worker that is stopped between the intent and the request of a write, and goes on when another has its run.

    python -m tests.chaos.split_brain --times 10

Woken before its last look at the lease, it sends nothing, neither at once nor after it has renewed what it can. No
client can look and send in one step: woken between them, it sends late, and all that the others know is that the write
is in doubt. The time between them is measured too.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.component.component import Component
from connector.flows import Flow, settle
from connector.journal.past_runs import PastRun, past_run
from connector.journal.writer import JournalWriter
from connector.rest import exchange
from connector.workers import submit, submit_again, wait
from tests.chaos.nursery import Nursery, nursery
from tests.chaos.workers import SlowService, database_of
from tests.flows.support import document, loop, step, workshop
from tests.support.postgres import PostgresServer
from tests.support.server import LoopbackServer
from tests.trials.report import Report, main

FLOW = Flow.parse(
    yaml.safe_dump(document(step("Create", "workshop.createThing", {"name": "=trigger.results.body.data"})))
)
LOOP = Flow.parse(
    yaml.safe_dump(
        document(
            loop(
                "Each",
                "=trigger.results.body.data",
                step("Create", "workshop.createThing", {"name": "=each.currentItem"}),
            )
        )
    )
)
LIMIT = 60
SENDS = 200


@dataclass
class Trial:
    """Workers of one database, and the service that they call."""

    report: Report
    database: str
    service: SlowService
    nursery: Nursery
    component: Component
    lease: float

    def woken(self, run_id: str, place: str, nap: float) -> None:
        """Stop a worker at a place, let another have its run, and wake the first."""
        stopped = self.nursery.start(lease=self.lease, stop=[place, nap])
        submit(FLOW, self.component, database=self.database, id=run_id, payload=run_id)
        until(lambda: state_of(stopped) == "T")
        other = self.nursery.start(lease=self.lease)
        run = self.ended(run_id)
        if (run.status, run.unknown, self.service.created[run_id]) != ("failed", 1, 0):
            self.report.fail("wrong", f"{run_id}: {run.status}, {run.unknown} in doubt, {self.service.created[run_id]}")
        if place == "check":
            self.go_on(run)
            os.kill(stopped, signal.SIGCONT)
            time.sleep(nap + 2)
        else:
            os.kill(stopped, signal.SIGCONT)
            until(lambda: self.service.created[run_id] > 0)
            if past_run(run.journal).unknown != 1:
                self.report.fail("wrong", f"{run_id}: sent late, and not in doubt")
            self.go_on(run)
        count = self.service.created[run_id]
        if count != 1 or past_run(run.journal).status != "done":
            self.report.fail("doubled" if count > 1 else "lost", f"{run_id}: {count}")
        for process in (stopped, other):
            os.kill(process, signal.SIGKILL)

    def ended(self, run_id: str) -> PastRun:
        """Wait for the end of a run."""
        return wait(run_id, database=self.database, timeout=LIMIT)

    def go_on(self, run: PastRun) -> None:
        """Do what a person does: look at the service, settle the doubt, and let the run go on."""
        thing = self.service.thing(run.id)
        results = None if thing is None else {"thing": thing}
        settle(run.journal, "Create", self.component, happened=thing is not None, results=results)
        submit_again(run.id, database=self.database)
        self.ended(run.id)


def state_of(process: int) -> str:
    """Return the state of a process as the system names it; `T` is stopped."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


def microseconds(database: str, component: Component, service: SlowService) -> list[float]:
    """Return the time between the last look at the lease and the call that sends, of many writes."""
    check, send, looks, times = JournalWriter.check_held, exchange._send, [0.0], []

    def checking(self: JournalWriter) -> None:
        check(self)
        looks[0] = time.perf_counter()

    def sending(*arguments: Any) -> None:
        if looks[0]:
            times.append((time.perf_counter() - looks[0]) * 1e6)
        send(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JournalWriter, "check_held", checking)
        patch.setattr(exchange, "_send", sending)
        names = [f"sent-{number}" for number in range(SENDS)]
        LOOP.run(component, connections=service.connections, journal=database, id="sends", payload=names)
    return sorted(times)


def run(lease: float = 5.0, times: int = 1, server: PostgresServer | None = None) -> Report:
    """Run the trial with PostgreSQL: in SQLite, a process that is stopped keeps its run."""
    report = Report("split brain", 0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database, _ = stack.enter_context(database_of("postgres", folder, server))
        loopback = stack.enter_context(LoopbackServer().running())
        service = SlowService(loopback)
        workers = stack.enter_context(nursery(database, loopback.url))
        trial = Trial(report, database, service, workers, workshop(), lease)
        for number in range(times):
            for place, nap, outcome in (
                ("check", 0.0, "woken at once: nothing sent"),
                ("check", lease, "woken, and renewed: nothing sent"),
                ("send", 0.0, "woken between check and send: in doubt before it was sent"),
            ):
                trial.woken(f"split-{number}-{place}-{nap:g}", place, nap)
                report.count(outcome)
        between = microseconds(database, trial.component, service)
    report.notes.append(
        f"from check to send in {len(between)} writes: median {statistics.median(between):.0f} us, "
        f"longest {between[-1]:.0f} us"
    )
    return report


if __name__ == "__main__":
    main(run, __doc__, lease=5.0, times=1)
