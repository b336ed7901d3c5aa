"""Runs of a flow that are killed, or stopped and continued, at each event of the journal and of the socket.

    python -m tests.trials.kills --kills 25

A flow creates things in a service, with and without faults in flight, and keeps its journal in a file, in SQLite, and
in PostgreSQL where it is installed. Its process is killed several times in each phase of a write. Then the run is
resumed, each doubt is settled by a look at the service, and everything must have been created once. A process that is
only stopped keeps its run, except in PostgreSQL: there the run is finished elsewhere, and the process that goes on must
not send or persist anything.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

import yaml

from connector.errors import ConnectorError, JournalError, StepError
from connector.flows import Flow, resume, settle
from connector.journal import leases, postgres
from connector.journal.protocol import Durability, Journal, JournalHeldError, Record, UnknownRunError
from connector.journal.reader import JournalContents, read_history
from connector.journal.writer import JournalWriter
from connector.rest import exchange
from tests.flows.support import CONNECTION, TOKEN, ServerResponse, Service, document, step, workshop
from tests.support.postgres import postgres_server, programs
from tests.support.server import LoopbackServer, ReceivedRequest
from tests.trials.report import Report

Phase = Literal["before the intent", "intent to send", "send to response", "response to done", "after done"]
PHASES: tuple[Phase, ...] = (
    "before the intent",
    "intent to send",
    "send to response",
    "response to done",
    "after done",
)
CREATES = 3
MISSES = 20
"""Attempts in a row without a moment: a fault may end a run before it."""

ROOT = Path(__file__).parents[2]
FLOW = document(
    step("List", "workshop.listThings"),
    *(
        step(f"Create {n}", "workshop.createThing", {"name": f"~thing-{n}-{{{{$trigger.results.body.data}}}}"})
        for n in range(CREATES)
    ),
    step("Count", "persist-data.incrementInstanceValue", {"keyInput": "=trigger.results.body.data"}),
)


class Moments:
    """Counts the events of a process in one phase, and sends it a signal at one of them."""

    def __init__(self, phase: Phase, left: int, number: signal.Signals) -> None:
        self.phase: Phase = "before the intent"
        self.sends = 0
        self._target = phase
        self._left = left
        self._signal = number

    def come(self) -> None:
        """Note an event."""
        if self.phase != self._target:
            return
        if self._left == 0:
            # Said before the signal: the server has to see as many requests before anyone looks at what they did.
            print(json.dumps(["hit", self.sends]), flush=True)
            os.kill(os.getpid(), self._signal)
        self._left -= 1


class WatchedJournal:
    """A journal whose every record is two events."""

    def __init__(self, journal: Journal, moments: Moments) -> None:
        self._journal = journal
        self._moments = moments

    def append(self, record: Record, durability: Durability) -> None:
        """Append a record."""
        self._moments.come()
        self._journal.append(record, durability)
        is_done = record["type"] == "done" and record["path"].startswith("create")
        phases: dict[str, Phase] = {"intent": "intent to send", "done": "after done"}
        if record["type"] == "intent" or is_done:
            self._moments.phase = phases[record["type"]]
        self._moments.come()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


def watch(moments: Moments) -> None:
    """Make every record, every piece sent, and every piece received an event of this process."""
    opened, check = JournalWriter.__init__, JournalWriter.check_held
    send, read = exchange._send, exchange._Receiver.readinto

    def watched(self: JournalWriter, journal: Journal | None, history: JournalContents | None = None) -> None:
        opened(self, None if journal is None else WatchedJournal(journal, moments), history)

    def checking(self: JournalWriter) -> None:
        # The last moment before the bytes of a write leave.
        moments.come()
        check(self)

    def sending(*arguments: Any) -> None:
        moments.sends += 1
        if moments.phase == "intent to send":
            moments.phase = "send to response"
        send(*arguments)
        moments.come()

    def reading(self: Any, buffer: Any) -> int:
        moments.come()
        count = read(self, buffer)
        if moments.phase == "send to response":
            moments.phase = "response to done"
        moments.come()
        return count

    JournalWriter.__init__ = watched  # type: ignore[method-assign]
    JournalWriter.check_held = checking  # type: ignore[method-assign]
    exchange._send = sending  # type: ignore[assignment]
    exchange._Receiver.readinto = reading  # type: ignore[method-assign]


def shorten_leases() -> None:
    """Let leases be over soon, so that a killed run in PostgreSQL can be taken over at once."""
    leases.LEASE_SECONDS = 0.5
    vars(postgres)["LEASE_SECONDS"] = 0.5
    leases.RENEW_SECONDS = 0.1


def child() -> None:
    """Fork a process for each line of standard input, and print how it ended."""
    shorten_leases()
    component, flow = workshop(), Flow.parse(yaml.safe_dump(FLOW))
    for line in sys.stdin:
        options = json.loads(line)
        process = os.fork()
        if not process:
            watch(Moments(options["phase"], options["left"], signal.Signals(options["signal"])))
            connections = {CONNECTION: {"fields": {"apiKey": TOKEN, "baseUrl": options["url"]}}}
            named = {
                "id": options["name"],
                "journal": options["journal"],
                "payload": options["name"],
                "state": options["state"],
            }
            status = 0
            try:
                flow.run(component, connections=connections, max_wait=0, **named)
            except ConnectorError:
                status = 1
            os._exit(status)
        _, status = os.waitpid(process, os.WUNTRACED)
        while os.WIFSTOPPED(status):
            print(json.dumps(["stopped", 0]), flush=True)
            sys.stdin.readline()
            os.kill(process, signal.SIGCONT)
            _, status = os.waitpid(process, os.WUNTRACED)
        print(json.dumps(["killed" if os.WIFSIGNALED(status) else "ended", status]), flush=True)


class FaultyService(Service):
    """A service that loses some requests or responses, and counts what it did to each name."""

    def __init__(self, server: LoopbackServer, seed: int) -> None:
        super().__init__(server)
        # A killed client resets its connection, which the server would print.
        server._server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]
        self.faults = 0.0
        self.handled = 0
        self.created: list[str] = []
        self.faulty: set[str] = set()
        self._choose = random.Random(seed)
        self._lock = threading.Lock()

    def answer(self, request: ReceivedRequest) -> ServerResponse:
        """Answer a request, now and then wrongly."""
        with self._lock:
            try:
                if request.method != "POST":
                    return super().answer(request)
                name = json.loads(request.body)["name"]
                fault = self._choose.choice(["lost", "cut", "503"]) if self._choose.random() < self.faults else ""
                if fault:
                    self.faulty.add(name)
                if fault == "lost":
                    return ServerResponse(cut=True)
                self.created.append(name)
                response = super().answer(request)
                return {"cut": ServerResponse(cut=True), "503": ServerResponse({}, status=503)}.get(fault, response)
            finally:
                self.handled += 1


class Trial:
    """The kills of one report."""

    def __init__(
        self, report: Report, service: FaultyService, process: subprocess.Popen[str], folder: Path, url: str
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.report = report
        self.service = service
        self.component = workshop()
        self.requests: IO[str] = process.stdin
        self.replies: IO[str] = process.stdout
        self.folder = folder
        self.url = url
        self.runs = 0

    def one(self, phase: Phase, left: int, *, kind: str, faults: bool, stop: bool) -> bool:
        """Run the flow with a signal at one moment; return False if the moment never came."""
        self.runs += 1
        folder = self.folder / str(self.runs)
        name, state = f"r{self.runs}", str(folder / "state")
        journal = {"file": f"{folder}/{name}.jsonl", "sqlite": f"sqlite:///{folder}/runs.sqlite"}.get(kind, self.url)
        location = journal if kind == "file" else f"{journal}#{name}"
        self.service.faults = 0.3 if faults else 0.0
        handled, sends = self.service.handled, 0
        chosen = signal.SIGSTOP if stop else signal.SIGKILL
        named = {"journal": journal, "name": name, "state": state, "url": self.service.server.url}
        self._say({"phase": phase, "left": left, "signal": int(chosen), **named})
        outcome, number = json.loads(self.replies.readline())
        hit: bool = outcome == "hit"
        if hit:
            sends = number
            outcome, number = json.loads(self.replies.readline())
        if outcome == "stopped":
            if kind == "postgres":
                self._wait(handled + sends)
                self._finish(location, state, phase)  # its lease is over soon, though the process is only stopped
            else:
                self._check_held(location)
            self._say("continue")
            outcome, number = json.loads(self.replies.readline())
        self._wait(handled + sends)
        expected = "killed" if hit and not stop else "ended"
        if outcome != expected:
            self.report.fail("wrong", f"{phase} {left}: {outcome} {number} instead of {expected}")
        if self._finish(location, state, phase if hit and not stop else None):
            self._compare(state)
        return hit

    def _wait(self, handled: int) -> None:
        """Wait until the service has seen each request that was sent."""
        until = time.monotonic() + 5
        while self.service.handled < handled and time.monotonic() < until:
            time.sleep(0.001)

    def _say(self, line: Any) -> None:
        self.requests.write(json.dumps(line) + "\n")
        self.requests.flush()

    def _check_held(self, location: str) -> None:
        """Nobody resumes a run whose process was only stopped."""
        try:
            resume(location, self.component, connections=self.service.connections)
        except (JournalHeldError, UnknownRunError):
            pass
        except JournalError as error:
            self.report.fail("wrong", f"stopped: {error}")
        else:
            self.report.fail("wrong", "a stopped run was resumed")

    def _finish(self, location: str, state: str, killed: Phase | None) -> bool:
        """Resume the run until it is done, settling each doubt; return False if it never began."""
        names = [f"thing-{n}-r{self.runs}" for n in range(CREATES)]
        options: dict[str, Any] = {"connections": self.service.connections, "state": state, "max_wait": 0}
        try:
            history = read_history(location)
        except JournalError:
            history = None  # killed while the journal was created: the next start with the ID creates it
        if history is None:
            self.report.count("killed before the journal")
            return False
        for _ in range(30):
            history = read_history(location)
            if history.status == "done":
                break
            for path in list(history.unknown):
                self._settle(location, path, names[int(path[-1])], killed)
            try:
                self._resume(location, options)
            except StepError:
                self.report.count("failed again")
            killed = None
        return True

    def _compare(self, state: str) -> None:
        """Compare what was created and persisted with what the flow asks for."""
        for number in range(CREATES):
            name = f"thing-{number}-r{self.runs}"
            count = self.service.created.count(name)
            if count != 1:
                self.report.fail("lost" if count == 0 else "doubled", f"{name}: {count} times")
        (file,) = Path(state).glob("*.json")
        persisted = json.loads(file.read_bytes())["scopes"]["Instance Main"]
        if persisted != {f"r{self.runs}": 1}:
            self.report.fail("doubled", f"persisted: {persisted}")

    def _resume(self, location: str, options: dict[str, Any]) -> None:
        """Resume a run, in PostgreSQL once the lease of its killed process is over."""
        self._when_free(lambda: resume(location, self.component, **options))

    def _when_free(self, use: Callable[[], object]) -> None:
        until = time.monotonic() + 10
        while True:
            try:
                use()
            except JournalHeldError:
                if not self.url or time.monotonic() > until:
                    raise
                time.sleep(0.02)
            else:
                return

    def _settle(self, location: str, path: str, name: str, killed: Phase | None) -> None:
        in_flight = killed in {"intent to send", "send to response", "response to done"}
        if name not in self.service.faulty and not in_flight:
            self.report.fail("wrong", f"doubt about {name} without a fault in flight, killed {killed}")
        happened = name in self.service.created
        self.report.count(f"doubt: {'happened' if happened else 'did not happen'}")
        thing = next((thing for thing in self.service.things.values() if thing["name"] == name), None)
        results = {"thing": thing} if happened else None
        self._when_free(lambda: settle(location, path, self.component, happened=happened, results=results))


@contextmanager
def children() -> Iterator[subprocess.Popen[str]]:
    """Start the process that forks the others."""
    command = [sys.executable, "-m", "tests.trials.kills", "--child"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.stdin.close()  # type: ignore[union-attr]


def run(kills: int, stops: int, seed: int = 1, *, calm: bool = True, url: str = "") -> Report:
    """Kill and stop runs in each phase, with each journal: with faults, and if `calm` without them too."""
    shorten_leases()
    report = Report("kills", seed)
    with tempfile.TemporaryDirectory() as folder, LoopbackServer().running() as server, children() as process:
        trial = Trial(report, FaultyService(server, seed), process, Path(folder), url)
        for kind in ("file", "sqlite", *(["postgres"] if url else [])):
            for faults in (False, True) if calm else (True,):
                for phase in PHASES:
                    label = f"{kind}, {'faults' if faults else 'no faults'}, {phase}"
                    one = partial(trial.one, phase, kind=kind, faults=faults)
                    _hits(kills, partial(one, stop=False), report, label)
                    _hits(stops, partial(one, stop=True), report, f"{label}, stopped")
    return report


def _hits(count: int, attempt: Callable[[int], bool], report: Report, label: str) -> None:
    """Make attempts at moment 0, 1, 2, ... of a phase, and again from 0 when there are no more."""
    hits = left = misses = 0
    while hits < count and misses < MISSES:
        if attempt(left):
            hits, left, misses = hits + 1, left + 1, 0
        else:
            left, misses = 0, misses + 1
    if hits < count:
        report.fail("wrong", f"{label}: no such moment")
    report.count(label, hits)


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--kills", type=int, default=25, help="In each phase, with each journal, without and with faults."
    )
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child()
        return
    programs_folder = programs()
    with nullcontext() if programs_folder is None else postgres_server(programs_folder) as server:
        report = run(options.kills, options.stops, options.seed, url="" if server is None else server.url)
    for label, count in sorted(report.outcomes.items()):
        print(f"{count:5} {label}")
    report.outcomes.clear()
    report.exit()


if __name__ == "__main__":
    main()
