"""How long a call may wait, and the gate that makes all calls of a connection wait together."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LONGEST_WAIT = 90.0
"""Seconds that a single wait takes at most, whatever the service asks for."""

LONGEST_TOLD = 1e9
"""Seconds that a service is believed to ask for at most: thirty years, which is never."""

FIRST_BACKOFF = 0.25
"""Seconds before the first repetition when the service does not say how long to wait."""

DEFAULT_MAX_WAIT = 120.0
"""Seconds that one request may wait in all, unless the caller says otherwise."""

logger = logging.getLogger("connector.rest")


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What the caller allows.

    Attributes:
        max_wait: Seconds that one request may spend waiting; 0 raises at once instead of waiting.
        deadline: Value of `time.monotonic()` after which nothing is begun, or None.
        on_wait: Called with seconds and reason before each wait.
    """

    max_wait: float = DEFAULT_MAX_WAIT
    deadline: float | None = None
    on_wait: Callable[[float, str], None] | None = None

    @classmethod
    def of(
        cls,
        max_wait: float | None = None,
        deadline: float | None = None,
        on_wait: Callable[[float, str], None] | None = None,
    ) -> CallLimits:
        """Limits from a deadline in seconds from now; None means the default."""
        until = None if deadline is None else time.monotonic() + deadline
        return cls(DEFAULT_MAX_WAIT if max_wait is None else max_wait, until, on_wait)

    def remaining(self) -> float:
        """Seconds until the deadline; infinite without one."""
        return float("inf") if self.deadline is None else self.deadline - time.monotonic()


class RateLimitGate:
    """Holds every call of one connection while the service wants none; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_at = 0.0

    def hold(self, seconds: float) -> None:
        """Let no call through for so many seconds from now."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def seconds_until_open(self) -> float:
        """Seconds until calls may pass; 0 when the gate is open."""
        return max(0.0, self._open_at - time.monotonic()) if self._open_at else 0.0


class WaitBudget:
    """The waiting of one request: what was waited, and whether more may be."""

    def __init__(self, limits: CallLimits) -> None:
        self.limits = limits
        self.waited = 0.0
        self.waits = 0

    def allows(self, seconds: float) -> bool:
        """True when so much more waiting keeps within the limits."""
        return self.waited + seconds <= self.limits.max_wait and seconds < self.limits.remaining()

    def wait(self, seconds: float, reason: str) -> None:
        """Sleep, and tell the caller."""
        self.waited += seconds
        self.waits += 1
        logger.debug("waiting %.2f s: %s", seconds, reason)
        if self.limits.on_wait:
            self.limits.on_wait(seconds, reason)
        time.sleep(seconds)


def backoff(tries: int) -> float:
    """Seconds before the next try after so many failed ones: doubled each time, with jitter."""
    return min(LONGEST_WAIT, FIRST_BACKOFF * 2.0**tries) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After` header, which holds seconds or a date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_TOLD)
    return seconds_until(value)


def seconds_until(date: str) -> float | None:
    """Seconds from now until an RFC 5322 date; None when it is none."""
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - time.time())
