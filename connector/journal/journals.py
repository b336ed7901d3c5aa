"""Finds journals by what their users call them: run IDs, paths, and URLs."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from connector.common.state_dir import DATABASE, state_folder
from connector.errors import UsageError
from connector.journal.file import FileJournal, cannot_read, is_journal
from connector.journal.postgres import PostgresJournal, postgres_of
from connector.journal.postgres_address import location_of
from connector.journal.protocol import Journal, Record
from connector.journal.sqlite import SCHEME, SqliteJournal

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")


def runs_folder() -> Path:
    """Return the folder of journals that have no path of their own."""
    return state_folder(os.environ) / "runs"


def new_id() -> str:
    """Return an ID for a run, which sorts by time."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


def check_id(run: str) -> str:
    """Return the ID of a run.

    Raises:
        UsageError: If it is invalid.
    """
    if not _ID.match(run):
        hint = "Use up to 128 letters, digits, hyphens, underscores, and dots, beginning with a letter or digit."
        raise UsageError(f'invalid run ID "{run}"', hint=hint)
    return run


def create_journal(place: bool | str | Path, run: str, records: Sequence[Record]) -> Journal:
    """Create the journal of a run.

    Args:
        place: A path, `sqlite:///FILE`, `postgresql://...`, or True for the user's state folder.
        run: ID of the run.
        records: Its first records.

    Raises:
        JournalError: If it exists or cannot be created.
    """
    if postgres := postgres_of(place):
        return PostgresJournal.create(postgres[0], run, records)
    database = database_of(place)
    if database is not None:
        return SqliteJournal.create(database[0], run, records)
    path = default_path(run) if isinstance(place, bool) else Path(place).expanduser()
    return FileJournal.create(path, records)


def reopen_journal(name: str | Path, run: str = "") -> Journal:
    """Hold the journal of a run.

    Args:
        name: ID of the run, path of its journal, or the URL of a database with `#ID`.
        run: ID of the run, where the URL has none.

    Raises:
        UnknownRunError: If there is none.
        JournalHeldError: If another process holds it.
        JournalError: If it cannot be used.
    """
    name = located(name)
    if postgres := postgres_of(name):
        return PostgresJournal.reopen(postgres[0], postgres[1] or run)
    database = database_of(name)
    if database is not None:
        return SqliteJournal.reopen(database[0], database[1] or run)
    return FileJournal.reopen(journal_path(name))


def file_of(place: str | Path) -> Path | None:
    """Return the file that holds a journal at a place; None for a database on a server."""
    if postgres_of(place):
        return None
    database = database_of(place)
    return Path(place).expanduser() if database is None else database[0]


def default_database() -> str:
    """Return the URL of the database of submitted runs, unless another one is named."""
    return os.environ.get(DATABASE) or f"{SCHEME}{state_folder(os.environ) / 'runs.sqlite'}"


def located(name: str | Path) -> str | Path:
    """Return path or URL of the journal of a run, which may be named by its ID alone, or without a password."""
    if not isinstance(name, str):
        return name
    if "://" in name and name.startswith(f"{_default_location()}#"):
        return f"{default_database()}#{name.partition('#')[2]}"
    if not _ID.match(name) or is_journal(Path(name)):
        return name
    place = place_of(name)
    return name if isinstance(place, Path) and not place.exists() else place


def place_of(run: str) -> str | Path:
    """Return path or URL of the journal of a run, from its ID, which is never taken for a path."""
    path, database = default_path(run), default_database()
    file = None if path.exists() else file_of(database)
    return path if path.exists() or (file is not None and not file.is_file()) else f"{database}#{run}"


def short_name(location: str, run: str) -> str:
    """Return the shortest name under which `resume` finds a journal: the ID of the run, if it is in its folder."""
    return run if location in {str(default_path(run)), f"{_default_location()}#{run}"} else location


def _default_location() -> str:
    database = default_database()
    return location_of(database) if postgres_of(database) else database


def default_path(run: str) -> Path:
    """Return the path of the journal of a run in the user's state folder."""
    return runs_folder() / f"{run}.jsonl"


def journal_path(journal: str | Path) -> Path:
    """Return the path of a journal in a file, named by its path or by the ID of its run.

    Raises:
        JournalError: If no file can have this name.
    """
    path = Path(journal).expanduser()
    try:
        return path if path.exists() or path.suffix else default_path(str(journal))
    except OSError as error:  # the name is too long
        raise cannot_read(path, error) from None


def database_of(name: bool | str | Path) -> tuple[Path, str] | None:
    """Return the file of a database and the run in it, from a URL; None for what is not a URL.

    Raises:
        UsageError: If the URL names no file, or one in a relative folder that does not exist.
    """
    if not isinstance(name, str) or not name.startswith(SCHEME):
        return None
    file, _, run = name.removeprefix(SCHEME).partition("#")
    if not file:
        raise UsageError(f'invalid journal "{name}"', hint="Pass sqlite:///FILE.")
    if file == ":memory:":
        raise UsageError("a database in memory would be lost with its process", hint="Pass sqlite:///FILE.")
    path = Path(file).expanduser()
    # The mistake would make one database for each working directory.
    if not path.is_absolute() and not path.parent.is_dir():
        hint = f"Create the folder, or write four slashes for an absolute path: {SCHEME}/{file}."
        raise UsageError(f'folder "{path.parent}" of database "{SCHEME}{file}" does not exist', hint=hint)
    return path.absolute(), run
