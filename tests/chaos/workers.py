"""Workers that are killed, stopped, and continued, while their database restarts: nothing is lost or doubled.

python -m tests.chaos.workers --database postgres --kills 300 --stops 120 --restarts 15 --seconds 840
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from connector.errors import ConnectorError
from connector.flows import Flow, runs, settle
from connector.journal import postgres, sqlite
from connector.journal.journals import database_of as database_file
from connector.journal.past_runs import PastRun
from connector.journal.reader import read_history
from connector.workers import submit, submit_again
from connector.workers.queue import QueuedRun, RunQueue
from tests.chaos.nursery import Nursery, nursery
from tests.flows.support import ServerResponse, Service, document, loop, step, workshop
from tests.support.postgres import PostgresServer, postgres_server, programs
from tests.support.server import LoopbackServer, ReceivedRequest
from tests.trials.report import Report

ITEMS = 4
WORKERS = 3
OPEN_RUNS = 8
LATENCY = 0.03
LAST_SECONDS = 90.0
"""Seconds at the end in which there are no more faults, so that every run can end."""

FLOW = document(
    loop(
        "Each",
        "=trigger.results.body.data",
        step("Create", "workshop.createThing", {"name": "=each.currentItem"}),
        step("Change", "workshop.updateThing", {"thingId": "=create.results.thing.id", "name": "=each.currentItem"}),
        step("List", "workshop.listThings"),
    )
)


class SlowService(Service):
    """A service that takes some time for each write, and counts what it created."""

    def __init__(self, server: LoopbackServer) -> None:
        super().__init__(server)
        # A killed client resets its connection, which the server would print.
        server._server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]
        self.created: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, request: ReceivedRequest) -> ServerResponse:
        """Answer a request."""
        if request.method == "GET":
            return ServerResponse({"things": []})
        time.sleep(LATENCY)
        with self._lock:
            if request.method == "POST":
                self.created[json.loads(request.body)["name"]] += 1
            return super().answer(request)

    def thing(self, name: str) -> dict[str, Any] | None:
        """Return the thing with a name."""
        with self._lock:
            return next((thing for thing in self.things.values() if thing["name"] == name), None)


@dataclass
class Death:
    """A killed worker, and the runs that it had."""

    at: float
    keys: list[str]


@dataclass
class Chaos:
    """The state of one trial."""

    report: Report
    database: str
    service: SlowService
    nursery: Nursery
    lease: float
    seed: int
    server: PostgresServer | None = None
    workers: dict[int, bool] = field(default_factory=dict)
    deaths: list[Death] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    doubts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.choose = random.Random(self.seed)
        self.component = workshop()
        self.flow = Flow.parse(yaml.safe_dump(FLOW))
        self.queue = RunQueue(self.database)

    def run(self, kills: int, stops: int, restarts: int, seconds: float) -> None:
        """Make faults until there were enough, or the time is over; then let all runs end."""
        end = time.monotonic() + seconds
        faults = [self.kill] * kills + [self.stop] * stops
        self.choose.shuffle(faults)
        every = len(faults) // (restarts + 1) if restarts else 0
        for number in range(restarts):
            faults.insert((number + 1) * every + number, self.restart)
        for _ in range(WORKERS):
            self.start()
        while faults and time.monotonic() < end - LAST_SECONDS:
            self.feed()
            time.sleep(self.choose.uniform(0.05, 0.3))
            if faults[0]():
                faults.pop(0)
        self.report.count("faults left out", len(faults))
        while self.feed(0) and time.monotonic() < end:
            time.sleep(0.3)
        self.compare()

    def start(self) -> None:
        """Start a worker."""
        self.workers[self.nursery.start(lease=self.lease)] = True

    def feed(self, enough: int = OPEN_RUNS) -> int:
        """Settle doubts, submit runs until there are enough, and return how many have not ended."""
        past = {run.id: run for run in runs(self.database)}
        for run in past.values():
            if run.status == "failed":
                self.repair(run)
        count = sum(run.status != "done" for run in past.values())
        for _ in range(enough - count):
            run_id = f"r{len(self.submitted)}"
            self.submitted.append(run_id)
            names = [f"{run_id}-{number}" for number in range(ITEMS)]
            submit(self.flow, self.component, database=self.database, id=run_id, payload=names)
        return count

    def repair(self, run: PastRun) -> None:
        """Do what a person does: look at the service, settle each doubt, and let the run go on."""
        history = read_history(run.journal)
        with suppress(ConnectorError):  # a worker that was taken for dead may still write
            for path, write in list(history.unknown.items()):
                if write.action.endswith("createThing"):
                    thing = self.service.thing(write.inputs["name"])
                    results = None if thing is None else {"thing": thing}
                    settle(run.journal, path, self.component, happened=thing is not None, results=results)
                    self.doubts[run.id] += 1
            if not history.unknown:
                self.report.count(f"failed: {run.error[:80]}")
            submit_again(run.id, database=self.database)

    def taken(self) -> list[QueuedRun]:
        """Return the runs that workers have."""
        return self.queue.taken()

    def held_by(self, process: int) -> list[str]:
        """Return the runs that a worker has."""
        return [place.key for place in self.taken() if place.worker.rsplit("-", 2)[1] == str(process)]

    def busy(self) -> list[int]:
        """Return the workers that go on and have runs."""
        holders = {place.worker.rsplit("-", 2)[1] for place in self.taken()}
        return [process for process, is_going in self.workers.items() if is_going and str(process) in holders]

    def kill(self) -> bool:
        """Kill a worker that has runs, and start another; return False if there is none."""
        if not (busy := self.busy()):
            return False
        process = self.choose.choice(busy)
        keys = self.held_by(process)
        os.kill(process, signal.SIGKILL)
        self.deaths.append(Death(time.time(), keys))
        del self.workers[process]
        self.start()
        self.report.count("kills")
        return True

    def stop(self) -> bool:
        """Stop a worker that has runs for a while, which may be longer than a lease."""
        if not (busy := self.busy()):
            return False
        process = self.choose.choice(busy)
        os.kill(process, signal.SIGSTOP)
        self.workers[process] = False
        seconds = self.lease * self.choose.choice([0.4, 1.2, 1.5])
        threading.Timer(seconds, self.go_on, [process]).start()
        self.report.count("stops")
        return True

    def go_on(self, process: int) -> None:
        """Continue a worker."""
        with suppress(ProcessLookupError):  # all runs have ended meanwhile, and so have the workers
            os.kill(process, signal.SIGCONT)
            self.workers[process] = True

    def restart(self) -> bool:
        """Restart the database at once, as after a crash."""
        assert self.server is not None
        self.server.stop()
        self.server.start()
        self.report.count("restarts")
        return True

    def compare(self) -> None:
        """Compare what the service created with what was submitted, and the queue with the journals."""
        past = {run.id: run for run in runs(self.database)}
        for run_id in self.submitted:
            for number in range(ITEMS):
                count = self.service.created[f"{run_id}-{number}"]
                if count != 1:
                    self.report.fail("doubled" if count else "lost", f"{run_id}-{number}: {count}")
            status = past[run_id].status if run_id in past else "none"
            place = self.queue.places(run_id)[-1]
            if (status, place.status) != ("done", "SUCCESS"):
                kind = "stuck" if place.is_open else "wrong"
                self.report.fail(kind, f"{run_id}: journal {status}, queue {place}, {self.reason(place.key)}")
            if self.doubts[run_id] and self.takeovers(run_id) < 2:
                self.report.fail("wrong", f"{run_id}: a doubt without a fault in flight")
        self.report.count("runs", len(self.submitted))
        self.report.count("writes", sum(self.service.created.values()))
        self.report.count("doubts settled", sum(self.doubts.values()))

    def reason(self, key: str) -> str:
        """Return why a place of a run has failed, as the queue has it."""
        (row,) = self.queue._opened().list_workflows(workflow_ids=[key], load_input=False)
        return str(row.error)

    def takeovers(self, run_id: str) -> int:
        """Return how often a worker began or went on with a run."""
        return sum(record["type"] == "resumed" for record in self.records(run_id))

    def records(self, run_id: str) -> list[dict[str, Any]]:
        """Return the records of a run."""
        file = database_file(self.database)
        numbered = (
            postgres.read_history_records(self.database, run_id)
            if file is None
            else sqlite.read_records(file[0], run_id)
        )
        return [record for _, record in numbered]

    def take_over_times(self) -> list[float]:
        """Return the seconds from each kill until another worker went on with a run, or ended it in doubt."""
        seconds = []
        for death in self.deaths:
            for key in death.keys:
                moments = [
                    (record["time"], record["type"])
                    for record in self.records(key.partition(":")[0])
                    if record["type"] in {"resumed", "end"}
                ]
                before = [kind for moment, kind in moments if moment <= death.at]
                later = [moment - death.at for moment, _ in moments if moment > death.at]
                if later and before[-1:] != ["end"]:  # else the killed worker had only to tell the queue
                    seconds.append(later[0])
        return seconds

    def end(self) -> None:
        """Kill all workers."""
        for process in self.workers:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.queue.close()


@contextmanager
def database_of(
    kind: str, folder: Path, server: PostgresServer | None = None
) -> Iterator[tuple[str, PostgresServer | None]]:
    """Return the URL of a database and its server, which is started unless one is passed."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/runs.sqlite", None
        return
    if server is not None:
        yield server.url, server
        return
    programs_folder = programs()
    assert programs_folder is not None
    with postgres_server(programs_folder) as server:
        yield server.url, server


def run(
    kind: str,
    *,
    kills: int,
    stops: int,
    restarts: int = 0,
    seconds: float = 840,
    lease: float = 5.0,
    seed: int = 1,
    server: PostgresServer | None = None,
) -> Report:
    """Run the trial with a database of a kind, `postgres` or `sqlite`."""
    report = Report(f"workers on {kind}", seed)
    began, load = time.monotonic(), os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database, server = stack.enter_context(database_of(kind, folder, server))
        loopback = stack.enter_context(LoopbackServer().running())
        service = SlowService(loopback)
        chaos = Chaos(
            report,
            database,
            service,
            stack.enter_context(nursery(database, loopback.url)),
            lease,
            seed,
            server,
        )
        stack.callback(chaos.end)
        chaos.run(kills, stops, restarts, seconds)
        times = sorted(chaos.take_over_times())
    if times:
        report.notes.append(
            f"take-over of {len(times)} runs: median {statistics.median(times):.1f} s, "
            f"90% {times[int(len(times) * 0.9)]:.1f} s, longest {times[-1]:.1f} s"
        )
    report.notes.append(f"{time.monotonic() - began:.0f} s, load {load:.0f} to {os.getloadavg()[0]:.0f}")
    return report


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["postgres", "sqlite"], default="sqlite")
    for name, default in (("kills", 10), ("stops", 5), ("restarts", 0), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=840.0)
    parser.add_argument("--lease", type=float, default=5.0)
    options = vars(parser.parse_args())
    run(options.pop("database"), **options).exit()


if __name__ == "__main__":
    main()
