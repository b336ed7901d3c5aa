"""A runner that is used before and after a fork shares no connection with the child."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

import connector
from connector.rest.rate_limits import RateLimitGate
from tests.support.server import Asked, LoopbackServer, ServerResponse

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

CALLS = 60
PROCESSES = 3


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


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_runner_used_across_forks_mixes_up_no_response(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    def answer(asked: Asked) -> ServerResponse:
        return ServerResponse({"path": asked.path})

    server.script = answer
    runner = connector.Runner(segment, {"fields": fields}, max_wait=0)
    assert work(runner, "before") == 0
    children = []
    for child in range(PROCESSES):
        pid = os.fork()
        if pid == 0:
            os._exit(min(99, work(runner, f"child{child}")))
        children.append(pid)

    assert work(runner, "parent") == 0
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * PROCESSES


def test_lock_held_at_a_fork_does_not_stop_the_child(runner: connector.Runner) -> None:
    gate = runner.connection.transport.gate
    assert isinstance(gate, RateLimitGate)
    gate.hold(0, str)
    with gate._lock:
        pid = os.fork()
        if pid == 0:
            done = threading.Thread(target=gate.delay, args=(1, str), daemon=True)
            done.start()
            done.join(2)
            os._exit(1 if done.is_alive() else 0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
