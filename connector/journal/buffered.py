"""What every kind of journal does alike: reads wait for the next write, and writes are forced to the disk soon."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import partial

from connector.common.private_files import dump_line
from connector.errors import JournalError
from connector.journal.protocol import Durability, Journal, Record, StepNote

SYNC_DELAY = 0.05
LATER_DELAY = 1.0
LATER_RECORDS = 200


class BufferedJournal(ABC):
    """Stores records when they have to be safe; see `Durability`."""

    def __init__(self) -> None:
        self._buffer: list[bytes] = []
        self.notes: deque[StepNote] = deque()
        self._running: Callable[[], StepNote | None] | None = None
        self._last_running: StepNote | None = None
        self._failure: JournalError | None = None
        self._guard = threading.RLock()
        self._delayed = DelayedCall(self._store_late)

    def append(self, record: Record, durability: Durability) -> None:
        """Append a record; see `Journal`."""
        with self._guard:
            if self._failure is not None:
                raise self._failure
            self._buffer.append(dump_line(record))
            waiting = len(self._buffer)
            if durability == "later" and waiting < LATER_RECORDS:
                if waiting == 1:  # the others wait for the same call
                    self._delayed.within(LATER_DELAY)
                return
            self._flush(sync=durability == "synced")
            if durability == "synced":
                self._delayed.cancel()
                self._watch()
            else:
                self._delayed.within(SYNC_DELAY)

    def watch(self, running: Callable[[], StepNote | None]) -> None:
        """Store which step runs; see `Journal`."""
        self._running = running
        self._watch()

    def store_soon(self) -> None:
        """Store the notes; see `Journal`."""
        self._delayed.within(0)

    def _new_notes(self) -> list[StepNote]:
        """Return the notes that are not stored yet, last the one of the step that runs."""
        notes = [self.notes.popleft() for _ in range(len(self.notes))]
        running = self._running() if self._running is not None else None
        if running is not None and running != self._last_running:
            notes.append(running)
        self._last_running = running
        return notes

    def _watch(self) -> None:
        if self._running is not None:
            self._delayed.within(LATER_DELAY)

    @abstractmethod
    def _store(self, records: Sequence[bytes], *, sync: bool) -> None:
        """Store records; with `sync`, they and all records before them are on the disk afterwards.

        Raises:
            JournalError: If they cannot be stored.
        """

    def _flush(self, *, sync: bool = True) -> None:
        records, self._buffer = self._buffer, []
        if notes := self._new_notes():
            # Before the others, so that the last record of a run is its end.
            records.insert(0, dump_line({"type": "notes", "notes": notes}))
        self._store(records, sync=sync)

    def _store_late(self) -> None:
        with self._guard:
            if self._delayed.is_closed:
                return
            if not self._may_store_late():
                self._watch()
                return
            try:
                self._flush()
            except JournalError as error:
                # An error raised in this thread would be lost, so the next record raises it.
                self._failure = error
            else:
                self._watch()

    def _may_store_late(self) -> bool:
        """Return False while only the run itself may store records, which notices if it was taken over."""
        return True

    def _discard(self) -> None:
        """Forget what is not stored yet."""
        self._buffer.clear()
        self.notes.clear()

    def _flush_at_end(self) -> None:
        """Store what is left. What cannot be stored is a read, which a resumed run sends again."""
        if self._delayed.close():
            with suppress(JournalError):
                self._flush()


@contextmanager
def closed_on_error(journal: Journal) -> Iterator[None]:
    """Close a journal whose opening fails."""
    try:
        yield
    except BaseException:
        journal.close()
        raise


class DelayedCall:
    """Calls a function some time after it was asked to, in one thread for all calls.

    Attributes:
        is_closed: True once it calls nothing anymore.
    """

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._changed = threading.Condition()
        self._due: float | None = None
        self._wakes = 0.0
        self._thread: threading.Thread | None = None
        self.is_closed = False

    def within(self, seconds: float) -> None:
        """Make sure that the function is called within this time."""
        due = time.monotonic() + seconds
        with self._changed:
            if self._due is not None and self._due <= due:
                return
            self._due = due
            if self._thread is None:
                # In the context of the run, which hears of waits.
                work = partial(copy_context().run, self._work)
                self._thread = threading.Thread(target=work, name="connector-journal", daemon=True)
                self._thread.start()
            elif due < self._wakes:
                self._changed.notify()

    def cancel(self) -> None:
        """Do not call the function anymore: what it does is done."""
        self._due = None

    def close(self) -> bool:
        """End the thread; return True if the function was still to be called."""
        with self._changed:
            was_due = self._due is not None
            self._due, self.is_closed = None, True
            self._changed.notify()
        return was_due

    def _work(self) -> None:
        while self._wait():
            self._function()

    def _wait(self) -> bool:
        """Wait until the function is due; return False at the end."""
        with self._changed:
            while not self.is_closed:
                due, now = self._due, time.monotonic()
                if due is not None and due <= now:
                    self._due = None
                    return True
                # A thread that was asked for nothing sleeps on: `cancel` does not wake it, which would cost more.
                self._wakes = float("inf") if due is None else due
                self._changed.wait(None if due is None else due - now)
        return False
