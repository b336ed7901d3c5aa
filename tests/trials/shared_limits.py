"""Processes that share one token and one database: no window of a minute has more requests than the API allows.

    python -m tests.trials.shared_limits --processes 3 --minutes 10 --per-minute 60
    python -m tests.trials.shared_limits --processes 3 --minutes 10 --per-minute 5 --database sqlite

Each process starts one flow after the other, in several threads, and each flow sends one write to an operation with
this published limit. The time of each request is noted where it is sent, and where it arrives. Nobody may be overtaken.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

import connector
from connector.errors import StepError
from connector.flows import Flow
from connector.flows.run.events import Event, StepEvent
from connector.hookspecs import hookimpl
from connector.rest import Request, Response
from tests.support.postgres import postgres_server, programs
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse
from tests.trials.report import Report, main

ROOT = Path(__file__).parents[2]
TOKEN = "sgp_token-of-the-trial"
MINUTE = 60.0

OVERTAKES = 5.0
"""Seconds by which a call may be sent before one that asked earlier: SQLite gives its lock in any order, which takes a
moment on a busy machine."""

OPERATIONS: dict[int, tuple[str, dict[str, str]]] = {
    60: ("createLabel", {"label": '{"key": "k", "value": "v"}'}),
    5: (
        "createDestinationSubscription",
        {"destinationId": "d", "name": "n", "actionId": "a", "trigger": "t", "enabled": "true"},
    ),
}
"""An operation by its published limit per minute, and its inputs."""

THREADS = {60: 4, 5: 2}


def flow_of(per_minute: int) -> Flow:
    """Return a flow with one write."""
    action, inputs = OPERATIONS[per_minute]
    trigger = {
        "name": "Trigger",
        "isTrigger": True,
        "action": {"key": "webhook", "component": {"key": "webhook-triggers"}},
        "inputs": {},
    }
    write = {
        "name": "Write",
        "action": {"key": action, "component": {"key": "segment"}},
        "inputs": {name: {"type": "value", "value": text} for name, text in inputs.items()},
    }
    document = {"name": "Limits", "definitionVersion": 7, "flows": [{"name": "Main", "steps": [trigger, write]}]}
    return Flow.parse(yaml.safe_dump(document), "limits.yaml")


class Clock:
    """A plugin that notes when this thread sends a request."""

    def __init__(self) -> None:
        self.local = threading.local()

    @hookimpl(wrapper=True)
    def send_request(self, context: Any, request: Request) -> Generator[None, Response, Response]:
        """Note the time."""
        del context, request
        self.local.sent = time.monotonic()
        return (yield)


def work(url: str, base_url: str, per_minute: int, until: float) -> None:
    """Be one of the processes: print when each call asked and was sent."""
    component, flow, clock = connector.load_component(), flow_of(per_minute), Clock()
    component.add_plugin(clock)
    connections = {"segment": {"fields": {"apiKey": TOKEN, "baseUrl": base_url}}}

    def start_flows() -> None:
        while time.monotonic() < until:
            starts: list[float] = []
            error = ""

            def note(event: Event, starts: list[float] = starts) -> None:
                if isinstance(event, StepEvent) and event.state == "running":
                    starts.append(time.monotonic())

            try:
                flow.run(component, connections=connections, journal=url, max_wait=100 * MINUTE, on_event=note)
            except StepError as failure:
                error = str(failure)
            line = json.dumps([starts[-1], clock.local.sent, error])
            sys.stdout.write(f"{line}\n")  # at once, since other threads write too
            sys.stdout.flush()

    threads = [threading.Thread(target=start_flows) for _ in range(THREADS[per_minute])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def worst_window(times: Sequence[float]) -> int:
    """Return the largest number of requests in any minute."""
    times = sorted(times)
    most = begin = 0
    for end, moment in enumerate(times):
        while moment - times[begin] > MINUTE:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def overtaken(calls: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Iterate over the calls that were sent after one that asked later."""
    last = (0.0, 0.0)
    for started, sent in sorted(calls):
        if sent < last[1] - OVERTAKES and started > last[0] + OVERTAKES:
            yield f"asked {started - last[0]:.1f} s later, sent {last[1] - sent:.1f} s earlier"
        last = max(last, (started, sent), key=lambda call: call[1])


@contextmanager
def database_of(kind: str, folder: Path) -> Iterator[str]:
    """Provide a database."""
    programs_folder = programs()
    if kind == "sqlite" or programs_folder is None:
        yield f"sqlite:///{folder}/runs.sqlite"
        return
    with postgres_server(programs_folder) as server:
        yield server.url


def run(processes: int, minutes: float, per_minute: int = 60, database: str = "postgres") -> Report:
    """Run the trial and return its report."""
    report = Report(f"shared limits, {per_minute} a minute, {database}", 0)
    arrivals: list[float] = []

    def answer(_request: ReceivedRequest) -> ServerResponse:
        arrivals.append(time.monotonic())
        return ServerResponse({"data": {}})

    with (
        tempfile.TemporaryDirectory() as folder,
        database_of(database, Path(folder)) as url,
        LoopbackServer().running() as server,
    ):
        server.script = answer
        until = time.monotonic() + minutes * MINUTE
        code = f"from tests.trials.shared_limits import work; work({url!r}, {server.url!r}, {per_minute}, {until})"
        command = [sys.executable, "-c", code]
        children = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        results = [[json.loads(line) for line in child.communicate()[0].splitlines()] for child in children]
    calls = [(request, sent) for lines in results for request, sent, error in lines if not error]
    for lines in results:
        for _, _, error in lines:
            if error:
                report.fail("lost", error)
    if len(arrivals) != len(calls):
        report.fail("doubled" if len(arrivals) > len(calls) else "lost", f"{len(arrivals)} of {len(calls)} arrived")
    for place, times in (("sent", [sent for _, sent in calls]), ("arrived", arrivals)):
        worst = worst_window(times)
        report.count(f"most {place} in a minute", worst)
        if worst > per_minute:
            report.fail("wrong", f"{worst} requests {place} in a minute")
    for description in overtaken(calls):
        report.fail("wrong", description)
    waits = Counter(round(sent - request) for request, sent in calls)
    report.count("requests", len(calls))
    report.count("longest wait in s", max(waits))
    report.count("fewest per process", min(map(len, results)))
    report.count("most per process", max(map(len, results)))
    expected = int(per_minute * minutes * MINUTE / (MINUTE + 2))
    if len(calls) < expected:
        report.fail("wrong", f"only {len(calls)} requests, expected {expected} or more")
    return report


if __name__ == "__main__":
    main(run, __doc__, processes=3, minutes=10.0, per_minute=60, database="postgres")
