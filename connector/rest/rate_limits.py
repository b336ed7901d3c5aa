"""How long a call may wait, and the gate that all calls of a connection pass."""

from __future__ import annotations

import itertools
import logging
import math
import random
import re
import threading
import time
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from connector.errors import UsageError

MAX_SINGLE_WAIT = 90.0
"""Seconds of the longest single wait. If an API asks for more, the call fails at once and says so."""

NEVER = 1e9
"""Seconds, about thirty years, that stand for any longer time, so that no arithmetic overflows."""

FIRST_BACKOFF = 0.25
"""Seconds before the first retry if the API does not say how long to wait."""

TURN = 0.001
"""Seconds between two calls that leave the gate one after the other."""

MOMENT = 0.05
"""Seconds below which a wait at the gate is only one for a turn."""

DEFAULT_MAX_WAIT = 120.0
"""Seconds that one request may wait in total, unless the caller sets another limit."""

DEFAULT_MAX_RESPONSE_BYTES = 64 * 2**20
"""Size of the largest response body after decompression, unless the caller sets another limit."""

_TICKETS = itertools.count()

CANCELLED: ContextVar[threading.Event | None] = ContextVar("CANCELLED", default=None)
"""An event that ends the waits of the calls made in this context, for callers that no longer need the result."""

CANCEL_SECONDS = 0.1
"""How often a wait that two events can end looks at the second one."""

logger = logging.getLogger("connector.rest")


class Cancellation(Protocol):
    """What ends a wait early."""

    def is_set(self) -> bool:
        """Return True if the call was cancelled."""

    def wait(self, timeout: float) -> bool:
        """Wait, and return True if the wait was cancelled."""


@dataclass(frozen=True, slots=True)
class EitherEvent:
    """A wait that ends with the first of two events."""

    first: threading.Event
    second: threading.Event

    def is_set(self) -> bool:
        """See `Cancellation`."""
        return self.first.is_set() or self.second.is_set()

    def wait(self, timeout: float) -> bool:
        """See `Cancellation`."""
        end = time.monotonic() + timeout
        while not self.second.is_set():
            left = end - time.monotonic()
            if left <= 0 or self.first.wait(min(left, CANCEL_SECONDS)):
                return left > 0
        return True


def sleep(seconds: float, cancelled: Cancellation) -> bool:
    """Wait, and return True if the wait was cancelled. Test tools replace this function to save the time."""
    return cancelled.wait(seconds)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits of a call, set by the caller.

    Attributes:
        max_wait: Seconds that one request may spend waiting; 0 raises an error instead of waiting.
        deadline: Value of `time.monotonic()` at which the whole call ends, or None.
        on_wait: Called with seconds and reason before each wait.
        max_response_bytes: Size of the largest response body, after decompression.
        before_send: Called directly before the bytes of a request are sent, and again before the last byte of a large
            one; what it raises ends the call.
        gate: The gate that the requests pass instead of the one of the connection.
        ticket: Place of the call in the queues of the gate, for a caller that waits itself and tries again.
    """

    max_wait: float = DEFAULT_MAX_WAIT
    deadline: float | None = None
    on_wait: Callable[[float, str], None] | None = None
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES
    before_send: Callable[[], None] | None = None
    gate: Gate | None = None
    ticket: int | None = None

    @classmethod
    def of(
        cls,
        max_wait: float | None = None,
        deadline: float | None = None,
        on_wait: Callable[[float, str], None] | None = None,
        max_response_bytes: int | None = None,
    ) -> CallLimits:
        """Return limits with a deadline in seconds from now; None means the default.

        Raises:
            UsageError: If a limit is not a number of 0 or more.
        """
        if max_wait is None and deadline is None and on_wait is None and max_response_bytes is None:
            return _DEFAULT_LIMITS  # the same for every call: to make them anew would be a seventh of its own work
        for name, limit in (("max_wait", max_wait), ("deadline", deadline), ("max_response_bytes", max_response_bytes)):
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0):
                raise UsageError(f"{name} must be a number of 0 or more, got {limit!r}")
        end = None if deadline is None else time.monotonic() + deadline
        size = DEFAULT_MAX_RESPONSE_BYTES if max_response_bytes is None else max_response_bytes
        return cls(DEFAULT_MAX_WAIT if max_wait is None else max_wait, end, on_wait, size)

    def remaining(self) -> float:
        """Return the seconds until the deadline; infinite without one."""
        return math.inf if self.deadline is None else self.deadline - time.monotonic()


_DEFAULT_LIMITS = CallLimits()


class Gate(Protocol):
    """What every attempt of a connection's calls passes. Implement it to share rate limits between processes.

    A call has one ticket for all its attempts, and earlier calls have smaller tickets. `own_limit` returns the key of
    the operation if it has a rate limit of its own, else an empty string. It may have to read a file.
    """

    def hold(self, ticket: int, seconds: float, own_limit: Callable[[], str]) -> None:
        """Let no call through for the next seconds, after the rate limit of a call, which keeps its place."""

    def delay(self, ticket: int, own_limit: Callable[[], str]) -> float:
        """Return 0 if the call may be sent now, else the seconds to wait before asking again.

        Raises:
            ConnectorError: If the gate cannot be used; nothing is sent then.
        """

    def sent(self, ticket: int, own_limit: Callable[[], str]) -> None:
        """Note that the call is sent now: if it is sent again, it has to ask again."""

    def leave(self, ticket: int, own_limit: Callable[[], str]) -> None:
        """Forget a call that is not sent again."""

    def reset(self) -> None:
        """Forget everything, in a process that was just forked."""


class _Queue:
    """The calls of one rate limit that wait, the earliest first."""

    def __init__(self) -> None:
        self.open_at = 0.0
        self.tickets: list[int] = []


class RateLimitGate:
    """The gate of one process: after a rate limit, first come, first served. Safe to share between threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """See `Gate`; another thread may have held the lock when the process was forked."""
        self._lock = threading.Lock()
        self._queues: dict[str, _Queue] = defaultdict(_Queue)

    def hold(self, ticket: int, seconds: float, own_limit: Callable[[], str]) -> None:
        """See `Gate`."""
        key = own_limit()
        with self._lock:
            queue = self._queues[key]
            if ticket not in queue.tickets:
                insort(queue.tickets, ticket)
            queue.open_at = max(queue.open_at, time.monotonic() + min(seconds, NEVER))

    def delay(self, ticket: int, own_limit: Callable[[], str]) -> float:
        """See `Gate`: the next in the queue may go when the rate limit is over, the others a turn later each."""
        queue = self._queues.get(own_limit()) if self._queues else None
        if queue is None:
            return 0.0  # the ordinary case, without the lock
        with self._lock:
            if ticket not in queue.tickets:
                insort(queue.tickets, ticket)
            closed = max(0.0, queue.open_at - time.monotonic()) + queue.tickets.index(ticket) * TURN
            if not closed:
                queue.tickets.remove(ticket)
            return closed

    def sent(self, ticket: int, own_limit: Callable[[], str]) -> None:
        """See `Gate`: a call that may be sent has left the queue already."""

    def leave(self, ticket: int, own_limit: Callable[[], str]) -> None:
        """See `Gate`."""
        queue = self._queues.get(own_limit()) if self._queues else None
        if queue is not None:
            with self._lock:
                if ticket in queue.tickets:
                    queue.tickets.remove(ticket)


def new_ticket() -> int:
    """Return the next ticket of this process."""
    return next(_TICKETS)


class WaitBudget:
    """The time that one request has spent waiting, and may still spend."""

    def __init__(self, limits: CallLimits, cancelled: threading.Event) -> None:
        self.limits = limits
        self.waited = 0.0
        self.waits = 0
        by_caller = CANCELLED.get()
        self.cancelled: Cancellation = EitherEvent(cancelled, by_caller) if by_caller else cancelled

    def allows(self, seconds: float) -> bool:
        """Return True if a wait of this length keeps within the limits."""
        return self.waited + seconds <= self.limits.max_wait and seconds < self.limits.remaining()

    def wait(self, seconds: float, reason: str) -> bool:
        """Report the wait, sleep, and return True if the wait was cancelled."""
        self.waited += seconds
        self.waits += 1
        logger.debug("waiting %.2f s: %s", seconds, reason)
        if self.limits.on_wait:
            self.limits.on_wait(seconds, reason)
        return sleep(seconds, self.cancelled)

    def wait_for_turn(self, seconds: float) -> bool:
        """Sleep for a moment, which neither counts nor is reported, and return True if the wait was cancelled."""
        return sleep(seconds, self.cancelled)


def backoff(failures: int) -> float:
    """Return the seconds before the next retry: doubled with each failure, with jitter."""
    return min(MAX_SINGLE_WAIT, FIRST_BACKOFF * 2.0 ** min(failures, 20)) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a `Retry-After` header, which holds seconds or a date (RFC 9110, 10.2.3), or None.

    Services also send fractions, quotes, and units. Rounded up, none of them is retried too early.
    """
    value = (headers.get("Retry-After") or "").strip()
    number = re.fullmatch(r'"?\s*([0-9]+(?:\.[0-9]*)?)\s*(?:s|sec|seconds)?\s*"?', value, re.IGNORECASE)
    return min(float(math.ceil(min(float(number[1]), NEVER))), NEVER) if number else seconds_until(value)


def parse_number(value: object) -> float | None:
    """Return a number of an API, which may come as a string, if it is finite and not negative; else None."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,300}(\.[0-9]{0,300})?", value.strip(), re.ASCII):
        return min(float(value), NEVER * 1000)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        return None
    return float(min(value, NEVER * 1000))


def seconds_until(date: str) -> float | None:
    """Return the seconds until a date of RFC 5322 or ISO 8601, or None for anything else.

    A date without a zone, and one with the zone `-0000`, is in UTC.
    """
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        moment = datetime.fromisoformat(date) if re.match(r"[0-9]{4}-", date) else parsedate_to_datetime(date)
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return min(max(0.0, seconds), NEVER)
