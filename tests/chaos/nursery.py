"""A process that has imported everything, and forks a worker for each line of standard input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.component.profiles import Profile
from connector.journal import leases, postgres, presence
from connector.journal.writer import JournalWriter
from tests.flows.support import CONNECTION, TOKEN, workshop

ROOT = Path(__file__).parents[2]


class Nursery:
    """Starts workers, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], database: str, url: str) -> None:
        self._process = process
        self._options = {"database": database, "url": url}

    def start(self, **options: Any) -> int:
        """Start a worker, and return the ID of its process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**self._options, **options}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def nursery(database: str, url: str) -> Iterator[Nursery]:
    """Start the process that forks workers."""
    command = [sys.executable, "-m", "tests.chaos.nursery"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Nursery(process, database, url)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def shorten_leases(seconds: float) -> None:
    """Let a worker be taken for dead after this time."""
    for module in (leases, postgres, presence):
        vars(module)["LEASE_SECONDS"] = seconds
    leases.RENEW_SECONDS = seconds / 5


def stop_before_send(nap: float) -> None:
    """Stop the process once, between the intent and the request of a write; then sleep, so that its threads go on."""
    check, state = JournalWriter.check_held, {"stopped": False}

    def checking(self: JournalWriter) -> None:
        if not state["stopped"]:
            state["stopped"] = True
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(nap)
        check(self)

    JournalWriter.check_held = checking  # type: ignore[method-assign]


def work(options: dict[str, Any]) -> None:
    """Be a worker until the end of the process."""
    from connector.workers import Worker

    shorten_leases(options["lease"])
    if "nap" in options:
        stop_before_send(options["nap"])
    fields = {"apiKey": TOKEN, "baseUrl": options["url"]}
    profiles = {CONNECTION: Profile(CONNECTION, "workshop", None, fields)}
    worker = Worker(options["database"], slots=4, profiles=profiles, components=workshop(), environment={})
    worker.run()


def main() -> None:
    """Fork a worker for each line."""
    import connector.workers.queue  # noqa: F401 - before the fork, since it takes long

    workshop()
    # The system forgets workers that died; nobody waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        process = os.fork()
        if not process:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                work(json.loads(line))
            finally:
                os._exit(1)
        print(process, flush=True)


if __name__ == "__main__":
    main()
