"""A worker that is stopped between the intent and the request of a write, and goes on when another has its run.

    python -m tests.chaos.split_brain

Once it sends its request at once, and once only after it has renewed what it can: neither may send anything.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import yaml

from connector.flows import Flow, settle
from connector.journal.past_runs import past_run
from connector.workers import submit, submit_again, wait
from tests.chaos.nursery import nursery
from tests.chaos.workers import SlowService, database_of
from tests.flows.support import document, step, workshop
from tests.support.postgres import PostgresServer
from tests.support.server import LoopbackServer
from tests.trials.report import Report

FLOW = document(step("Create", "workshop.createThing", {"name": "=trigger.results.body.data"}))
LIMIT = 60


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


def run(lease: float = 5.0, server: PostgresServer | None = None) -> Report:
    """Run the trial with PostgreSQL: in SQLite, a process that is stopped keeps its run."""
    report = Report("split brain", 0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database, _ = stack.enter_context(database_of("postgres", folder, server))
        loopback = stack.enter_context(LoopbackServer().running())
        service = SlowService(loopback)
        workers = stack.enter_context(nursery(database, loopback.url))
        component, flow = workshop(), Flow.parse(yaml.safe_dump(FLOW))
        for nap in (0.0, lease):
            run_id = f"split-{nap:g}"
            stopped = workers.start(lease=lease, nap=nap)
            submit(flow, component, database=database, id=run_id, payload=run_id)
            until(lambda process=stopped: state_of(process) == "T")  # type: ignore[misc]
            other = workers.start(lease=lease)
            failed = wait(run_id, database=database, timeout=LIMIT)
            if (failed.status, failed.unknown) != ("failed", 1):
                report.fail("wrong", f"{run_id}: {failed.status} with {failed.unknown} in doubt")
            settle(failed.journal, "Create", component, happened=False)
            submit_again(run_id, database=database)
            wait(run_id, database=database, timeout=LIMIT)
            os.kill(stopped, signal.SIGCONT)
            time.sleep(nap + 2)
            count = service.created[run_id]
            if count != 1 or past_run(f"{database}#{run_id}").status != "done":
                report.fail("doubled" if count > 1 else "lost", f"{run_id}: {count}")
            report.count("woken at once" if not nap else "woken, and renewed before it sends")
            for process in (stopped, other):
                os.kill(process, signal.SIGKILL)
    return report


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lease", type=float, default=5.0)
    run(lease=parser.parse_args().lease).exit()


if __name__ == "__main__":
    main()
