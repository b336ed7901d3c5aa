"""A journal in a file of JSON lines."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from connector.common.private_files import dump_line, lock, open_private, parse_line, private_folder, reason_of
from connector.errors import JournalError
from connector.journal.buffered import BufferedJournal
from connector.journal.protocol import JournalExistsError, JournalHeldError, Record, UnknownRunError, check_header

_BLOCK = 65536
_BLOCK_OF_END = 4096

NO_SPACE_HINT = "Make room on the disk, then resume the run."


class FileJournal(BufferedJournal):
    """A private file of JSON lines, locked while it is held."""

    def __init__(self, path: Path, handle: int) -> None:
        super().__init__()
        self.path = path
        self._handle = handle
        self._size = 0

    @property
    def location(self) -> str:
        """Path of the file."""
        return str(self.path)

    @property
    def database(self) -> None:
        """None: values that live longer than a run have files of their own."""
        return None

    @classmethod
    def create(cls, path: Path, records: Sequence[Record]) -> FileJournal:
        """Create a journal with its first records; no other process ever sees a part of them.

        Raises:
            JournalExistsError: If the file exists.
            JournalError: If the file cannot be created.
        """
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            private_folder(path.parent)
            journal = cls(path, open_private(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND))
            try:
                lock(journal._handle)
                journal._write([dump_line(record) for record in records])
                os.fsync(journal._handle)
                _publish(draft, path)
            except BaseException:
                journal.close()
                draft.unlink(missing_ok=True)
                raise
        except FileExistsError as error:
            message = f'cannot create journal "{path}": {reason_of(error)}'
            raise JournalExistsError(message, hint="Choose another path.") from None
        except OSError as error:
            message = f'cannot create journal "{path}": {reason_of(error)}'
            raise JournalError(message, hint="Choose another path.") from None
        return journal

    @classmethod
    def reopen(cls, path: Path) -> FileJournal:
        """Continue a journal; a last record that was cut off when its process died is removed.

        Raises:
            UnknownRunError: If there is no file.
            JournalHeldError: If another process holds the file.
            JournalError: If the file cannot be read or is not a journal.
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

    def check_held(self) -> None:
        """Do nothing: while this process lives, even stopped, its lock keeps all others out; see `Journal`."""

    def records(self) -> Iterator[tuple[int, Any]]:
        """Iterate over position and content of each record; one that was cut off at the end does not count."""
        return read_records(self.path)

    def read(self, position: int) -> dict[str, Any]:
        """Return the record at a position."""
        return read_record(self.path, position)

    def rewrite(self, change: Callable[[Record], Record]) -> None:
        """Replace every record; see `Journal`."""
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            replacement = FileJournal(draft, open_private(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND))
            try:
                lock(replacement._handle)
                self._flush()
                for _, record in self.records():
                    replacement._write([dump_line(change(record))])
                os.fsync(replacement._handle)
                draft.replace(self.path)
            except BaseException:
                replacement.close()
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            message = f'cannot write journal "{self.path}": {reason_of(error)}'
            raise JournalError(message, hint=NO_SPACE_HINT) from None
        with self._guard:
            os.close(self._handle)
            self._handle, self._size = replacement._handle, replacement._size

    def delete(self) -> None:
        """Delete the file; see `Journal`."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Unlock the file."""
        with self._guard:
            if self._handle >= 0:
                self._flush_at_end()
                os.close(self._handle)
                self._handle = -1

    def _store(self, records: Sequence[bytes], *, sync: bool) -> None:
        try:
            self._write(records)
            if sync:
                os.fsync(self._handle)
        except OSError as error:
            # Half a record, as of a full disk, would make the next one unreadable too.
            os.ftruncate(self._handle, self._size)
            message = f'cannot write journal "{self.path}": {reason_of(error)}'
            raise JournalError(message, hint=NO_SPACE_HINT) from None

    def _write(self, records: Sequence[bytes]) -> None:
        lines = content = b"".join(records)
        while content:
            content = content[os.write(self._handle, content) :]
        self._size += len(lines)


def is_held(path: Path) -> bool:
    """Return True while a process that lives holds the journal in a file."""
    handle = open_private(path, os.O_RDWR)
    try:
        return not lock(handle)
    finally:
        os.close(handle)


def read_record(path: Path, position: int) -> dict[str, Any]:
    """Return the record at a position of a file."""
    with path.open("rb") as file:
        file.seek(position)
        record: dict[str, Any] = parse_line(file.readline())
        return record


def header_of(path: Path) -> dict[str, Any]:
    """Return the first record of a journal in a file.

    Raises:
        UnknownRunError: If there is no file.
        JournalError: If the file cannot be read, is not a journal, or has another format version.
    """
    # A named pipe would block the reader.
    is_special = path.exists() and not path.is_file()
    try:
        header = None if is_special else next(read_records(path), (0, None))[1]
    except OSError as error:
        raise cannot_read(path, error) from None
    return check_header(header, f'"{path}"')


def is_journal(path: Path) -> bool:
    """Return whether a path is that of a journal, and not of another file or of a folder."""
    try:
        header_of(path)
    except JournalError:
        return False
    return True


def ends_of(path: Path) -> tuple[dict[str, Any], Any]:
    """Return the first and the last whole record of a file; the last is None if it is not JSON.

    Raises:
        JournalError: See `header_of`.
    """
    header = header_of(path)
    try:
        return header, _last_record(path)
    except OSError as error:
        raise cannot_read(path, error) from None


def _last_record(path: Path) -> Any:
    """Return the last whole record of a file; None if it is not JSON."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        size = _BLOCK_OF_END
        while True:
            file.seek(max(0, end - size))
            # What follows the last newline is a record that was cut off, or nothing.
            *before, line, _ = file.read().rsplit(b"\n", 2)
            if before or size >= end:
                break
            size *= 16
    try:
        return parse_line(line)
    except ValueError:
        return None


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


def _publish(draft: Path, path: Path) -> None:
    """Give a file its name, unless another file has it."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems have no hard links.
        if path.exists():
            raise FileExistsError(17, "File exists", str(path)) from None
        draft.rename(path)
    draft.unlink(missing_ok=True)
    if os.name == "posix":
        # The name of a new file is on the disk once its folder is.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _hold(path: Path, handle: int) -> None:
    if not lock(handle):
        raise JournalHeldError(f"run {path.stem} is still running", hint="Wait for its end, or stop its process.")


def cannot_read(path: Path, error: OSError) -> JournalError:
    """Return the error for a journal that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return UnknownRunError(f'unknown run "{path.stem}"')
    hint = "Run `connector flow runs` to list runs."
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
