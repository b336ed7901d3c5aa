"""The arithmetic of shared limits, with a clock of its own: never more than the limit, first come first served."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from connector.journal.limit_queue import LATE, SPARE, Limit, LimitQueue
from connector.rest.rate_limits import TURN
from tests.support.amount import sample_of

FIVE: tuple[Limit, ...] = ((5, 60.0),)
SIXTY: tuple[Limit, ...] = ((60, 60.0),)
NONE: tuple[Limit, ...] = ()


@dataclass
class Clock:
    """One stored queue, and a time that passes when the test says so."""

    limits: tuple[Limit, ...]
    now: float = 1000.0
    stored: dict[str, Any] = field(default_factory=dict)

    def ask(self, call: str, since: float | None = None) -> float:
        queue = LimitQueue(self.now, self.stored)
        seconds = queue.ask(call, since, self.limits)
        self.stored = queue.to_dict()
        return seconds

    def hold(self, seconds: float) -> None:
        queue = LimitQueue(self.now, self.stored)
        queue.hold(seconds, self.limits)
        self.stored = queue.to_dict()

    def leave(self, call: str) -> None:
        queue = LimitQueue(self.now, self.stored)
        queue.leave(call)
        self.stored = queue.to_dict()


def test_calls_within_the_limit_do_not_wait() -> None:
    clock = Clock(FIVE)
    assert [clock.ask(f"c{number}") for number in range(5)] == [0] * 5
    assert clock.ask("c5") == 60 + SPARE


def test_slot_is_taken_once() -> None:
    clock = Clock(FIVE)
    assert [clock.ask("same") for _ in range(6)] == [0, 0, 0, 0, 0, 60 + SPARE]


def test_calls_that_wait_go_in_the_order_in_which_they_came() -> None:
    clock = Clock(FIVE)
    waits = [clock.ask(f"c{number}") for number in range(12)]
    assert waits[5:10] == pytest.approx([61, 61.001, 61.002, 61.003, 61.004])
    assert waits[10:] == pytest.approx([122, 122.001])
    clock.now += 61 + 5 * TURN
    assert [clock.ask(f"c{number}") for number in (9, 8, 7, 6, 5)] == [0] * 5
    assert clock.ask("c10") == pytest.approx(61, abs=0.01)


def test_call_that_asks_too_late_is_counted_when_it_goes() -> None:
    clock = Clock(((1, 60.0),))
    assert clock.ask("a") == 0
    clock.now += 1
    assert clock.ask("late") == 60
    clock.now += 1
    assert clock.ask("next") == 120
    clock.now = 1091.0
    assert clock.ask("late", 1001.0) == 0
    clock.now = 1122.0
    assert clock.ask("next", 1002.0) == 30


def test_call_of_a_dead_process_delays_the_others_by_its_slot_only() -> None:
    clock = Clock(FIVE)
    for number in range(5):
        clock.ask(f"c{number}")
    assert clock.ask("dead") == 61
    assert clock.ask("alive") == pytest.approx(61 + TURN)
    clock.now += 61 + TURN
    assert clock.ask("alive") == 0


def test_slot_of_a_call_that_left_is_given_to_the_next() -> None:
    clock = Clock(((1, 60.0),))
    clock.ask("a")
    assert clock.ask("b") == 61
    clock.leave("b")
    assert clock.ask("c") == 61


def test_rate_limit_holds_everyone_and_keeps_the_order() -> None:
    clock = Clock(FIVE)
    for number in range(5):
        assert clock.ask(f"c{number}") == 0
    assert [clock.ask(call) for call in ("first", "second")] == [61, pytest.approx(61 + TURN)]
    clock.now += 10
    clock.hold(100)
    assert clock.ask("third") == pytest.approx(100 + 2 * TURN)
    clock.now += 51 + 2 * TURN
    assert clock.ask("first") == pytest.approx(49 - 2 * TURN)
    clock.now = 1110.0
    assert [clock.ask(call) for call in ("first", "second")] == [0, pytest.approx(TURN)]


def test_operation_without_a_limit_waits_only_after_a_rate_limit() -> None:
    clock = Clock(NONE)
    assert [clock.ask(f"c{number}") for number in range(500)] == [0] * 500
    clock.hold(7)
    assert [clock.ask(call) for call in ("a", "b")] == [7, pytest.approx(7 + TURN)]
    clock.now += 7
    assert clock.ask("a") == 0
    assert clock.ask("b") == pytest.approx(TURN)


def test_call_that_met_the_rate_limit_goes_first_after_it() -> None:
    clock = Clock(NONE)
    assert clock.ask("first") == 0
    clock.now += 1
    clock.hold(7)
    assert clock.ask("second") == 7
    assert clock.ask("first", 1000.0) == 7
    clock.now += 7
    assert clock.ask("second") == pytest.approx(TURN)
    assert clock.ask("first") == 0


def test_several_limits_hold_at_once() -> None:
    clock = Clock(((2, 1.0), (3, 60.0)))
    assert [clock.ask(call) for call in "abcd"] == [0, 0, pytest.approx(1.1), 61]


def test_queue_forgets_what_no_limit_needs() -> None:
    clock = Clock(SIXTY)
    for number in range(60):
        clock.ask(f"c{number}")
    clock.now += 62
    clock.ask("new")
    assert len(clock.stored["slots"]) == 1


@dataclass
class Caller:
    name: str
    since: float | None = None
    is_late: bool = False
    went: float | None = None


@pytest.mark.parametrize("limits", [FIVE, SIXTY, ((2, 5.0), (30, 300.0))])
@pytest.mark.parametrize("seed", sample_of(range(8), 4))
def test_no_window_has_more_than_the_limit_and_nobody_starves(limits: tuple[Limit, ...], seed: int) -> None:
    """Hundreds of callers come at random; some sleep too long, die, give up, or meet a rate limit."""
    chance, holds = random.Random(seed), seed % 2 == 1
    clock = Clock(limits)
    number, seconds = limits[0]
    pace = seconds / number
    order = itertools.count()
    events: list[tuple[float, int, Caller]] = []
    arrives = clock.now
    callers = [Caller(f"c{index}") for index in range(250)]
    for caller in callers:
        arrives += chance.expovariate(1.1 / pace) if chance.random() > 0.05 else 0
        heapq.heappush(events, (arrives, next(order), caller))
    closed_until, dead = 0.0, 0
    while events:
        clock.now, _, caller = heapq.heappop(events)
        wait = clock.ask(caller.name, caller.since)
        caller.since = clock.now if caller.since is None else caller.since
        if not wait:
            assert clock.now >= closed_until
            caller.went = clock.now
            if holds and chance.random() < 0.02:
                closed_until = max(closed_until, clock.now + 5)
                clock.hold(5)
        elif (fate := chance.random()) < 0.02:
            dead += 1
        elif fate < 0.04:
            clock.leave(caller.name)
            dead += 1
        else:
            caller.is_late |= fate > 0.97
            oversleeps = chance.uniform(0.3, 9) if fate > 0.97 else chance.uniform(0, LATE / 2)
            heapq.heappush(events, (clock.now + wait + oversleeps, next(order), caller))
    times = sorted(caller.went for caller in callers if caller.went is not None)
    assert len(times) == len(callers) - dead
    for most, length in limits:
        assert all(later - earlier > length for earlier, later in zip(times, times[most:], strict=False))
    if holds:
        return
    # Whoever is not late goes in the order of arrival.
    punctual = [caller for caller in callers if caller.went is not None and not caller.is_late]
    by_arrival = sorted(punctual, key=lambda caller: caller.since or 0)
    overtaken = [
        (one.name, two.name) for one, two in itertools.pairwise(by_arrival) if (one.went or 0) > (two.went or 0) + LATE
    ]
    assert overtaken == []
