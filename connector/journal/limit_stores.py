"""Where the limits are that processes share: in the database of the journals, by its clock."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from connector.common.private_files import dump_line, parse_line
from connector.errors import JournalError
from connector.journal.journals import database_of
from connector.journal.limit_queue import LimitQueue
from connector.journal.postgres import Database, postgres_of
from connector.journal.sqlite import SCHEME, connect

T = TypeVar("T")

_SALT = "salt"
_CLOCK = "extract(epoch FROM clock_timestamp())::float8"
_TABLE = """CREATE TABLE IF NOT EXISTS limits (
    name TEXT PRIMARY KEY, busy_until REAL NOT NULL, content BLOB NOT NULL
) WITHOUT ROWID"""


class LimitStore(Protocol):
    """Keeps the queue of each limit by name. One process at a time changes a queue."""

    def busy_until(self, name: str) -> tuple[float, float]:
        """Return the time, and until when calls wait in a queue.

        Raises:
            JournalError: If the database cannot be used.
        """

    def change(self, name: str, use: Callable[[LimitQueue], T]) -> T:
        """Lock a queue, return what a function returns that changes it, and store it. It may be called again.

        Raises:
            JournalError: If the database cannot be used.
        """

    def salt(self) -> bytes:
        """Return random bytes that are the same for all who use the database."""

    def close(self) -> None:
        """Close the connection to the database."""


class SqliteLimits:
    """Queues in a SQLite database, for the processes of one machine."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._database = connect(file)
        with self._used():
            self._database.execute(_TABLE)
            # A turn that a crash of the machine forgets is over when the machine is back.
            self._database.execute("PRAGMA synchronous = NORMAL")

    def busy_until(self, name: str) -> tuple[float, float]:
        """See `LimitStore`."""
        with self._used():
            row = self._database.execute("SELECT busy_until FROM limits WHERE name = ?", (name,)).fetchone()
        return time.time(), row[0] if row else 0.0

    def change(self, name: str, use: Callable[[LimitQueue], T]) -> T:
        """See `LimitStore`."""
        with self._used(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            row = self._database.execute("SELECT content FROM limits WHERE name = ?", (name,)).fetchone()
            queue = LimitQueue(time.time(), parse_line(row[0]) if row else {})
            value = use(queue)
            values = (name, queue.busy_until, dump_line(queue.to_dict()))
            self._database.execute("INSERT OR REPLACE INTO limits VALUES (?, ?, ?)", values)
        return value

    def salt(self) -> bytes:
        """See `LimitStore`."""
        with self._used(), self._database:
            self._database.execute("INSERT OR IGNORE INTO limits VALUES (?, 0, ?)", (_SALT, secrets.token_bytes(16)))
            salt: bytes = self._database.execute("SELECT content FROM limits WHERE name = ?", (_SALT,)).fetchone()[0]
        return salt

    def close(self) -> None:
        """See `LimitStore`."""
        self._database.close()

    @contextmanager
    def _used(self) -> Iterator[None]:
        try:
            with self._guard:
                yield
        except sqlite3.Error as error:
            raise JournalError(f'cannot use the shared rate limits in "{SCHEME}{self._file}": {error}') from None


class PostgresLimits:
    """Queues in a PostgreSQL database, for all machines that use it."""

    def __init__(self, url: str) -> None:
        # A connection of its own, for all runs of the process: a record must not wait for the lock of a queue.
        self._database = Database(url)

    def busy_until(self, name: str) -> tuple[float, float]:
        """See `LimitStore`."""
        statement = f"SELECT {_CLOCK}, (SELECT busy_until FROM connector_limits WHERE name = %s)"  # noqa: S608
        ((now, busy_until),) = self._database.fetch(statement, [name])
        return now, busy_until or 0.0

    def change(self, name: str, use: Callable[[LimitQueue], T]) -> T:
        """See `LimitStore`."""
        return self._database.transact(lambda: self._change(name, use))

    def _change(self, name: str, use: Callable[[LimitQueue], T]) -> T:
        fetch = self._database.fetch_once
        # A row to lock, also for the first change.
        fetch("INSERT INTO connector_limits VALUES (%s, 0, %s) ON CONFLICT DO NOTHING", [name, b"{}"])
        ((content,),) = fetch("SELECT content FROM connector_limits WHERE name = %s FOR UPDATE", [name])
        ((now,),) = fetch(f"SELECT {_CLOCK}")  # only now, since the lock may have been waited for
        queue = LimitQueue(now, parse_line(bytes(content)))
        value = use(queue)
        statement = "UPDATE connector_limits SET busy_until = %s, content = %s WHERE name = %s"
        fetch(statement, [queue.busy_until, dump_line(queue.to_dict()), name])
        return value

    def salt(self) -> bytes:
        """See `LimitStore`."""
        statement = "INSERT INTO connector_limits VALUES (%s, 0, %s) ON CONFLICT DO NOTHING"
        self._database.fetch(statement, [_SALT, secrets.token_bytes(16)])
        ((salt,),) = self._database.fetch("SELECT content FROM connector_limits WHERE name = %s", [_SALT])
        return bytes(salt)

    def close(self) -> None:
        """See `LimitStore`."""
        self._database.close()


_OPEN: dict[tuple[int, str], tuple[LimitStore, int]] = {}
"""The stores of this process, by its ID and the URL, and how many use each; a forked process opens its own."""

_GUARD = threading.Lock()


@contextmanager
def limit_store(url: str) -> Iterator[LimitStore]:
    """Open the limits in a database, which all of this process share.

    Raises:
        JournalError: If the database cannot be used.
    """
    key = (os.getpid(), url)
    with _GUARD:
        store, users = _OPEN.get(key) or (_opened(url), 0)
        _OPEN[key] = store, users + 1
    try:
        yield store
    finally:
        with _GUARD:
            users = _OPEN[key][1] - 1
            if users:
                _OPEN[key] = store, users
            else:
                del _OPEN[key]
                store.close()


def _opened(url: str) -> LimitStore:
    if postgres := postgres_of(url):
        return PostgresLimits(postgres[0])
    database = database_of(url)
    assert database is not None  # noqa: S101 - a journal in a database has a URL
    return SqliteLimits(database[0])
