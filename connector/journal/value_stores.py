"""Where values live longer than a run: in files of a folder, or in the database of the journals."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from connector.common.private_files import (
    dump_line,
    lock,
    open_private,
    parse_line,
    private_folder,
    reason_of,
    write_private,
)
from connector.common.state_dir import state_folder
from connector.errors import SetupError
from connector.journal.journals import database_of
from connector.journal.postgres import Database, postgres_of
from connector.journal.sqlite import SCHEME, connect

_TABLE = "CREATE TABLE IF NOT EXISTS persisted (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID"


@dataclass(slots=True)
class Document:
    """Stored values while they are locked; what is in `content` at the end is stored if `is_changed` is set."""

    content: dict[str, Any]
    is_changed: bool = False


class ValueStore(Protocol):
    """Keeps documents by name. One run at a time changes a document, on all machines that use the store."""

    def changing(self, name: str) -> AbstractContextManager[Document]:
        """Lock a document, which is empty if there is none, and store it at the end if it changed.

        Raises:
            SetupError: If the document is damaged, or cannot be stored.
            JournalError: If the database cannot be used.
        """

    def close(self) -> None:
        """Close the connection to the database."""


class FolderValues:
    """Documents in files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def changing(self, name: str) -> Iterator[Document]:
        """Lock a document; see `ValueStore`."""
        file = private_folder(self._folder) / f"{name}.json"
        handle = open_private(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT)
        try:
            lock(handle, wait=True)
            document = Document(_read(file))
            yield document
            if document.is_changed:
                _write(file, document.content)
        finally:
            os.close(handle)

    def close(self) -> None:
        """Do nothing: each file is closed at once."""


class SqliteValues:
    """Documents in a SQLite database, beside the journals."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def changing(self, name: str) -> Iterator[Document]:
        """Lock a document; see `ValueStore`."""
        try:
            with closing(connect(self._file)) as database:
                database.execute(_TABLE)
                database.execute("PRAGMA synchronous = FULL")
                with database:
                    # Others can read the journals meanwhile, but not write them.
                    database.execute("BEGIN IMMEDIATE")
                    row = database.execute("SELECT content FROM persisted WHERE name = ?", (name,)).fetchone()
                    document = Document({} if row is None else parse_line(row[0]))
                    yield document
                    if document.is_changed:
                        content = dump_line(document.content)
                        database.execute("INSERT OR REPLACE INTO persisted VALUES (?, ?)", (name, content))
        except sqlite3.Error as error:
            place = f"{SCHEME}{self._file}"
            raise SetupError(f'cannot use the persisted values in "{place}": {error}') from None

    def close(self) -> None:
        """Do nothing: the database is open only during a change."""


class PostgresValues:
    """Documents in a PostgreSQL database, beside the journals, for all machines that use it."""

    def __init__(self, url: str) -> None:
        # A connection of its own: a change may take long, and must not delay the records of the run.
        self._database = Database(url)

    @contextmanager
    def changing(self, name: str) -> Iterator[Document]:
        """Lock a document; see `ValueStore`. A process that loses the connection or dies changes nothing."""
        # A row to lock, also for the first change.
        self._database.fetch("INSERT INTO connector_values VALUES (%s, %s) ON CONFLICT DO NOTHING", [name, b"{}"])
        with self._database.transaction():
            ((content,),) = self._database.fetch_once(
                "SELECT content FROM connector_values WHERE name = %s FOR UPDATE", [name]
            )
            document = Document(parse_line(bytes(content)))
            yield document
            if document.is_changed:
                statement = "UPDATE connector_values SET content = %s WHERE name = %s"
                self._database.fetch_once(statement, [dump_line(document.content), name])

    def close(self) -> None:
        """Close the connection to the database."""
        self._database.close()


def default_folder() -> Path:
    """Return the folder of values that have no place of their own."""
    return state_folder(os.environ) / "state"


def value_store(place: str | Path | None) -> ValueStore:
    """Return the store at a place: a folder, `sqlite:///FILE`, or `postgresql://...`; by default the user's folder."""
    if place is None:
        return FolderValues(default_folder())
    if postgres := postgres_of(place):
        return PostgresValues(postgres[0])
    database = database_of(place)
    return FolderValues(Path(place).expanduser()) if database is None else SqliteValues(database[0])


def _write(file: Path, content: dict[str, Any]) -> None:
    try:
        write_private(file, dump_line(content))
    except OSError as error:
        message = f'cannot write the persisted values to "{file}": {reason_of(error)}'
        raise SetupError(message, hint="Make room on the disk, then resume the run.") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        with os.fdopen(open_private(file, os.O_RDONLY), "rb") as stored:
            content = parse_line(stored.read())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SetupError(
            f'cannot read the persisted values in "{file}": {error}', hint="Repair or delete the file."
        ) from None
    if not isinstance(content, dict):
        raise SetupError(f'"{file}" does not contain persisted values', hint="Repair or delete the file.")
    return content
