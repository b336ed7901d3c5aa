"""What the journals of bulk runs say about them, without the rows that they ran with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connector.component.bulk_journal import bulk_folder, resumable_runs
from connector.errors import JournalError
from connector.journal import file as journal_file


@dataclass(frozen=True, slots=True)
class PastBulkRun:
    """A bulk run that can be resumed.

    Attributes:
        id: Its ID.
        action: Key of the action.
        started: When it was started, in seconds since 1970.
        done: Number of rows that are done or were skipped.
        rows: Number of all rows; None if not all were read.
    """

    id: str
    action: str
    started: float
    done: int
    rows: int | None


def past_bulk_runs(limit: int) -> list[PastBulkRun]:
    """Return the bulk runs that can be resumed, newest first, up to a limit."""
    past = []
    for run in resumable_runs()[:limit]:
        # A damaged journal must not keep the other runs from the list.
        with suppress(OSError, JournalError, KeyError, TypeError, ValueError):
            past.append(_past_run(run))
    return past


def _past_run(run: str) -> PastBulkRun:
    path = bulk_folder() / f"{run}.jsonl"
    header = journal_file.header_of(path)
    rows, done = header.get("rows"), set()
    for _, record in journal_file.read_records(path):
        if record["type"] == "rows":
            rows = record["rows"]
        elif _is_final(record):
            done.add(record["path"])
    return PastBulkRun(run, str(header["action"]), float(header["started"]), len(done), rows)


def _is_final(record: dict[str, Any]) -> bool:
    return bool(record["type"] == "done" or record.get("decision") == "skip")
