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
from connector.journal.journals import database_of, reopen_journal, runs_folder
from connector.journal.protocol import JournalHeldError, check_header
from connector.journal.reader import read_history

DEFAULT_AGE = 30 * 24 * 3600.0
"""Seconds after which `prune` deletes a run."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A past run, as its journal has it.

    Attributes:
        id: Its id.
        flow: Name of the flow.
        integration: Name of the integration.
        status: `running`, `done`, `failed`, or `killed`.
        started: Seconds since 1970.
        finished: Number of steps that are done.
        writes: Number of writes that were applied.
        unknown: Number of writes with an unknown outcome.
        journal: What `resume` and `undo` accept: a path or a URL.
        error: Error that it failed with.
        size: Bytes of its journal.
    """

    id: str
    flow: str
    integration: str
    status: str
    started: float
    finished: int
    writes: int
    unknown: int
    journal: str
    error: str
    size: int


def runs(place: str | Path | None = None, *, status: str | None = None) -> list[PastRun]:
    """Return past runs, newest first.

    Args:
        place: Folder of journals, or the URL of a database. Default: the user's state folder.
        status: Only runs with this status: `running`, `done`, `failed`, or `killed`.
    """
    past = [run for stored in _stored_runs(place) for run in _past_run(stored) if status in {None, run.status}]
    return sorted(past, key=lambda run: run.started, reverse=True)


def prune(older_than: float = DEFAULT_AGE, *, status: str = "done", place: str | Path | None = None) -> list[PastRun]:
    """Delete the journals of old runs, and return these runs.

    Args:
        older_than: Seconds since the start of the run. Default: 30 days.
        status: Only runs with this status: `done`, `failed`, or `killed`. Runs that are still running stay.
        place: See `runs`.
    """
    limit = time.time() - older_than
    deleted = []
    for run in runs(place, status=status):
        if run.started <= limit:
            try:
                reopen_journal(run.journal).delete()
            except JournalHeldError:
                continue
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
    database = database_of(place or "")
    if server := postgres.postgres_of(place or ""):
        for run, first, last, size, is_held in postgres.all_ends(server[0]):
            name, location = f"{server[0]}#{run}", f"{postgres.location_of(server[0])}#{run}"
            with suppress(JournalError):
                yield _StoredRun(name, location, check_header(first, location), last, size, partial(bool, is_held))
    elif database is None:
        folder = runs_folder() if place is None else Path(place)
        for path in folder.glob("*.jsonl"):
            # Files in the folder may be foreign, or no files at all; they must not keep the runs from the list.
            with suppress(OSError, JournalError):
                header, last = journal_file.ends_of(path)
                yield _StoredRun(
                    str(path), str(path), header, last, path.stat().st_size, partial(journal_file.is_held, path)
                )
    elif database[0].is_file():
        file = database[0]
        for run, first, last, size in sqlite.all_ends(file):
            name = f"{sqlite.SCHEME}{file}#{run}"
            with suppress(JournalError):
                yield _StoredRun(name, name, check_header(first, name), last, size, partial(sqlite.is_held, file, run))


def _past_run(stored: _StoredRun) -> Iterator[PastRun]:
    header, last = stored.first, stored.last
    if isinstance(last, dict) and last.get("type") == "end":
        status, error = last["status"], last["error"]
        counts = {name: last[name] for name in ("finished", "writes", "unknown")}
    else:
        # A damaged journal must not keep the other runs from the list.
        try:
            history = read_history(stored.name)
            status = history.status or ("running" if stored.is_held() else "killed")
        except (OSError, JournalError):
            return
        error = history.error
        counts = {
            "finished": len(history.finished),
            "writes": len(history.writes),
            "unknown": len(history.unknown),
        }
    yield PastRun(
        id=str(header.get("id", "")),
        flow=str(header.get("flow", "")),
        integration=str(header.get("integration", "")),
        status=status,
        started=_moment(header.get("started")),
        journal=stored.location,
        error=error,
        size=stored.size,
        **counts,
    )


def _moment(value: Any) -> float:
    """Return seconds since 1970; 0 for what is not a moment."""
    try:
        time.localtime(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return 0.0
    return float(value or 0)
