"""A journal in a file of JSON lines."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connector.common.private_files import dump_line, lock, open_private, parse_line, private_folder
from connector.common.state_dir import state_folder
from connector.errors import JournalError
from connector.journal.protocol import VERSION, Record

_BLOCK = 65536


def runs_folder() -> Path:
    """Return the folder of journals that have no path of their own."""
    return state_folder(os.environ) / "runs"


def new_id() -> str:
    """Return an id for a run, which sorts by time."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


def journal_path(journal: str | Path) -> Path:
    """Return the path of a journal, named by its path or by the id of its run."""
    path = Path(journal).expanduser()
    return path if path.exists() or path.suffix else runs_folder() / f"{journal}.jsonl"


class FileJournal:
    """A private file of JSON lines, locked while it is held."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @property
    def location(self) -> str:
        """Path of the file."""
        return str(self.path)

    @classmethod
    def create(cls, path: Path, header: Record) -> FileJournal:
        """Create a journal.

        Args:
            path: Path of a file that does not exist yet.
            header: What the run was started with.

        Raises:
            JournalError: If the file exists or cannot be created.
        """
        try:
            private_folder(path.parent)
            journal = cls(path, open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND))
        except OSError as error:
            reason = error.strerror or str(error)
            raise JournalError(f"the journal {path} cannot be made: {reason}.", hint="Choose another path.") from None
        lock(journal._handle)
        journal.append({"type": "run", "version": VERSION, **header}, sync=True)
        return journal

    @classmethod
    def reopen(cls, path: Path) -> FileJournal:
        """Continue a journal; a last record that was cut off when its process died is removed.

        Raises:
            JournalError: If the file is missing or damaged, or another process holds it.
        """
        try:
            handle = open_private(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            reason = error.strerror or str(error)
            raise JournalError(
                f"the journal {path} cannot be opened: {reason}.", hint="See connector flow runs."
            ) from None
        if not lock(handle):
            os.close(handle)
            raise JournalError(f"the run of the journal {path} is still going on.", hint="Wait for its end, or end it.")
        journal = cls(path, handle)
        try:
            os.ftruncate(handle, _whole_records(handle))
        except BaseException:
            journal.close()
            raise
        return journal

    def append(self, record: Record, *, sync: bool) -> None:
        """Append a record; see `Journal`."""
        line = dump_line(record)
        while line:
            line = line[os.write(self._handle, line) :]
        if sync:
            os.fsync(self._handle)

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Iterate over position and content of each record; one that was cut off at the end does not count."""
        return read_records(self.path)

    def read(self, position: int) -> dict[str, Any]:
        """Return the record at a position."""
        return read_record(self.path, position)

    def close(self) -> None:
        """Unlock the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def read_record(path: Path, position: int) -> dict[str, Any]:
    """Return the record at a position of a file."""
    with path.open("rb") as file:
        file.seek(position)
        record: dict[str, Any] = parse_line(file.readline())
        return record


def read_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Iterate over position and content of each record of a file.

    Raises:
        JournalError: If the file is damaged before its last record.
    """
    position = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                record = parse_line(line)
            except ValueError:
                raise JournalError(f"the journal {path} is damaged at byte {position}.") from None
            yield position, record
            position += len(line)


def _whole_records(handle: int) -> int:
    """Return how many bytes of a file hold whole records."""
    end = os.lseek(handle, 0, os.SEEK_END)
    while end:
        begin = max(0, end - _BLOCK)
        os.lseek(handle, begin, os.SEEK_SET)
        newline = os.read(handle, end - begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return 0
