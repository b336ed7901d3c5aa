"""Resumes of long runs, each in a process of its own: how much memory they take, from each kind of journal.

    python -m tests.trials.long_resumes --steps 100000

The steps are reads, writes, or writes with a secret input, which is removed from the journal at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext, suppress
from pathlib import Path

from connector.flows import resume
from connector.journal.journals import reopen_journal
from tests.flows.support import CONNECTION, flow_of, mappings, step, workshop
from tests.support.postgres import postgres_server, programs
from tests.trials.report import Report

ROOT = Path(__file__).parents[2]
MAX_MEGABYTES = {"file": 60, "sqlite": 60, "postgres": 75}
"""Imported libraries are most of it; the driver of PostgreSQL is one more."""

CONNECTIONS = {CONNECTION: {"fields": {"apiKey": "unused", "baseUrl": "http://127.0.0.1:1"}}}
SECRET = "secret-of-the-thing"
STEPS = {
    "reads": step("Step", "workshop.listThings"),
    "writes": step("Step", "workshop.createThing", {"name": "~thing {{$loop.index}}"}),
    "secrets": step("Step", "workshop.createThing", {"name": "a", "settings": mappings(token=SECRET)}),
}


class Killed(BaseException):
    """Ends a run before its first step."""


def kill(_event: object) -> None:
    """End a run before its first step."""
    raise Killed


def journal_of(place: str, kind: str, steps: int) -> str:
    """Write the journal of a run that was killed after a number of steps, and return its name."""
    looped = step("Loop", "loop.loopNTimes", {"iterationCount": str(steps)}, steps=[STEPS[kind]])
    flow = flow_of(looped, step("Tell", "workshop.echo", {"value": "the end"}))
    with suppress(Killed):
        flow.run(workshop(), connections=CONNECTIONS, journal=place, id=kind, on_event=kill)
    name = f"{place}#{kind}" if ":" in place else place
    journal = reopen_journal(name)
    for number in range(steps):
        path, thing = f"loop.{number}/step", {"id": f"id-{number}", "name": f"thing {number}"}
        if kind != "reads":
            inputs = {"name": thing["name"], "settings": {"token": SECRET} if kind == "secrets" else {}}
            intent = {"step": "Step", "action": "workshop.createThing", "connection": CONNECTION, "inputs": inputs}
            journal.append({"type": "intent", "path": path, **intent, "time": time.time()}, "later")
        journal.append({"type": "done", "path": path, "results": {"thing": thing}}, "later")
    journal.close()
    return name


def child(name: str) -> None:
    """Resume a run and print its results, seconds of CPU, and the peak of this process's memory in megabytes."""
    component, began = workshop(), time.process_time()
    run = resume(name, component, connections=CONNECTIONS)
    seconds = time.process_time() - began
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))
    print(json.dumps([run.results, run.steps["Step"].count, seconds, peak]))


def run(steps: int, url: str = "") -> Report:
    """Resume a run of each kind of steps, from each kind of journal."""
    report = Report("long resumes", 0)
    for kind in STEPS:
        with tempfile.TemporaryDirectory() as folder:
            places = {"file": f"{folder}/run.jsonl", "sqlite": f"sqlite:///{folder}/runs.sqlite"}
            for place, name in {**places, **({"postgres": url} if url else {})}.items():
                journal = journal_of(name, kind, steps)
                measure(report, f"{place}, {kind}", journal, steps, MAX_MEGABYTES[place])
    return report


def measure(report: Report, name: str, journal: str, steps: int, maximum: float) -> None:
    """Resume a run in a process of its own, and compare its memory with the limit."""
    command = [sys.executable, "-m", "tests.trials.long_resumes", "--child", journal]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if process.returncode:
        report.fail("uncaught", f"{name}: {process.stderr}")
        return
    results, count, seconds, megabytes = json.loads(process.stdout)
    print(f"{name}: {count} steps resumed in {seconds:.1f} s of CPU with {megabytes:.1f} MB", flush=True)
    if (results, count) != ({"value": "the end"}, steps):
        report.fail("wrong", f"{name}: {count} steps, results {results}")
    if megabytes > maximum:
        report.fail("wrong", f"{name}: {megabytes:.1f} MB are more than {maximum}")
    report.count("resumed")


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    folder = programs()
    with nullcontext() if folder is None else postgres_server(folder) as server:
        run(options.steps, "" if server is None else server.url).exit()


if __name__ == "__main__":
    main()
