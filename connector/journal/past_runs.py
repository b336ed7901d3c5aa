"""The list of past runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.common.private_files import lock, open_private
from connector.errors import JournalError
from connector.journal.file import runs_folder
from connector.journal.reader import read_history


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
        journal: Path of the journal.
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
    journal: Path
    error: str


def runs(folder: str | Path | None = None) -> list[PastRun]:
    """Return the runs whose journals are in a folder (default: the user's state folder), newest first."""
    place = runs_folder() if folder is None else Path(folder)
    past = [run for path in place.glob("*.jsonl") for run in _past_run(path)]
    return sorted(past, key=lambda run: run.started, reverse=True)


def _past_run(path: Path) -> Iterator[PastRun]:
    # Files in the folder may be damaged, foreign, or no files at all; they must not keep the other runs from the list.
    try:
        history = read_history(path)
        is_held = not history.status and _is_held(path)
        started = _moment(history.header.get("started"))
    except (OSError, JournalError):
        return
    header = history.header
    yield PastRun(
        id=str(header.get("id", path.stem)),
        flow=str(header.get("flow", "")),
        integration=str(header.get("integration", "")),
        status=history.status or ("running" if is_held else "killed"),
        started=started,
        finished=len(history.finished),
        writes=len(history.writes),
        unknown=len(history.unknown),
        journal=path,
        error=history.error,
    )


def _moment(value: Any) -> float:
    """Return seconds since 1970; 0 for what is not a moment."""
    try:
        time.localtime(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return 0.0
    return float(value or 0)


def _is_held(path: Path) -> bool:
    handle = open_private(path, os.O_RDWR)
    try:
        return not lock(handle)
    finally:
        os.close(handle)
