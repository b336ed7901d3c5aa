"""The list of past runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from connector.errors import JournalError
from connector.journal import file as journal_file
from connector.journal import postgres, sqlite
from connector.journal.journals import (
    database_of,
    default_database,
    file_of,
    journal_path,
    located,
    reopen_journal,
    runs_folder,
)
from connector.journal.postgres_address import location_of
from connector.journal.protocol import JournalHeldError, UnknownRunError, check_header
from connector.journal.reader import exit_code_of, read_history

DEFAULT_AGE = 30 * 24 * 3600.0
"""Seconds after which `prune` deletes a run."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A past run, as its journal has it.

    Attributes:
        id: Its id.
        flow: Name of the flow.
        integration: Name of the integration.
        status: `queued`, `running`, `done`, `failed`, `cancelled`, or `killed`.
        created: When it was started or submitted, in seconds since 1970. `timeline` knows when a worker started it.
        finished: Number of steps that are done.
        writes: Number of writes that were applied.
        unknown: Number of writes with an unknown outcome.
        journal: What `resume` and `undo` accept: a path or a URL.
        error: Error that it failed with.
        size: Bytes of its journal.
        submitted: Whether it was submitted to workers.
        undone: Number of writes whose creations `undo` deleted.
        exit_code: Exit code of the command line for its error; 0 without one.
    """

    id: str
    flow: str
    integration: str
    status: str
    created: float
    finished: int
    writes: int
    unknown: int
    journal: str
    error: str
    size: int
    submitted: bool = False
    undone: int = 0
    exit_code: int = 0


def runs(place: str | Path | None = None, *, status: str | None = None) -> list[PastRun]:
    """Return past runs, newest first.

    Args:
        place: Folder of journals, or the URL of a database. Default: the user's state folder, and the database of
            submitted runs.
        status: Only runs with this status; see `PastRun`.
    """
    past = [run for stored in _stored_runs(place) for run in _past_run(stored) if status in {None, run.status}]
    return sorted(past, key=lambda run: run.created, reverse=True)


def past_run(name: str) -> PastRun:
    """Return one past run.

    Args:
        name: What `resume` accepts: the ID of the run, the path of its journal, or a URL with `#ID`.

    Raises:
        UnknownRunError: If there is no such run.
        JournalError: If its journal cannot be used.
    """
    place = located(name)
    stored = _stored_run(place)
    if stored is None:
        server = postgres.postgres_of(place)
        run = server[1] if server else str(name).rpartition("#")[2]
        raise UnknownRunError(f'unknown run "{run}"')
    return _described(stored)


def is_held(name: str) -> bool:
    """Return True while a process holds the journal of a run, as for a moment after its end; see `past_run`."""
    stored = _stored_run(located(name))
    return stored is not None and stored.is_held()


def prune(older_than: float = DEFAULT_AGE, *, status: str = "done", place: str | Path | None = None) -> list[PastRun]:
    """Delete the journals of old runs, and return these runs.

    Args:
        older_than: Seconds since the run was created. Default: 30 days.
        status: Only runs with this status: `done`, `failed`, `cancelled`, or `killed`. Runs that go on stay.
        place: See `runs`.
    """
    limit = time.time() - older_than
    deleted = []
    for stored in _stored_runs(place):
        for run in _past_run(stored):
            if run.status == status and run.created <= limit:
                with suppress(JournalHeldError):
                    reopen_journal(stored.name).delete()
                    deleted.append(run)
    return deleted


@dataclass(frozen=True, slots=True)
class _StoredRun:
    """The ends of a journal, which are enough to list a run that has ended."""

    name: str
    location: str
    first: dict[str, Any]
    last: Any
    size: int
    is_held: Callable[[], bool]


def _stored_runs(place: str | Path | None) -> Iterator[_StoredRun]:
    if place is None:
        yield from _in_folder(runs_folder())
        yield from _in_database(default_database())
    elif file_of(place) is None or database_of(place) is not None:
        yield from _in_database(str(place))
    else:
        yield from _in_folder(Path(place))


def _in_folder(folder: Path) -> Iterator[_StoredRun]:
    for path in folder.glob("*.jsonl"):
        # Files in the folder may be foreign, or no files at all; they must not keep the runs from the list.
        with suppress(OSError, JournalError):
            yield _in_file(path)


def _in_file(path: Path) -> _StoredRun:
    header, last = journal_file.ends_of(path)
    return _StoredRun(str(path), str(path), header, last, path.stat().st_size, partial(journal_file.is_held, path))


def _in_database(url: str, run: str | None = None) -> Iterator[_StoredRun]:
    """Iterate over the runs in a database, or one of them."""
    if server := postgres.postgres_of(url):
        for each, first, last, size, is_held in postgres.all_ends(server[0], run):
            name, location = f"{server[0]}#{each}", f"{location_of(server[0])}#{each}"
            with suppress(JournalError):
                yield _StoredRun(name, location, check_header(first, location), last, size, partial(bool, is_held))
    elif (database := database_of(url)) is not None and database[0].is_file():
        file = database[0]
        for each, first, last, size in sqlite.all_ends(file, run):
            name = f"{sqlite.SCHEME}{file}#{each}"
            with suppress(JournalError):
                yield _StoredRun(name, name, check_header(first, name), last, size, partial(sqlite.is_held, file, each))


def _stored_run(name: str | Path) -> _StoredRun | None:
    server = postgres.postgres_of(name)
    if server or database_of(name) is not None:
        url, _, run = str(name).partition("#")
        return next(_in_database(url, run), None)
    path = journal_path(name)
    return _in_file(path) if path.is_file() else None


def _past_run(stored: _StoredRun) -> Iterator[PastRun]:
    # A damaged journal must not keep the other runs from the list.
    with suppress(OSError, JournalError):
        yield _described(stored)


def _described(stored: _StoredRun) -> PastRun:
    header, last = stored.first, stored.last
    if isinstance(last, dict) and last.get("type") == "end":
        status, error, exit_code = last["status"], last["error"], exit_code_of(last)
        counts = {name: last[name] for name in ("finished", "writes", "unknown")}
    else:
        history = read_history(stored.name)
        status, error, exit_code = history.status or _open_status(stored), history.error, history.exit_code
        counts = {
            "finished": len(history.finished),
            "writes": len(history.writes),
            "unknown": len(history.writes_in_doubt(is_running=status == "running")),
            "undone": len(history.undone),
        }
    return PastRun(
        id=str(header.get("id", "")),
        flow=str(header.get("flow", "")),
        integration=str(header.get("integration", "")),
        status=status,
        created=_moment(header.get("started")),
        journal=stored.location,
        error=error,
        size=stored.size,
        submitted=bool(header.get("submitted")),
        exit_code=exit_code,
        **counts,
    )


def _open_status(stored: _StoredRun) -> str:
    """Return the status of a run that has not ended."""
    if stored.is_held():
        return "running"
    return "queued" if stored.first.get("submitted") else "killed"


def _moment(value: Any) -> float:
    """Return seconds since 1970; 0 for what is not a moment."""
    try:
        time.localtime(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return 0.0
    return float(value or 0)
