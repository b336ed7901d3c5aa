"""Waiting: what a service says about it, and the gate that all threads share."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import connector
from connector import errors
from connector.component.context import Context
from connector.rest import RateLimitGate, Request, Response, parse_number, seconds_until
from connector.rest.exchange import Timeouts
from connector.rest.rate_limits import (
    MAX_SINGLE_WAIT,
    CallLimits,
    EitherEvent,
    WaitBudget,
    backoff,
    new_ticket,
    retry_after,
)
from tests.rest.conftest import RunnerOf, error_of, read, write
from tests.support.server import LoopbackServer, RawServer, ReceivedRequest, ServerResponse, raw_response

GOOD = raw_response({"n": 1})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("299.997", 300),
        ("0.2", 1),
        ("0", 0),
        ('"30"', 30),
        ("30s", 30),
        ("30 seconds", 30),
        ("9" * 400, 1e9),
        ("-5", None),
        ("1e5", None),
        ("\u00b2", None),
        ("soon", None),
        ("", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 1e9),
        ("0001-01-01T00:00:00+23:59", 0),
    ],
)
def test_retry_after_is_read_and_rounded_up(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}) == seconds


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("form", ["%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S -0000", "%Y-%m-%dT%H:%M:%SZ"])
def test_date_without_a_zone_is_utc(form: str, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        seconds = seconds_until((datetime.now(UTC) + timedelta(seconds=30)).strftime(form))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert seconds is not None
    assert 25 < seconds <= 30


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5.0),
        ("57647", 57647.0),
        ("1.5", 1.5),
        (0, 0.0),
        (10**400, 1e12),
        (-1, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ("x", None),
        ("\u0665", None),
        (None, None),
        ([], None),
    ],
)
def test_number_of_an_api_may_be_a_string(value: object, number: float | None) -> None:
    assert parse_number(value) == number


def test_backoff_doubles_up_to_the_cap() -> None:
    for failures in range(12):
        expected = min(MAX_SINGLE_WAIT, 0.25 * 2**failures)
        assert all(0.75 * expected <= backoff(failures) <= 1.25 * expected for _ in range(20))


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy"])
def test_wait_beyond_the_cap_is_an_error_at_once(status: str, way: str, runner_of: RunnerOf) -> None:
    with RawServer(raw_response({}, status, "Retry-After: 91"), GOOD) as server:
        began = time.monotonic()
        error = error_of(lambda: read(runner_of(server, max_wait=10_000)))

    assert error.exit_code == 5
    assert (len(server.requests), time.monotonic() - began < 2) == (1, True)


def test_wait_as_long_as_the_cap_is_waited(way: str, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def sleep(seconds: float, _cancelled: object) -> bool:
        waits.append(seconds)
        return False

    monkeypatch.setattr("connector.rest.rate_limits.sleep", sleep)
    busy = raw_response({}, "503 Busy", "Retry-After: 90")
    with RawServer(busy, GOOD) as server, runner_of(server, max_wait=90) as runner:
        assert read(runner) == {"n": 1}

    assert waits == [90.0]


class Window:
    """A service that allows some requests per window, and answers 429 with the rest of the window else."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self.ends, self.used = 0.0, 0
        self.lock = threading.Lock()

    def __call__(self, request: ReceivedRequest) -> ServerResponse:
        with self.lock:
            now = time.monotonic()
            if now >= self.ends:
                self.ends, self.used = now + self.seconds, 0
            self.used += 1
            if self.used <= self.limit:
                return ServerResponse({"path": request.path})
            left = (self.ends - now) * 1000
        return ServerResponse({"errors": [{"data": {"msBeforeNext": left}}]}, 429)


def test_64_threads_at_60_per_window_lose_no_call(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.script = Window(60, 0.7)
    with connector.Runner(segment, {"fields": fields}, max_wait=4) as runner, ThreadPoolExecutor(64) as pool:
        paths = list(pool.map(lambda n: runner.invoke("getSource", {"sourceId": f"s{n}"})["data"]["path"], range(180)))

    assert paths == [f"/sources/s{n}" for n in range(180)]


def test_gate_lets_calls_through_first_come_first_served() -> None:
    gate = RateLimitGate()
    assert gate.delay(1, str) == 0
    gate.hold(2, 0.05, str)
    waits = [gate.delay(ticket, str) for ticket in (3, 2, 5)]
    assert min(waits) > 0
    time.sleep(0.06)

    assert gate.delay(5, str) > 0
    assert gate.delay(2, str) == 0
    assert gate.delay(5, str) > 0
    gate.leave(3, str)
    assert gate.delay(5, str) == 0
    assert gate.delay(6, str) == 0


def test_operation_with_its_own_limit_does_not_hold_the_others(runner_of: RunnerOf) -> None:
    limited = raw_response({}, "429 Too Many Requests", "Retry-After: 60")
    subscription = {"destinationId": "d", "subscriptionId": "s", "enabled": False}
    with RawServer(limited, GOOD) as server, runner_of(server, max_wait=0) as runner:
        for _ in range(2):
            with pytest.raises(errors.RateLimitError):
                runner.invoke("updateDestinationSubscription", subscription)
        assert len(server.requests) == 1
        assert read(runner) == {"n": 1}


def test_rate_limit_of_the_connection_holds_all_operations_without_their_own(runner_of: RunnerOf) -> None:
    limited = raw_response({}, "429 Too Many Requests", "Retry-After: 60")
    with RawServer(limited, GOOD) as server, runner_of(server, max_wait=0) as runner:
        for call in (read, write):
            assert type(error_of(lambda call=call: call(runner))) is errors.RateLimitError  # type: ignore[misc]

    assert len(server.requests) == 1


def test_closing_the_runner_cancels_the_calls_that_wait(runner_of: RunnerOf) -> None:
    limited = raw_response({}, "429 Too Many Requests", "Retry-After: 60")
    waiting = threading.Event()
    with RawServer(limited) as server, ThreadPoolExecutor(4) as pool:
        runner = runner_of(server, on_wait=lambda _seconds, _reason: waiting.set())
        calls = [pool.submit(write, runner) for _ in range(4)]
        assert waiting.wait(5)
        time.sleep(0.1)
        runner.close()
        raised = [call.exception(timeout=5) for call in calls]

    assert {type(error) for error in raised} == {errors.CallCancelledError}


def test_closed_runner_drops_its_connections(runner_of: RunnerOf) -> None:
    with RawServer(GOOD) as server:
        with runner_of(server) as runner:
            read(runner)
            read(runner)
            (host,) = runner.connection.transport._hosts.values()
            assert host.pool.pool is not None
            sock = host.pool.pool.queue[-1].sock
            assert sock.fileno() >= 0
        assert sock.fileno() == -1
        assert server.connections == 1


class Attempts:
    """A plugin that keeps the status of every attempt."""

    def __init__(self) -> None:
        self.statuses: list[object] = []

    @connector.hookimpl(wrapper=True)
    def send_request(self, context: Context, request: Request) -> Any:
        try:
            response: Response = yield
        except errors.RequestError as error:
            self.statuses.append(type(error))
            raise
        self.statuses.append(response.status)
        return response


def test_hook_sees_every_attempt(way: str, runner_of: RunnerOf) -> None:
    component = connector.load_component()
    attempts = Attempts()
    component.add_plugin(attempts, "attempts")
    limited = raw_response({"errors": [{"data": {"msBeforeNext": 1}}]}, "429 Too Many Requests")
    with RawServer(limited, raw_response({}, "503 Busy"), RawServer.CLOSE, GOOD) as server:
        read(connector.Runner(component, {"fields": {"apiKey": "abc123def456", "baseUrl": server.url}}))

    assert attempts.statuses == [429, 503, errors.NoResponseError, 200]


def test_gate_of_another_kind_can_be_used(runner_of: RunnerOf) -> None:
    class Recorder(RateLimitGate):
        def __init__(self) -> None:
            super().__init__()
            self.holds: list[float] = []

        def hold(self, ticket: int, seconds: float, own_limit: Any) -> None:
            self.holds.append(seconds)

    limited = raw_response({}, "429 Too Many Requests", "Retry-After: 7")
    with RawServer(limited) as server:
        runner = runner_of(server, max_wait=0)
        runner.connection.transport.gate = gate = Recorder()
        error_of(lambda: read(runner))

    assert gate.holds == [7.0]


def test_repeated_rate_limits_are_never_retried_without_a_wait(
    runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OpenGate(RateLimitGate):
        def hold(self, ticket: int, seconds: float, own_limit: Any) -> None:
            pass

    monkeypatch.setattr("connector.rest.rate_limits.sleep", lambda _seconds, _cancelled: False)
    waits: list[float] = []
    limited = [raw_response({}, "429 Too Many Requests", "Retry-After: 0")] * 12
    with RawServer(*limited, GOOD) as server:
        runner = runner_of(server, max_wait=1000, on_wait=lambda seconds, _reason: waits.append(seconds))
        runner.connection.transport.gate = OpenGate()
        read(runner)

    assert waits == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5, 5])


def test_operation_does_not_begin_after_the_deadline() -> None:
    with pytest.raises(TimeoutError):
        Timeouts(deadline=time.monotonic() - 0.001).of(5)
    assert Timeouts().of(5) == 5
    assert Timeouts(deadline=time.monotonic() + 100).of(5) == 5
    assert 0 < Timeouts(deadline=time.monotonic() + 1).of(5) <= 1


def test_wait_ends_with_the_first_of_two_events() -> None:
    first, second = threading.Event(), threading.Event()
    either = EitherEvent(first, second)
    began = time.monotonic()

    assert either.wait(0.15) is False
    assert time.monotonic() - began >= 0.15
    assert not either.is_set()
    threading.Timer(0.02, first.set).start()
    assert either.wait(0.9) is True
    assert either.is_set()
    first.clear()
    threading.Timer(0.02, second.set).start()
    assert either.wait(0.9) is True
    assert either.is_set()
    assert time.monotonic() - began < 3


def test_wait_for_a_turn_can_be_cancelled() -> None:
    cancelled = threading.Event()
    budget = WaitBudget(CallLimits(), cancelled)

    assert budget.wait_for_turn(0.001) is False
    cancelled.set()
    assert budget.wait_for_turn(0.001) is True
    assert (budget.waits, budget.waited) == (0, 0)


def test_later_call_has_a_later_ticket() -> None:
    assert new_ticket() < new_ticket() < new_ticket()


def test_wait_for_a_turn_neither_counts_nor_is_reported(runner_of: RunnerOf) -> None:
    class Turns(RateLimitGate):
        turns = 3

        def delay(self, ticket: int, own_limit: Any) -> float:
            self.turns -= 1
            return 0.001 if self.turns >= 0 else 0.0

    waits: list[float] = []
    with RawServer(GOOD) as server:
        runner = runner_of(server, max_wait=0, on_wait=lambda seconds, _reason: waits.append(seconds))
        runner.connection.transport.gate = Turns()
        read(runner)

    assert waits == []
