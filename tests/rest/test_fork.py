"""A runner that is used before and after a fork shares no connection with the child."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import connector
from connector.rest.rate_limits import RateLimitGate
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
]

CALLS = 60
PROCESSES = 3


SECONDS = 20
"""A child that lasts longer is killed by its alarm: without the mend, it may wait for ever."""


def fork(child: Callable[[], int]) -> int:
    """Return the ID of a child process that exits with the code that a function returns."""
    process = os.fork()
    if process == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        code = 98
        try:
            code = child()
        finally:
            os._exit(code)
    return process


def exit_code(process: int) -> int:
    """Wait for a child and return its exit code; negative for the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def work(runner: connector.Runner, name: str) -> int:
    """Return the number of calls that failed or got another call's response."""
    wrong = 0
    for number in range(CALLS):
        path = f"{name}-{number}"
        try:
            wrong += runner.invoke("getSource", {"sourceId": path})["data"] != {"path": f"/sources/{path}"}
        except Exception:
            wrong += 1
    return wrong


def test_runner_used_across_forks_mixes_up_no_response(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    def answer(request: ReceivedRequest) -> ServerResponse:
        return ServerResponse({"path": request.path})

    server.script = answer
    runner = connector.Runner(segment, {"fields": fields}, max_wait=0)
    assert work(runner, "before") == 0
    children = [fork(partial(work, runner, f"child{child}")) for child in range(PROCESSES)]

    assert work(runner, "parent") == 0
    assert [exit_code(child) for child in children] == [0] * PROCESSES


def test_lock_held_at_a_fork_does_not_stop_the_child(runner: connector.Runner) -> None:
    gate = runner.connection.transport.gate
    assert isinstance(gate, RateLimitGate)
    gate.hold(1, 0, str)

    def child() -> int:
        done = threading.Thread(target=gate.delay, args=(1, str), daemon=True)
        done.start()
        done.join(2)
        return 1 if done.is_alive() else 0

    with gate._lock:
        assert exit_code(fork(child)) == 0


def test_closed_runner_stays_closed_in_a_child(runner: connector.Runner) -> None:
    runner.close()
    runner.connection.transport.forget_connections()
    assert runner.connection.transport.is_closed

    def child() -> int:
        try:
            runner.invoke("getSource", {"sourceId": "s"})
        except connector.errors.UsageError:
            return 0
        return 1

    assert exit_code(fork(child)) == 0
