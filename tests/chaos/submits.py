"""Many submissions of one run ID from several processes at once: one run.

python -m tests.chaos.submits --submits 1000 --processes 8
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import yaml

from connector.errors import UsageError
from connector.flows import Flow, runs
from connector.workers import submit, wait
from tests.chaos.nursery import ROOT, nursery
from tests.chaos.workers import SlowService, database_of
from tests.flows.support import document, step, workshop
from tests.support.server import LoopbackServer
from tests.trials.report import Report

FLOW = document(step("Create", "workshop.createThing", {"name": "=trigger.results.body.data"}))


def child(database: str, count: int) -> None:
    """Submit the run `count` times."""
    component, flow = workshop(), Flow.parse(yaml.safe_dump(FLOW))
    ids = {submit(flow, component, database=database, id="order-1", payload="a").id for _ in range(count)}
    print(*ids)


def run(kind: str, submits: int, processes: int) -> Report:
    """Submit one ID to a database of a kind, while a worker performs what is submitted."""
    report = Report(f"submissions to {kind}", 0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database, _ = stack.enter_context(database_of(kind, folder))
        loopback = stack.enter_context(LoopbackServer().running())
        service = SlowService(loopback)
        process = stack.enter_context(nursery(database, loopback.url)).start(lease=5.0)
        stack.callback(os.kill, process, signal.SIGKILL)
        command = [sys.executable, "-m", "tests.chaos.submits", "--child", database]
        each = [*command, "--submits", str(submits // processes)]
        children = [subprocess.Popen(each, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        for submitting in children:
            out, _ = submitting.communicate()
            if submitting.returncode or out != "order-1\n":
                report.fail("wrong", f"exit {submitting.returncode}: {out}")
            report.count("submissions", submits // processes)
        wait("order-1", database=database, timeout=60)
        if service.created != {"a": 1}:
            report.fail("doubled" if service.created else "lost", str(service.created))
        if [(past.id, past.status) for past in runs(database)] != [("order-1", "done")]:
            report.fail("wrong", str(runs(database)))
        try:
            submit(Flow.parse(yaml.safe_dump(FLOW)), workshop(), database=database, id="order-1", payload="b")
        except UsageError:
            report.count("another payload rejected")
        else:
            report.fail("wrong", "another payload was accepted")
    return report


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submits", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--database", choices=["postgres", "sqlite"], default="postgres")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.submits)
    else:
        run(options.database, options.submits, options.processes).exit()


if __name__ == "__main__":
    main()
