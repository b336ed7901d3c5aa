"""Failures on request: rate limits, waiting, server errors, cut connections and bodies; a run repeats."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from .errors import SandboxError

FORMS = (
    "rate-limit:5/min[:no-retry-after], latency:200ms[±50], error:503[:0.1][:before|after|either], "
    "drop[:0.05][:before|after|either], truncate[:0.1], published-limits; each may end in @SEED"
)
PUBLISHED_LIMITS = {
    "createInvites": 60,
    "deleteUsers": 60,
    "getEventsVolumeFromWorkspace": 60,
    "createDestinationSubscription": 5,
    "updateSubscriptionForDestination": 5,
    "removeSubscriptionFromDestination": 5,
}
_UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}


@dataclass
class Fault:
    """One failure that a workspace plays.

    Attributes:
        text: As given, for example `drop:0.05`.
        kind: `rate-limit`, `published-limits`, `latency`, `error`, `drop` or `truncate`.
        chance: How likely each request meets it, 0 to 1.
        status: The status of an `error`.
        moment: Whether an `error` or a `drop` comes `before` or `after` the request took effect, or `either`.
        limit: The requests that a `rate-limit` lets pass in a window.
        window: The window in seconds.
        retry_after: Whether its 429 says `Retry-After`.
        delay: The seconds that `latency` waits.
        spread: By how many seconds `delay` varies either way.
    """

    text: str
    kind: str
    chance: float = 1.0
    status: int = 503
    moment: str = "before"
    limit: int = 0
    window: float = 60.0
    retry_after: bool = True
    delay: float = 0.0
    spread: float = 0.0
    _random: random.Random = field(default_factory=random.Random, repr=False)
    _windows: dict[str, tuple[float, int]] = field(default_factory=dict, repr=False)

    def strikes(self) -> bool:
        """Whether this request meets it."""
        return self._random.random() < self.chance

    def takes_effect(self) -> bool:
        """Whether the request that it strikes is carried out all the same."""
        return self.moment == "after" or (self.moment == "either" and self._random.random() < 0.5)

    def seconds(self) -> float:
        """How long this request waits."""
        return max(0.0, self.delay + self._random.uniform(-self.spread, self.spread))

    def exceeded(self, operation: str, now: float) -> tuple[int, float] | None:
        """Counts one request against its limit.

        Returns:
            None while it passes; else the requests consumed and the seconds until the window ends.
        """
        published = self.kind == "published-limits"
        limit = PUBLISHED_LIMITS.get(operation) if published else self.limit
        if limit is None:
            return None
        key = operation if published else ""
        start, used = self._windows.get(key, (now, 0))
        if now - start >= self.window:
            start, used = now, 0
        self._windows[key] = (start, used + 1)
        return (used + 1, start + self.window - now) if used >= limit else None


def parse_fault(text: str) -> Fault:
    """Reads one fault.

    Args:
        text: For example `rate-limit:5/min`, `latency:200ms±50`, `error:503:0.1`, `drop:0.05`, `truncate`,
            `published-limits`. `@SEED` at its end starts another run of chances.

    Raises:
        SandboxError: It is none; the message shows every form.
    """
    body, _, seed = text.partition("@")
    kind, *arguments = body.strip().split(":")
    fault = Fault(text=text, kind=kind)
    reader = _READERS.get(kind)
    if reader is None:
        _refuse(text)
    try:
        reader(fault, arguments)
    except (ValueError, IndexError, KeyError):
        _refuse(text)
    fault._random.seed(f"{body}@{seed}")  # noqa: SLF001 - its own field
    return fault


def _refuse(text: str) -> NoReturn:
    raise SandboxError(f"{text!r} is no fault; a fault is one of {FORMS}.") from None


def _rate_limit(fault: Fault, arguments: list[str]) -> None:
    limit, _, unit = arguments[0].partition("/")
    fault.limit, fault.window = int(limit), float(_UNITS[unit])
    if fault.limit < 0 or arguments[1:] not in ([], ["no-retry-after"]):
        raise ValueError
    fault.retry_after = not arguments[1:]


def _latency(fault: Fault, arguments: list[str]) -> None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)(?:(?:±|\+-)(\d+(?:\.\d+)?)(?:ms|s)?)?", ":".join(arguments))
    if not match:
        raise ValueError
    scale = 0.001 if match[2] == "ms" else 1.0
    fault.delay, fault.spread = float(match[1]) * scale, float(match[3] or 0) * scale


def _error(fault: Fault, arguments: list[str]) -> None:
    fault.status = int(arguments[0])
    if not 500 <= fault.status <= 599:
        raise ValueError
    _chance_and_moment(fault, arguments[1:])


def _drop(fault: Fault, arguments: list[str]) -> None:
    fault.moment = "either"
    _chance_and_moment(fault, arguments)


def _chance_and_moment(fault: Fault, arguments: list[str]) -> None:
    rest = list(arguments)
    if rest and rest[-1] in ("before", "after", "either"):
        fault.moment = rest.pop()
    if rest:
        fault.chance = float(rest.pop())
    if rest or not 0 <= fault.chance <= 1:
        raise ValueError


def _truncate(fault: Fault, arguments: list[str]) -> None:
    if arguments and arguments[-1] in ("before", "after", "either"):
        raise ValueError
    _chance_and_moment(fault, arguments)


def _published_limits(_fault: Fault, arguments: list[str]) -> None:
    if arguments:
        raise ValueError


_READERS: dict[str, Callable[[Fault, list[str]], None]] = {
    "rate-limit": _rate_limit,
    "published-limits": _published_limits,
    "latency": _latency,
    "error": _error,
    "drop": _drop,
    "truncate": _truncate,
}


@dataclass(frozen=True)
class Limited:
    """A request that came too soon: requests consumed, seconds to wait, whether `Retry-After` is sent."""

    consumed: int
    wait: float
    retry_after: bool


@dataclass(frozen=True)
class FaultPlan:
    """What one request meets."""

    delay: float = 0.0
    limited: Limited | None = None
    strike: Fault | None = None
    takes_effect: bool = True
    truncate: bool = False


def plan(faults: Iterable[Fault], operation: str) -> FaultPlan:
    """Decides what one request of an operation meets; the first error or drop that strikes is the one."""
    delay, limited, strike, takes_effect, truncate = 0.0, None, None, True, False
    for fault in faults:
        if fault.kind == "latency":
            delay += fault.seconds()
        elif fault.kind in ("rate-limit", "published-limits"):
            over = fault.exceeded(operation, time.monotonic())
            limited = Limited(*over, retry_after=fault.retry_after) if over else limited
        elif fault.strikes():
            if fault.kind == "truncate":
                truncate = True
            elif strike is None:
                strike, takes_effect = fault, fault.takes_effect()
    return FaultPlan(delay, limited, strike, takes_effect, truncate)
