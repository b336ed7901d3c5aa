"""Several processes that open a new SQLite file at once."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from connector.common.write_ahead_log import use_write_ahead_log


def opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)


def test_switch_waits_until_another_process_is_ready(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite"
    with closing(opened(file)) as database, closing(opened(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        thread = threading.Timer(0.1, other.rollback)
        thread.start()
        use_write_ahead_log(database, max_wait=60)
        thread.join()

        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_switch_ends_its_wait(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite"
    with closing(opened(file)) as database, closing(opened(file)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            use_write_ahead_log(database, max_wait=0.02)
