"""The database of journals in a file, which threads and processes share."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from connector.errors import JournalError
from connector.journal.sqlite import SqliteJournal, connect
from connector.journal.writer import first_records

RECORDS = first_records({"id": "r", "flow": "Main", "integration": "Tests", "started": 1}, {"text": ""})


def test_opening_a_database_again_keeps_the_locks_of_the_process(tmp_path: Path) -> None:
    """Otherwise another process that closes the database believes to be the last one, and removes its log."""
    file = tmp_path / "runs.sqlite"
    journal = SqliteJournal.create(file, "r", RECORDS)
    connect(file).close()
    script = f"import sqlite3; d = sqlite3.connect({str(file)!r}); d.execute('SELECT * FROM records'); d.close()"
    subprocess.run([sys.executable, "-S", "-c", script], check=True)
    assert Path(f"{file}-wal").exists()
    journal.close()


def test_database_is_private_even_if_its_file_was_not(tmp_path: Path) -> None:
    file = tmp_path / "runs.sqlite"
    file.touch(mode=0o644)
    connect(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_folder_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r'cannot open journal ".*": is a directory'):
        connect(tmp_path)


def test_database_that_must_not_be_read_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "runs.sqlite"
    file.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)  # the superuser may read every file
    with pytest.raises(JournalError, match=r'cannot open journal ".*": permission denied'):
        connect(file)
