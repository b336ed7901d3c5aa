"""The journal of a run: what was begun and what was finished, so that nothing is lost and nothing is done twice.

A journal is a private file of JSON lines with one writer. Before a write goes out, its intent stands in the journal;
after it, its result does, both forced to the disk. Results of reads are appended too: the death of the process
loses none of them. Values are whole; credentials are never in it.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.common.private_files import dump_line, lock, open_private, private_folder
from connector.common.state_dir import state_folder
from connector.errors import ConnectorError, JournalError
from connector.journal.reader import VERSION, JournalContents, read_history


def runs_folder() -> Path:
    """Where journals lie unless they are told to lie elsewhere."""
    return state_folder(os.environ) / "runs"


def new_id() -> str:
    """An id for a run, which sorts by time."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


class Journal:
    """Writes the journal of one run; whoever holds it is its only writer."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def create(cls, path: Path, header: Mapping[str, Any]) -> Journal:
        """Begin a journal.

        Args:
            path: Where; no file may be there yet.
            header: What the run was started with.

        Raises:
            JournalError: The file cannot be made.
        """
        try:
            private_folder(path.parent)
            journal = cls(path, open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND))
        except OSError as error:
            reason = error.strerror or str(error)
            raise JournalError(f"the journal {path} cannot be made: {reason}.", hint="Choose another path.") from None
        lock(journal._handle)
        journal._write({"type": "run", "version": VERSION, **header}, force=True)
        return journal

    @classmethod
    def reopen(cls, path: Path) -> tuple[Journal, JournalContents]:
        """Continue a journal.

        Raises:
            JournalError: There is none, it is damaged, or another process writes it.
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
        try:
            history = read_history(path)
            os.ftruncate(handle, history.size)
        except BaseException:
            os.close(handle)
            raise
        return cls(path, handle), history

    def write_started(self, at: str, step: str, action: str, connection: str, inputs: Mapping[str, Any]) -> None:
        """Note that a write is about to go out."""
        line = {"type": "intent", "at": at, "step": step, "action": action, "connection": connection, "inputs": inputs}
        self._write({**line, "time": time.time()}, force=True)

    def done(self, at: str, results: Any, *, force: bool) -> None:
        """Note that a step is finished."""
        self._write({"type": "done", "at": at, "results": results}, force=force)

    def failed(self, at: str, error: Exception, *, ignored: bool = False, unknown: bool = False) -> None:
        """Note that a step failed, whether the flow went on, and whether its write may have happened."""
        known = isinstance(error, ConnectorError)
        text = error.message if isinstance(error, ConnectorError) else f"{type(error).__name__}: {error}"
        line = {"type": "failed", "at": at, "kind": type(error).__name__, "error": text}
        self._write({**line, "ignored": ignored, "unknown": unknown, "ours": known}, force=True)

    def append(self, kind: str, **parts: Any) -> None:
        """Note something about the whole run, such as its end."""
        self._write({"type": kind, "time": time.time(), **parts}, force=True)

    def close(self) -> None:
        """Let others have the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _write(self, record: Mapping[str, Any], *, force: bool) -> None:
        line = dump_line(record)
        while line:
            line = line[os.write(self._handle, line) :]
        if force:
            os.fsync(self._handle)


class NoJournal(Journal):
    """Keeps nothing."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull), -1)

    def _write(self, record: Mapping[str, Any], *, force: bool) -> None:
        pass


def journal_path(journal: str | Path) -> Path:
    """The path of a journal that was named by its path or by the id of its run."""
    path = Path(journal).expanduser()
    return path if path.exists() or path.suffix else runs_folder() / f"{journal}.jsonl"
