"""The journal of a bulk run: what became of each row, in a few bytes per row."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic_core import to_json

from connector.common.state_dir import state_folder
from connector.common.text import did_you_mean
from connector.errors import JournalError, Problem, UsageError
from connector.journal.file import FileJournal
from connector.journal.journals import check_id, new_id
from connector.journal.protocol import Durability, Journal, UnknownRunError, check_header
from connector.journal.writer import first_records

Unknown = Literal["stop", "retry", "skip"]

NEW, STARTED, DONE, FAILED, SKIPPED = range(5)
"""States of a row: its write is sent in `STARTED`, and may have been applied."""

MAX_LISTED = 10

SAME_ROWS = "Pass the rows that the run started with, in the same order."


def bulk_folder() -> Path:
    """Return the folder of the journals of bulk runs."""
    return state_folder(os.environ) / "bulk"


def resumable_runs() -> list[str]:
    """Return the IDs of the bulk runs that can be resumed, newest first."""
    return sorted((file.stem for file in bulk_folder().glob("*.jsonl")), reverse=True)


def prune_runs(older_than: float) -> list[str]:
    """Delete the journals that no process holds and that are older than some seconds; return the IDs of the runs."""
    deleted = []
    for run in resumable_runs():
        path = bulk_folder() / f"{run}.jsonl"
        try:
            if time.time() - path.stat().st_mtime > older_than:
                FileJournal.reopen(path).delete()
                deleted.append(run)
        except (JournalError, OSError):
            continue
    return deleted


class BulkJournal:
    """What became of the rows of a run. Safe to share between threads.

    Attributes:
        run: ID of the run.
        location: Where the journal is; empty if nothing is kept.
        can_resume: Whether it knows of a row.
    """

    def __init__(self, run: str, journal: Journal | None, *, is_own: bool) -> None:
        self.run = run
        self.location = journal.location if journal else ""
        self._journal = journal
        self._is_own = is_own
        self._is_closed = journal is None
        self.can_resume = False
        self._number: int | None = None  # of rows, once it is known
        self._lock = threading.Lock()
        self._states = bytearray()
        self._digests = array("Q")
        self._positions = array("q")

    @classmethod
    def create(cls, place: bool | str | Path, header: Mapping[str, Any], number: int | None) -> BulkJournal:
        """Create the journal of a new run: in the user's folder, in a file, or nowhere.

        Args:
            place: True, path of the file, or False.
            header: What the run is for; only the same can be resumed.
            number: Number of rows, if it is known.

        Raises:
            JournalError: If it exists or cannot be created.
        """
        run = new_id()
        if place is False:
            return cls(run, None, is_own=False)
        if number is not None:
            header = {**header, "rows": number}
        path = bulk_folder() / f"{run}.jsonl" if place is True else Path(place).expanduser()
        records = first_records({"id": run, "kind": "each", "started": time.time(), **header}, {})
        contents = cls(run, FileJournal.create(path, records), is_own=place is True)
        contents._number = number
        return contents

    @classmethod
    def reopen(cls, name: str | Path, header: Mapping[str, Any]) -> BulkJournal:
        """Continue the run with an ID, or the one whose journal is in a file.

        Raises:
            UnknownRunError: If there is none.
            JournalError: If another process holds it, or it is a run of something else.
        """
        path = Path(name).expanduser()
        is_own = not path.exists() and not path.suffix
        if is_own:
            path = bulk_folder() / f"{check_id(str(name))}.jsonl"
        if not path.exists():
            known = resumable_runs()
            runs = ", ".join(known[:MAX_LISTED])
            hint = f"Runs that can be resumed: {runs}." if runs else "No run can be resumed."
            hint = f"{did_you_mean(str(name), known)} {hint} The journal of a run that is done is deleted.".lstrip()
            raise UnknownRunError(f'unknown run "{name}"', hint=hint)
        journal = FileJournal.reopen(path)
        try:
            records = journal.records()
            first = check_header(next(records, (0, None))[1], f'"{path}"')
            _check_same(first, header)
            contents = cls(first["id"], journal, is_own=is_own or path.parent == bulk_folder())
            contents._number = first.get("rows")
            contents._read(records)
            journal.append({"type": "resumed", "time": time.time()}, "synced")
        except BaseException:
            journal.close()
            raise
        return contents

    def state(self, number: int, digest: int) -> int:
        """Return the state of a row.

        Raises:
            UsageError: If the run had another row with this number, or none.
        """
        if self._number is not None and number > self._number:
            raise self._other_number("more")
        if number > len(self._states) or self._states[number - 1] == NEW:
            return NEW
        if self._digests[number - 1] != digest:
            raise UsageError(f"row {number} is not the row {number} of run {self.run}", hint=SAME_ROWS)
        return self._states[number - 1]

    def check_number(self, number: int) -> None:
        """Check the number of rows.

        Raises:
            UsageError: If the run had another number of rows.
        """
        if number < len(self._states) or self._number not in (None, number):
            raise self._other_number(f"{number:,}")

    def ended(self, number: int) -> None:
        """Record the number of rows, now that all of them were read.

        Raises:
            UsageError: If the run had another number of rows.
        """
        self.check_number(number)
        if self._number is None and self._journal is not None:
            self._number = number
            with self._lock:
                self._journal.append({"type": "rows", "rows": number}, "written")

    def _other_number(self, number: str) -> UsageError:
        known = f"{self._number:,}" if self._number is not None else f"at least {len(self._states):,}"
        return UsageError(f"run {self.run} has {known} rows, but {number} were passed", hint=SAME_ROWS)

    def payload(self, number: int) -> Any:
        """Return the payload of a row that is done."""
        assert self._journal is not None  # noqa: S101 - only a journal knows of rows that are done
        return self._journal.read(self._positions[number - 1])["results"]

    def unknown_rows(self) -> list[int]:
        """Return the rows whose write may have been applied."""
        return [number for number, state in enumerate(self._states, 1) if state == STARTED]

    def started(self, number: int, digest: int) -> None:
        """Record that the write of a row is about to be sent."""
        self._append("intent", number, "synced", row=digest, time=time.time())

    def rejected(self, number: int, reason: str) -> None:
        """Record that the write of a row was not applied."""
        self._append("rejected", number, "written", error=reason)

    def done(self, number: int, digest: int, payload: Any) -> None:
        """Record the payload of a row."""
        self._append("done", number, "written", row=digest, results=payload)

    def decided(self, number: int, decision: Unknown) -> None:
        """Record what to do with a row whose write may have been applied."""
        self._append("decision", number, "synced", decision=decision)
        self._states[number - 1] = SKIPPED if decision == "skip" else FAILED

    def close(self, *, is_done: bool) -> None:
        """Let another process have the journal; one of the user's folder is deleted if there is nothing to resume."""
        if self._journal is None or self._is_closed:
            return
        self._is_closed = True
        if self._is_own and (is_done or not self.can_resume):
            self._journal.delete()
        else:
            self._journal.close()

    def _append(self, kind: str, number: int, durability: Durability, **parts: Any) -> None:
        if self._journal is not None:
            with self._lock:
                self.can_resume = True
                self._journal.append({"type": kind, "path": str(number), **parts}, durability)

    def _read(self, records: Iterator[tuple[int, Any]]) -> None:
        for position, record in records:
            if "path" not in record:
                self._number = record.get("rows", self._number)
                continue
            self.can_resume = True
            number = int(record["path"])
            missing = number - len(self._states)
            if missing > 0:
                self._states.extend(bytes(missing))
                self._digests.extend([0] * missing)
                self._positions.extend([0] * missing)
            self._take(number - 1, record, position)

    def _take(self, index: int, record: Mapping[str, Any], position: int) -> None:
        match record["type"]:
            case "intent":
                self._states[index], self._digests[index] = STARTED, record["row"]
            case "done":
                self._states[index], self._digests[index] = DONE, record["row"]
                self._positions[index] = position
            case "rejected":
                self._states[index] = FAILED
            case "decision":
                self._states[index] = SKIPPED if record["decision"] == "skip" else FAILED


def _check_same(first: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    for key, value in header.items():
        if first.get(key, value) != value:
            hint = "Pass the action, the component, and the connection that the run started with."
            raise JournalError(f'run {first["id"]} is for {key} "{first.get(key)}", not "{value}"', hint=hint)


def digest_of(run: str, inputs: Mapping[str, Any]) -> int:
    """Return a number that recognizes the inputs of a row, and from which they cannot be read."""
    try:
        content = to_json(inputs)
    except ValueError:
        content = repr(inputs).encode("utf-8", "backslashreplace")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=run.encode()[:64]).digest())


def unknown_outcome(run: str, rows: list[int]) -> JournalError:
    """Return the error about rows whose writes may have been applied."""
    problems = [Problem(f"row {number}", "its write may have been applied") for number in rows[:MAX_LISTED]]
    if len(rows) > MAX_LISTED:
        problems.append(Problem("", f"and {len(rows) - MAX_LISTED:,} more"))
    has = "has a row" if len(rows) == 1 else f"has {len(rows):,} rows"
    hint = (
        'Check whether they were applied. Then resume with --unknown retry (unknown="retry") if they were not, or with '
        '--unknown skip (unknown="skip") if they were. Decide about single rows with --unknown ROW=skip '
        '(unknown={ROW: "skip"}).'
    )
    return JournalError(f"run {run} {has} with an unknown outcome", problems=problems, hint=hint)
