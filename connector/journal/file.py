"""A journal in a file of JSON lines."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connector.common.private_files import dump_line, lock, open_private, parse_line, private_folder, reason_of
from connector.common.state_dir import state_folder
from connector.errors import JournalError
from connector.journal.protocol import VERSION, Record, check_header

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
        self._size = 0

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
            message = f'cannot create journal "{path}": {reason_of(error)}'
            raise JournalError(message, hint="Choose another path.") from None
        lock(journal._handle)
        journal.append({"type": "run", "version": VERSION, **header}, sync=True)
        return journal

    @classmethod
    def reopen(cls, path: Path) -> FileJournal:
        """Continue a journal; a last record that was cut off when its process died is removed.

        Raises:
            JournalError: If the file is missing or damaged, or another process holds it.
        """
        # Checked before anything is cut off: the path may be one of a file that is not a journal.
        header_of(path)
        try:
            handle = open_private(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise cannot_read(path, error) from None
        journal = cls(path, handle)
        try:
            _hold(path, handle)
            journal._size = _whole_records(handle)
            os.ftruncate(handle, journal._size)
        except BaseException:
            journal.close()
            raise
        return journal

    def append(self, record: Record, *, sync: bool) -> None:
        """Append a record; see `Journal`."""
        line = dump_line(record)
        try:
            _write_all(self._handle, line)
            if sync:
                os.fsync(self._handle)
        except OSError as error:
            # Half a record, as of a full disk, would make the next one unreadable too.
            os.ftruncate(self._handle, self._size)
            message = f'cannot write journal "{self.path}": {reason_of(error)}'
            raise JournalError(message, hint="Make room on the disk, then resume the run.") from None
        self._size += len(line)

    def records(self) -> Iterator[tuple[int, Any]]:
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


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def read_record(path: Path, position: int) -> dict[str, Any]:
    """Return the record at a position of a file."""
    with path.open("rb") as file:
        file.seek(position)
        record: dict[str, Any] = parse_line(file.readline())
        return record


def header_of(path: Path) -> dict[str, Any]:
    """Return the first record of a journal in a file.

    Raises:
        JournalError: If the file cannot be read, is not a journal, or has another format version.
    """
    # A named pipe would block the reader.
    is_special = path.exists() and not path.is_file()
    try:
        header = None if is_special else next(read_records(path), (0, None))[1]
    except OSError as error:
        raise cannot_read(path, error) from None
    return check_header(header, f'"{path}"')


def read_records(path: Path) -> Iterator[tuple[int, Any]]:
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
                record = None
            if position and not isinstance(record, dict):
                raise JournalError(f'journal "{path}" is damaged at byte {position}')
            yield position, record
            position += len(line)


def _hold(path: Path, handle: int) -> None:
    if not lock(handle):
        raise JournalError(f"run {path.stem} is still running", hint="Wait for its end, or stop its process.")


def cannot_read(path: Path, error: OSError) -> JournalError:
    """Return the error for a journal that cannot be opened."""
    hint = "Run `connector flow runs` to list runs."
    if isinstance(error, FileNotFoundError):
        return JournalError(f'unknown run "{path.stem if path.parent == runs_folder() else path}"', hint=hint)
    return JournalError(f'cannot read journal "{path}": {reason_of(error)}', hint=hint)


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
