"""Runs a flow in a process of its own that is killed at one of the moments of the run.

python -m tests.flows.crash_child FLOW JOURNAL BASE_URL MOMENT
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from connector.component.context import Context
from connector.flows import Flow
from connector.hookspecs import hookimpl
from connector.rest import Request, Response
from tests.flows.support import CONNECTION, TOKEN, workshop


class Killer:
    """Kills the process when as many moments have come as it was told."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def come(self, *_event: object) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    @hookimpl(wrapper=True)
    def send_request(self, context: Context, request: Request) -> Generator[None, Response, Response]:
        self.come()
        reply = yield
        self.come()
        return reply


def main() -> None:
    file, journal, base_url, moment = sys.argv[1:]
    killer = Killer(int(moment))
    component = workshop()
    component.add_plugin(killer)
    connections: dict[str, Any] = {CONNECTION: {"fields": {"apiKey": TOKEN, "baseUrl": base_url}}}
    Flow.load(file).run(component, connections=connections, journal=Path(journal), on_event=killer.come)


if __name__ == "__main__":
    main()
