"""Many starts of one run ID from several processes at once: one run, whose results every start returns.

python -m tests.trials.starts --starts 1000 --processes 8
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import yaml

from connector.component.component import Component
from connector.errors import UsageError
from connector.flows import Flow, runs
from tests.flows.support import CONNECTION, TOKEN, Service, document, step, workshop
from tests.support.postgres import postgres_server, programs
from tests.support.server import LoopbackServer
from tests.trials.report import Report

ROOT = Path(__file__).parents[2]
FLOW = document(
    step("Create", "workshop.createThing", {"name": "=trigger.results.body.data"}),
    step("Tell", "workshop.echo", {"value": "=create.results.thing.id"}),
)


def start(component: Component, base_url: str, journal: str, payload: str) -> object:
    """Start the run, resume it, or return its results."""
    connections = {CONNECTION: {"fields": {"apiKey": TOKEN, "baseUrl": base_url}}}
    flow = Flow.parse(yaml.safe_dump(FLOW))
    return flow.run(component, id="order-1", journal=journal, connections=connections, payload=payload).results


def child(base_url: str, journal: str, count: int) -> None:
    """Start the run `count` times and print the different results."""
    component = workshop()
    results = {json.dumps(start(component, base_url, journal, "a")) for _ in range(count)}
    print(json.dumps(sorted(results)))


def run(starts: int, processes: int, url: str = "") -> Report:
    """Start one ID `starts` times in all, for each kind of journal."""
    report = Report("starts", 0)
    for kind in ("file", "sqlite", *(["postgres"] if url else [])):
        with tempfile.TemporaryDirectory() as folder, LoopbackServer().running() as server:
            journal = {"file": f"{folder}/order-1.jsonl", "sqlite": f"sqlite:///{folder}/runs.sqlite"}.get(kind, url)
            service = Service(server)
            command = [sys.executable, "-m", "tests.trials.starts", "--child", server.url, journal]
            each = [*command, "--starts", str(starts // processes)]
            children = [subprocess.Popen(each, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
            for process in children:
                out, _ = process.communicate()
                if process.returncode or json.loads(out) != ['{"value": "t1"}']:
                    report.fail("wrong", f"{kind}: exit {process.returncode}, results {out}")
                report.count(f"{kind}: starts", starts // processes)
            if len(service.things) != 1:
                report.fail("doubled" if service.things else "lost", f"{kind}: {len(service.things)} things")
            stored = runs(folder if kind == "file" else journal)
            if [(past.id, past.status) for past in stored] != [("order-1", "done")]:
                report.fail("wrong", f"{kind}: {stored}")
            try:
                start(workshop(), server.url, journal, "b")
            except UsageError:
                report.count(f"{kind}: another payload rejected")
            else:
                report.fail("wrong", f"{kind}: another payload was accepted")
    return report


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        base_url, journal = options.child
        child(base_url, journal, options.starts)
        return
    folder = programs()
    with nullcontext() if folder is None else postgres_server(folder) as server:
        run(options.starts, options.processes, "" if server is None else server.url).exit()


if __name__ == "__main__":
    main()
