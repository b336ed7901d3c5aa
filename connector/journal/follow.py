"""Reads a journal that another process may be writing: each record once, and soon after it was stored."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol, Self

from connector.common.private_files import parse_line
from connector.errors import JournalError
from connector.journal import file as journal_file
from connector.journal import postgres, sqlite
from connector.journal.journals import database_of, journal_path, located
from connector.journal.postgres_address import location_of
from connector.journal.protocol import Record, UnknownRunError, check_header

IDLE_SECONDS = 2.0
"""Seconds without a record after which a follower looks whether the run still has a process."""


class _Source(Protocol):
    """Where the records of one run are."""

    def new(self) -> Iterator[Any]:
        """Iterate over the records that were not read yet."""

    def is_held(self) -> bool:
        """Return True while a process that lives holds the journal."""

    def close(self) -> None:
        """Close what was opened."""


class JournalReader:
    """Reads the records of one run, and those that come later.

    Args:
        name: ID of the run, path of its journal, or the URL of its database with `#ID`.

    Attributes:
        location: What `resume` and `undo` accept, without a password.
        is_submitted: Whether workers perform the run, as its first record says.

    Raises:
        UnknownRunError: If there is no such file, of a journal or of a database.
        JournalError: If it is not a journal.
    """

    def __init__(self, name: str | Path) -> None:
        self._source, self.location = _source_of(name)
        self.is_submitted = False
        self._count = 0
        self._last_type = ""

    def new(self) -> Iterator[Record]:
        """Iterate over the records that were not read yet.

        Raises:
            UnknownRunError: If there is no such run.
            JournalError: If it is not a journal, or damaged.
        """
        for record in self._source.new():
            if not self._count:
                check_header(record, f'"{self.location}"')
            if not isinstance(record, dict) or not isinstance(record.get("type"), str):
                raise JournalError(f'journal "{self.location}" is damaged at record {self._count + 1}')
            self._count += 1
            if record["type"] != "decision":  # which may follow the end
                self._last_type = record["type"]
            self.is_submitted |= record["type"] == "run" and bool(record.get("submitted"))
            yield record
        if not self._count:  # a run is stored together with its first records
            raise UnknownRunError(f'unknown run "{self.location}"')

    @property
    def has_ended(self) -> bool:
        """True if the last record that was read is the end of the run, or of its undo."""
        return self._last_type in {"end", "undone"}

    def is_running(self) -> bool:
        """Return True while a process runs the flow."""
        return not self.has_ended and self._source.is_held()

    def close(self) -> None:
        """Close the journal."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def follow(reader: JournalReader, *, poll: float = 0.2) -> Iterator[list[Record]]:
    """Yield the records as they come, until the run ends or its process dies; an empty list each time that none came.

    Raises:
        JournalError: See `JournalReader`.
    """
    idle_since = time.monotonic()
    while True:
        records = list(reader.new())
        yield records
        now = time.monotonic()
        if records:
            idle_since = now
        if reader.has_ended:
            return
        if now - idle_since >= IDLE_SECONDS:
            if not reader.is_running() and not reader.is_submitted:
                yield list(reader.new())
                return
            idle_since = now
        time.sleep(poll)


class _File:
    def __init__(self, path: Path) -> None:
        journal_file.header_of(path)
        self.path = path
        self._file: IO[bytes] = path.open("rb")
        self._lines = 0

    def new(self) -> Iterator[Any]:
        yield from self._rest()
        # When secrets are removed at the end of a run, another file takes the place of this one, with as many records.
        with suppress(FileNotFoundError):
            if not os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
                lines, self._lines = self._lines, 0
                self._file.close()
                self._file = self.path.open("rb")
                for number, record in enumerate(self._rest()):
                    if number >= lines:
                        yield record

    def _rest(self) -> Iterator[Any]:
        while True:
            position = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b"\n"):
                self._file.seek(position)
                return
            self._lines += 1
            try:
                yield parse_line(line)
            except ValueError:
                yield None

    def is_held(self) -> bool:
        return journal_file.is_held(self.path)

    def close(self) -> None:
        self._file.close()


class _Sqlite:
    def __init__(self, file: Path, run: str) -> None:
        sqlite.check_exists(file, run)
        self.file, self.run, self._seq = file, run, 0

    def new(self) -> Iterator[Any]:
        for seq, record in sqlite.read_records(self.file, self.run, after=self._seq):
            self._seq = seq
            yield record

    def is_held(self) -> bool:
        return sqlite.is_held(self.file, self.run)

    def close(self) -> None:
        """Do nothing: each query has its own connection."""


class _Postgres:
    def __init__(self, url: str, run: str) -> None:
        self._database = postgres.Database(url)
        self.run, self._seq = run, 0

    def new(self) -> Iterator[Any]:
        for seq, record in postgres.read_records(self._database, self.run, after=self._seq):
            self._seq = seq
            yield record

    def is_held(self) -> bool:
        return postgres.is_held(self._database, self.run)

    def close(self) -> None:
        self._database.close()


def _source_of(run: str | Path) -> tuple[_Source, str]:
    name = located(run)
    if server := postgres.postgres_of(name):
        return _Postgres(*server), f"{location_of(server[0])}#{server[1]}"
    if database := database_of(name):
        return _Sqlite(*database), str(name)
    path = journal_path(name)
    return _File(path), str(path)
