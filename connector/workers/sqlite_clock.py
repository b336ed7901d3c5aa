"""Milliseconds from SQLite before 3.42, which DBOS takes for granted on Python 3.12 and newer."""

from __future__ import annotations

import sqlite3
import time

from sqlalchemy import Engine, event

SINCE = (3, 42)
"""The version of SQLite that knows `unixepoch('subsec')`; an older one makes NULL of it."""


def teach_milliseconds() -> None:
    """Let `unixepoch('subsec')` be the time in seconds with three decimals in each database opened from now on."""
    if sqlite3.sqlite_version_info < SINCE:
        event.listen(Engine, "connect", _add_function)


def _add_function(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", 1, _unixepoch)


def _unixepoch(moment: str) -> float | int | None:
    if moment == "subsec":
        return round(time.time(), 3)
    with sqlite3.connect(":memory:") as other:
        (seconds,) = other.execute("SELECT unixepoch(?)", [moment]).fetchone()
    other.close()
    return seconds  # type: ignore[no-any-return]
