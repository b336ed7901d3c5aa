"""Which workers live: each one shows itself in the database of the journals, so that others find those that died."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from connector.errors import JournalError
from connector.journal import sqlite
from connector.journal.journals import database_of
from connector.journal.leases import ALL_ALIVE, LEASE_SECONDS
from connector.journal.postgres import Database, hint_about, postgres_of, reason_of

_SHOW = """INSERT INTO connector_holders VALUES (%s, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET seen = excluded.seen"""
_FORGET = "DELETE FROM connector_holders WHERE seen < clock_timestamp() - interval '1 day'"


class Presence(Protocol):
    """The presence of one worker.

    Attributes:
        id: Its ID, with the name of its machine.
    """

    id: str

    def show(self) -> None:
        """Say that this worker lives; to be repeated every second.

        Raises:
            JournalError: If the database cannot be used.
        """

    def dead(self, ids: Collection[str]) -> set[str]:
        """Return the workers among these that do not live anymore."""

    def close(self) -> None:
        """Let others see at once that this worker is gone."""


class PostgresPresence:
    """A row that is renewed; a worker is taken for dead when its row is older than a lease."""

    def __init__(self, url: str) -> None:
        self.id = new_worker_id()
        self._database = Database(url)

    def show(self) -> None:
        """See `Presence`."""
        self._once(_SHOW, [self.id])

    def dead(self, ids: Collection[str]) -> set[str]:
        """See `Presence`."""
        alive = {holder for (holder,) in self._once(ALL_ALIVE, [LEASE_SECONDS])}
        return set(ids) - alive

    def close(self) -> None:
        """See `Presence`."""
        try:
            self._once("DELETE FROM connector_holders WHERE id = %s", [self.id])
            self._once(_FORGET, [])
        except JournalError:
            pass  # its row will be old soon
        self._database.close()

    def _once(self, statement: str, values: list[object]) -> list[tuple[str]]:
        # A worker that waited for the database would show itself late.
        try:
            return self._database.fetch_once(statement, values)
        except Exception as error:
            self._database.close()
            message = f'cannot use "{self._database.location}": {reason_of(error)}'
            raise JournalError(message, hint=hint_about(str(error))) from None


class SqlitePresence:
    """A locked file beside the database, which the system unlocks when the process dies."""

    def __init__(self, file: Path) -> None:
        self.id = new_worker_id()
        self._file = file
        self._claim = sqlite.Claim(file, self.id)

    def show(self) -> None:
        """See `Presence`."""

    def dead(self, ids: Collection[str]) -> set[str]:
        """See `Presence`."""
        return {each for each in ids if each != self.id and not sqlite.is_held(self._file, each)}

    def close(self) -> None:
        """See `Presence`."""
        self._claim.release()


def new_worker_id() -> str:
    """Return the ID of a worker."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def presence_in(url: str) -> Presence:
    """Return the presence of a new worker in a database."""
    if server := postgres_of(url):
        return PostgresPresence(server[0])
    database = database_of(url)
    assert database is not None  # noqa: S101 - see Worker
    return SqlitePresence(database[0])
