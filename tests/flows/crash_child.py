"""Runs flows in processes that are killed at one of the moments of the run.

Reads a JSON list `[FLOW, JOURNAL, BASE_URL, MOMENT, STATE]` per line of standard input, forks a process for it, and
prints its exit status: forking is far quicker than starting Python for each of a hundred kills.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Generator
from typing import Any

from connector.component.component import Component
from connector.component.context import Context
from connector.flows import Flow
from connector.hookspecs import hookimpl
from connector.journal.protocol import Durability, Journal, Record
from connector.journal.reader import JournalContents
from connector.journal.writer import JournalWriter
from connector.rest import Request, Response
from tests.flows.support import CONNECTION, TOKEN, workshop


class Killer:
    """Kills the process when a number of moments have come: events, and both sides of requests and records."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def come(self, *_event: object) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    @hookimpl(wrapper=True)
    def send_request(self, context: Context, request: Request) -> Generator[None, Response, Response]:
        self.come()
        response = yield
        self.come()
        return response


class WatchedJournal:
    """A journal whose every record is two moments."""

    def __init__(self, journal: Journal, killer: Killer) -> None:
        self._journal = journal
        self._killer = killer

    def append(self, record: Record, durability: Durability) -> None:
        self._killer.come()
        self._journal.append(record, durability)
        self._killer.come()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


def run(component: Component, file: str, journal: str, base_url: str, moment: int, folder: str) -> int:
    """Run a flow, and return how many moments came."""
    killer = Killer(moment)
    component.add_plugin(killer)
    opened = JournalWriter.__init__

    def watched(self: JournalWriter, journal: Journal | None, history: JournalContents | None = None) -> None:
        opened(self, None if journal is None else WatchedJournal(journal, killer), history)

    JournalWriter.__init__ = watched  # type: ignore[method-assign]
    connections: dict[str, Any] = {CONNECTION: {"fields": {"apiKey": TOKEN, "baseUrl": base_url}}}
    state = f"{folder}/state"
    Flow.load(file).run(
        component, id="run", connections=connections, journal=journal, on_event=killer.come, state=state
    )
    return moment - killer.left


def main() -> None:
    component = workshop()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            print(run(component, *json.loads(line)), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(-os.WTERMSIG(status) if os.WIFSIGNALED(status) else "failed", flush=True)


if __name__ == "__main__":
    main()
