"""The gate that all processes pass which use one token and one database."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress

from connector.errors import ConnectorError
from connector.journal.leases import now
from connector.journal.limit_queue import LATE, Limit
from connector.journal.limit_stores import LimitStore

PROCESS = secrets.token_hex(8)


class _Place:
    """What this process knows of a call at the gate."""

    __slots__ = ("passed", "since", "waits")

    def __init__(self) -> None:
        self.since: float | None = None
        self.waits = False
        self.passed: float | None = None

    @property
    def may_go(self) -> bool:
        """True while the call may be sent without asking again, as after its intent was recorded."""
        return self.passed is not None and now() - self.passed <= LATE


class SharedGate:
    """Published limits, and rate limits that one process meets, for all processes: first come, first served.

    Args:
        store: The database.
        name: What stands for the token in the database.
        limits_of: Returns the published limits of an operation by its key.
    """

    def __init__(self, store: LimitStore, name: str, limits_of: Callable[[str], Sequence[Limit]]) -> None:
        self._store = store
        self._name = name
        self._limits_of = limits_of
        self.reset()

    def reset(self) -> None:
        """See `Gate`."""
        self._places: dict[tuple[int, str], _Place] = {}

    def hold(self, ticket: int, seconds: float, own_limit: Callable[[], str]) -> None:
        """See `Gate`; the call keeps its place, since it is known when it came."""
        del ticket
        key = own_limit()
        # If the database is away, the other processes meet the rate limit themselves.
        with suppress(ConnectorError):
            self._store.change(self._queue(key), lambda queue: queue.hold(seconds, self._limits_of(key)))

    def delay(self, ticket: int, own_limit: Callable[[], str]) -> float:
        """See `Gate`."""
        key = own_limit()
        place = self._places.setdefault((ticket, key), _Place())
        if place.may_go:
            return 0.0
        place.waits, place.passed = False, None  # in case that the database is away
        seconds = self._delay(ticket, key, place)
        place.waits = seconds > 0
        place.passed = None if seconds else now()
        return seconds

    def _delay(self, ticket: int, key: str, place: _Place) -> float:
        limits = self._limits_of(key)
        if place.since is None:
            place.since, busy_until = self._store.busy_until(self._queue(key))
            if not limits and busy_until <= place.since:
                return 0.0  # the ordinary case, without a lock
        call, since = _call(ticket), place.since
        return self._store.change(self._queue(key), lambda queue: queue.ask(call, since, limits))

    def sent(self, ticket: int, own_limit: Callable[[], str]) -> None:
        """See `Gate`."""
        del own_limit
        for key in self._keys(ticket):
            self._places[key].passed = None

    def leave(self, ticket: int, own_limit: Callable[[], str]) -> None:
        """See `Gate`."""
        del own_limit
        for key in self._keys(ticket):
            if self._places.pop(key).waits:
                # What is not given back is over when its time has passed.
                with suppress(ConnectorError):
                    self._store.change(self._queue(key[1]), lambda queue: queue.leave(_call(ticket)))

    def _keys(self, ticket: int) -> list[tuple[int, str]]:
        return [key for key in list(self._places) if key[0] == ticket]

    def _queue(self, key: str) -> str:
        return f"{self._name}/{key}"


def _call(ticket: int) -> str:
    return f"{PROCESS}-{os.getpid()}-{ticket}"
