"""The calls that one rate limit lets through, and when: the arithmetic of limits that processes share."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.rest.rate_limits import NEVER, TURN

Limit = tuple[int, float]
"""A number of requests per seconds."""

SPARE = 1.0
"""Seconds that are added to the time of a limit, at most: a request arrives some time after its turn."""

SPARE_SHARE = 0.1
"""Share of the time of a limit that is added to it, if that is less."""

LATE = 0.25
"""Seconds after its turn until which a call may be sent. Later, as after a stop of its process, it needs another."""


@dataclass(slots=True)
class Slot:
    """The time at which one call may be sent.

    Attributes:
        at: When, in seconds since 1970.
        since: When the call asked first; earlier calls go first.
        call: ID of the call that waits for it; empty once the call went.
    """

    at: float
    since: float
    call: str


class LimitQueue:
    """The slots of one limit.

    Attributes:
        now: The time of the database.
        open_at: When the rate limit that the API reported last is over.
    """

    def __init__(self, now: float, stored: dict[str, Any]) -> None:
        self.now = now
        self.open_at: float = stored.get("open_at", 0.0)
        self.slots = [Slot(*slot) for slot in stored.get("slots", ())]

    def to_dict(self) -> dict[str, Any]:
        """Return what is stored of it."""
        return {"open_at": self.open_at, "slots": [[slot.at, slot.since, slot.call] for slot in self.slots]}

    @property
    def busy_until(self) -> float:
        """When a new call is the first in the queue."""
        return max([self.open_at, *(slot.at for slot in self.slots)])

    def ask(self, call: str, since: float | None, limits: Sequence[Limit]) -> float:
        """Return 0 if a call may go now, else the seconds until it is to ask again.

        Args:
            call: ID of the call.
            since: When it asked first; None if it did not.
            limits: The published limits; none for what only waits after a rate limit.
        """
        self._forget(limits)
        mine = next((slot for slot in self.slots if slot.call == call), None)
        if mine is None:
            mine = Slot(self.now, self.now if since is None else since, call)
            self.slots.append(mine)
        elif mine.at > self.now:
            return mine.at - self.now
        elif self.now - mine.at <= LATE and self.open_at <= self.now:
            return self._let_through(mine)
        mine.at = self.now
        self._arrange([*self._waiting(), mine], limits)
        return mine.at - self.now or self._let_through(mine)

    def hold(self, seconds: float, limits: Sequence[Limit]) -> None:
        """Let no call through for the next seconds; the calls that wait keep their order."""
        self.open_at = max(self.open_at, self.now + min(seconds, NEVER))
        self._arrange(self._waiting(), limits)

    def leave(self, call: str) -> None:
        """Forget a call that does not wait anymore."""
        self.slots = [slot for slot in self.slots if slot.call != call]

    def _let_through(self, slot: Slot) -> float:
        slot.call = ""
        return 0.0

    def _waiting(self) -> list[Slot]:
        # A slot whose time has passed may belong to a process that died. It counts as if the call had been sent.
        return [slot for slot in self.slots if slot.call and slot.at > self.now]

    def _arrange(self, waiting: list[Slot], limits: Sequence[Limit]) -> None:
        """Give each call that waits the next time that the limits allow, never an earlier one than it has."""
        waiting.sort(key=lambda slot: slot.since)
        ids = {id(slot) for slot in waiting}
        times = sorted(slot.at for slot in self.slots if id(slot) not in ids)
        for slot in waiting:
            slot.at = max(slot.at, self._next(times, limits))
            insort(times, slot.at)

    def _next(self, times: list[float], limits: Sequence[Limit]) -> float:
        """Return the first time after all others that is within the limits."""
        first = max(self.now, self.open_at)
        for number, seconds in limits:
            if len(times) >= number:
                first = max(first, times[-number] + _spaced(seconds))
        # Calls that wait for the same moment go one after the other.
        return max(first, times[-1] + TURN) if times and times[-1] > self.now else first

    def _forget(self, limits: Sequence[Limit]) -> None:
        oldest = self.now - max((_spaced(seconds) for _, seconds in limits), default=LATE)
        self.slots = [slot for slot in self.slots if slot.at > oldest]


def _spaced(seconds: float) -> float:
    return seconds + min(SPARE, seconds * SPARE_SHARE)
