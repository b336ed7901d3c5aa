"""Switching a SQLite database to a write-ahead log, where several processes may do so at once."""

from __future__ import annotations

import sqlite3
import time

_PAUSE = 0.005
"""Seconds."""


def use_write_ahead_log(database: sqlite3.Connection, max_wait: float) -> None:
    """Switch a database to a write-ahead log, so that readers and a writer do not wait for one another.

    Unlike everything else, SQLite does not wait for this until other processes are ready: two that open a new file at
    once would disturb one another.

    Args:
        database: The open database.
        max_wait: Seconds to wait for other processes.

    Raises:
        sqlite3.Error: If it cannot be switched in this time.
    """
    until = time.monotonic() + max_wait
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
        else:
            return
