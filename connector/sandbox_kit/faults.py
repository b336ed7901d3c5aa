"""Faults: simulated rate limits, delays, server errors, and cut connections and bodies. A run repeats exactly."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connector.sandbox_kit.errors import SandboxError

FORMS = (
    "rate-limit:5/min[:no-retry-after]",
    "published-limits",
    "latency:200ms[±50]",
    "error:503[:0.1][:before|after|either]",
    "drop[:0.05][:before|after|either]",
    "truncate[:0.1]",
)
HINT = "Valid forms, each with an optional :OPERATION or :OPERATION#N and an optional @SEED:\n  " + "\n  ".join(FORMS)
_UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
MAX_DELAY = 3600.0
MAX_SHOWN = 180
"""Characters of an invalid fault that its error repeats."""
_MOMENTS = ("before", "after", "either")
_TARGET = re.compile(r"([a-z]+[A-Z][A-Za-z]*)(?:#([1-9]\d{0,8}))?")

LimitOf = Callable[[str], int | None]
"""From the id of an operation to the requests per minute that it documents."""


@dataclass
class Fault:
    """One fault of a workspace.

    Attributes:
        text: The fault as it was written, for example `drop:0.05`.
        kind: `rate-limit`, `published-limits`, `latency`, `error`, `drop` or `truncate`.
        operation: The only operation that meets it; empty for all.
        call: The only call that meets it, counted from 1; 0 for all.
        chance: How likely each request meets it, 0 to 1.
        status: The status of an `error`.
        moment: Whether an `error` or a `drop` comes `before` or `after` the request takes effect, or `either`.
        limit: The requests that a `rate-limit` allows per window.
        window: The window in seconds.
        retry_after: Whether a 429 has the header `Retry-After`.
        delay: The seconds that `latency` waits.
        spread: By how many seconds `delay` varies either way.
    """

    text: str
    kind: str
    operation: str = ""
    call: int = 0
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
    _calls: int = field(default=0, repr=False)

    def is_for(self, operation: str) -> bool:
        """Count one request, and return whether the fault is aimed at it."""
        if self.operation and operation != self.operation:
            return False
        self._calls += 1
        return self.call in (0, self._calls)

    def strikes(self) -> bool:
        """Return whether the next request meets it."""
        return self._random.random() < self.chance

    def takes_effect(self) -> bool:
        """Return whether the request that meets it is applied all the same."""
        return self.moment == "after" or (self.moment == "either" and self._random.random() < 0.5)

    def seconds(self) -> float:
        """Return how long the next request waits."""
        return max(0.0, self.delay + self._random.uniform(-self.spread, self.spread))

    def exceeded(self, operation: str, limit_of: LimitOf, now: float) -> tuple[int, float] | None:
        """Count one request against its limit.

        Returns:
            None while it is allowed; else the requests consumed and the seconds until the window ends.
        """
        published = self.kind == "published-limits"
        limit = limit_of(operation) if published else self.limit
        if limit is None:
            return None
        key = operation if published else ""
        start, used = self._windows.get(key, (now, 0))
        if now - start >= self.window:
            start, used = now, 0
        self._windows[key] = (start, used + 1)
        return (used + 1, start + self.window - now) if used >= limit else None


def parse_fault(text: str) -> Fault:
    """Parse one fault.

    Args:
        text: For example `rate-limit:5/min`, `latency:200ms±50`, `error:409:createSource#2`, `drop:0.05`, `truncate`
            or `published-limits`. `@SEED` at the end chooses another sequence of chances.

    Raises:
        SandboxError: If it is invalid; the hint lists all forms.
    """
    body, _, seed = text.partition("@")
    kind, *arguments = body.strip().split(":")
    fault = Fault(text=text, kind=kind)
    if arguments and (target := _TARGET.fullmatch(arguments[-1])):
        fault.operation, fault.call = target[1], int(target[2] or 0)
        arguments.pop()
    try:
        _READERS[kind](fault, arguments)
    except (ValueError, IndexError, KeyError):
        part = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
        raise SandboxError(f'invalid fault "{part}"', hint=HINT) from None
    fault._random.seed(f"{body}@{seed}")  # noqa: SLF001 - its own field
    return fault


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
    if fault.delay + fault.spread > MAX_DELAY:
        raise ValueError


def _error(fault: Fault, arguments: list[str]) -> None:
    fault.status = int(arguments[0])
    if not 400 <= fault.status <= 599:
        raise ValueError
    _chance_and_moment(fault, arguments[1:])


def _drop(fault: Fault, arguments: list[str]) -> None:
    fault.moment = "either"
    _chance_and_moment(fault, arguments)


def _chance_and_moment(fault: Fault, arguments: list[str]) -> None:
    rest = list(arguments)
    if rest and rest[-1] in _MOMENTS:
        fault.moment = rest.pop()
    if rest:
        fault.chance = float(rest.pop())
    if rest or not 0 <= fault.chance <= 1:
        raise ValueError


def _truncate(fault: Fault, arguments: list[str]) -> None:
    if arguments and arguments[-1] in _MOMENTS:
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
    """The faults that one request meets."""

    delay: float = 0.0
    limited: Limited | None = None
    strike: Fault | None = None
    takes_effect: bool = True
    truncate: bool = False

    @property
    def text(self) -> str | None:
        """The fault, for the request log."""
        if self.limited:
            return "rate-limit"
        return self.strike.text if self.strike else ("truncate" if self.truncate else None)

    @property
    def is_dropped(self) -> bool:
        """Whether the connection is closed without a response."""
        return self.limited is None and self.strike is not None and self.strike.kind == "drop"


def plan_faults(faults: Iterable[Fault], operation: str, limit_of: LimitOf) -> FaultPlan:
    """Decide which faults a request meets; of several errors and drops, the first one that strikes is met."""
    delay, limited, strike, takes_effect, truncate = 0.0, None, None, True, False
    for fault in faults:
        if not fault.is_for(operation):
            continue
        if fault.kind == "latency":
            delay += fault.seconds()
        elif fault.kind in ("rate-limit", "published-limits"):
            over = fault.exceeded(operation, limit_of, time.monotonic())
            limited = Limited(*over, retry_after=fault.retry_after) if over else limited
        elif fault.strikes():
            if fault.kind == "truncate":
                truncate = True
            elif strike is None:
                strike, takes_effect = fault, fault.takes_effect()
    return FaultPlan(delay, limited, strike, takes_effect, truncate)
