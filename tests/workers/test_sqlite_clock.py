"""DBOS on a Python whose SQLite does not know milliseconds."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text

from connector.workers import sqlite_clock


def test_old_sqlite_gets_the_time_with_milliseconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    known = event.contains(Engine, "connect", sqlite_clock._add_function)
    sqlite_clock.teach_milliseconds()
    engine = create_engine(f"sqlite:///{tmp_path}/x.sqlite")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (id INTEGER, at BIGINT NOT NULL DEFAULT (unixepoch('subsec') * 1000))"))
        connection.execute(text("INSERT INTO t (id) VALUES (1)"))
        stored = connection.execute(text("SELECT at, unixepoch('1970-01-02') FROM t")).one()
    engine.dispose()
    if not known:
        event.remove(Engine, "connect", sqlite_clock._add_function)

    assert abs(stored[0] - time.time() * 1000) < 60_000
    assert stored[1] == 86_400


def test_new_sqlite_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 42, 0))
    known = event.contains(Engine, "connect", sqlite_clock._add_function)
    sqlite_clock.teach_milliseconds()

    assert event.contains(Engine, "connect", sqlite_clock._add_function) is known
