"""The list of past runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from connector.errors import JournalError
from connector.journal import sqlite
from connector.journal.file import is_held as file_is_held
from connector.journal.journals import database_of, reopen_journal, runs_folder
from connector.journal.protocol import JournalHeldError
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


def runs(place: str | Path | None = None) -> list[PastRun]:
    """Return past runs, newest first.

    Args:
        place: Folder of journals, or `sqlite:///FILE`. Default: the user's state folder.
    """
    past = [run for name, is_held in _journals(place) for run in _past_run(name, is_held)]
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
    for run in runs(place):
        if run.status == status and run.started <= limit:
            try:
                reopen_journal(run.journal).delete()
            except JournalHeldError:
                continue
            deleted.append(run)
    return deleted


def _journals(place: str | Path | None) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Iterate over the names of journals, and how to find out whether a process holds them."""
    database = database_of(place or "")
    if database is not None:
        file = database[0]
        for run in sqlite.run_ids(file) if file.is_file() else ():
            yield f"{sqlite.SCHEME}{file}#{run}", partial(sqlite.is_held, file, run)
        return
    folder = runs_folder() if place is None else Path(place)
    for path in folder.glob("*.jsonl"):
        yield str(path), partial(file_is_held, path)


def _past_run(name: str, is_held: Callable[[], bool]) -> Iterator[PastRun]:
    # Files in the folder may be damaged, foreign, or no files at all; they must not keep the other runs from the list.
    try:
        history = read_history(name)
        status = history.status or ("running" if is_held() else "killed")
    except (OSError, JournalError):
        return
    header = history.header
    yield PastRun(
        id=str(header.get("id", "")),
        flow=str(header.get("flow", "")),
        integration=str(header.get("integration", "")),
        status=status,
        started=_moment(header.get("started")),
        finished=len(history.finished),
        writes=len(history.writes),
        unknown=len(history.unknown),
        journal=history.location,
        error=history.error,
    )


def _moment(value: Any) -> float:
    """Return seconds since 1970; 0 for what is not a moment."""
    try:
        time.localtime(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return 0.0
    return float(value or 0)
