"""A process that has imported everything, and forks a worker for each line of standard input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.component.profiles import Profile
from connector.journal import leases, postgres, presence
from connector.journal.writer import JournalWriter
from connector.rest import exchange
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


def stop_once(place: str, nap: float) -> None:
    """Stop the process once, after the intent of a write, at a place on the way to its request.

    Args:
        place: `check`, before the last look at the lease, or `send`, between this look and the call that sends.
        nap: Seconds to sleep afterwards, in which the other threads of the process go on.
    """
    owner, name = {"check": (JournalWriter, "check_held"), "send": (exchange, "_send")}[place]
    go_on, state = getattr(owner, name), {"stopped": False}

    def stopping(*arguments: Any) -> None:
        if not state["stopped"]:
            state["stopped"] = True
            # A signal for the process reaches another thread first, and on a busy machine this one would go on and send
            # its request before it is stopped.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            time.sleep(nap)
        go_on(*arguments)

    setattr(owner, name, stopping)


def work(options: dict[str, Any]) -> None:
    """Be a worker until the end of the process."""
    from connector.workers import Worker

    shorten_leases(options["lease"])
    if "stop" in options:
        stop_once(*options["stop"])
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
