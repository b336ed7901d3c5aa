"""Leases: which processes on which machines live, as the database sees it."""

from __future__ import annotations

import atexit
import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from connector.errors import JournalError

if TYPE_CHECKING:
    from connector.journal.postgres import Database

LEASE_SECONDS = 5.0
"""A process that did not renew its lease for so long may be dead, and its runs may be taken over."""

RENEW_SECONDS = 1.0

_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)
ALL_ALIVE = "SELECT id FROM connector_holders WHERE seen > clock_timestamp() - make_interval(secs => %s)"
_ALIVE = "SELECT 1 FROM connector_holders WHERE id = %s AND seen > clock_timestamp() - make_interval(secs => %s)"
_RENEW = """UPDATE connector_holders SET seen = clock_timestamp()
WHERE id = ANY(%s) AND seen > clock_timestamp() - make_interval(secs => %s) RETURNING id"""


def now() -> float:
    """Return seconds of a clock that also runs while the process is stopped or the machine sleeps."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class Lease:
    """The right of one execution to write the journal of a run.

    Attributes:
        id: Its ID, which is in every record.
    """

    def __init__(self, leases: Leases, began: float) -> None:
        self.id = secrets.token_hex(8)
        self._leases = leases
        self._end = began + LEASE_SECONDS

    def is_valid(self) -> bool:
        """Return True until the lease was not renewed in time; then it has ended for ever."""
        return now() < self._end

    def may_send(self) -> bool:
        """Return True while so much of the lease is left that a write which is sent now leaves before its end.

        On a busy machine, a thread may wait for its turn between this check and the send.
        """
        return now() < self._end - LEASE_SECONDS / 5

    def renewed(self, began: float) -> None:
        """Note that the database heard of the lease, in a request that began at this time."""
        if self.is_valid():
            self._end = began + LEASE_SECONDS

    def release(self) -> None:
        """End the lease at once."""
        self._leases.end(self)


class Leases:
    """The leases of this process in one database; a thread renews them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._all: dict[str, Lease] = {}
        self._thread: threading.Thread | None = None
        # The thread closes the connection when it has nothing left to renew, which may be after the program's end.
        atexit.register(database.close)

    def begin(self) -> Lease:
        """Begin a lease.

        Raises:
            JournalError: If the database cannot be used.
        """
        while True:
            began = now()
            lease = Lease(self, began)
            self._database.fetch("INSERT INTO connector_holders VALUES (%s, clock_timestamp())", [lease.id])
            if lease.is_valid():
                break  # else the database was away meanwhile
        with self._guard:
            self._all[lease.id] = lease
            if self._thread is None:
                self._thread = threading.Thread(target=self._renew_all, name="connector-leases", daemon=True)
                self._thread.start()
        return lease

    def end(self, lease: Lease) -> None:
        """End a lease at once."""
        with self._guard:
            self._all.pop(lease.id, None)
        with suppress(JournalError):  # it ends by itself soon
            self._database.fetch("DELETE FROM connector_holders WHERE id = %s", [lease.id])

    def is_alive(self, holder: str) -> bool:
        """Return True if the holder of a record renewed its lease lately."""
        return bool(self._database.fetch(_ALIVE, [holder, LEASE_SECONDS]))

    def _renew_all(self) -> None:
        while True:
            time.sleep(RENEW_SECONDS)
            with self._guard:
                current = [lease for lease in self._all.values() if lease.is_valid()]
                if not current:
                    self._thread = None
                    self._database.close()
                    return
            began = now()
            # The database is away: the leases end unless it is back soon.
            with suppress(Exception):
                for (holder,) in self._renew([lease.id for lease in current]):
                    lease = self._all.get(holder)
                    if lease is not None:
                        lease.renewed(began)

    def _renew(self, ids: list[str]) -> list[tuple[Any, ...]]:
        # A lease that has ended is over for the others too, who may have taken over the run.
        try:
            return self._database.fetch_once(_RENEW, [ids, LEASE_SECONDS])
        except Exception:
            self._database.close()
            raise


_LEASES: dict[str, Leases] = {}
_GUARD = threading.Lock()


def leases_of(database: Database) -> Leases:
    """Return the leases of this process in a database; they have a connection of their own."""
    with _GUARD:
        if database.url not in _LEASES:
            _LEASES[database.url] = Leases(type(database)(database.url))
        return _LEASES[database.url]
