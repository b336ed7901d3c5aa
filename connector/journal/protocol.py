"""What a journal is: the records of one run, in order, with one writer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol

from connector.errors import JournalError

Record = Mapping[str, Any]

Decision = Literal["retry", "skip", "happened", "did-not-happen"]
"""What is known about a write with an unknown outcome: to be retried; to be taken as done, without results; that it was
applied, with results; that it was not."""

Durability = Literal["synced", "written", "later"]
"""When a record is safe. `synced`: on the disk when `append` returns. `written`: then it survives a killed process, and
it is on the disk 50 ms later. `later`: it is written with the next other record, and at the latest after a second or
with 200 records of its kind."""

StepNote = tuple[str, float] | tuple[str, float, float] | tuple[str, float, float, str, int, str]
"""What happened to a step: its path, when, how many seconds it took, state, number of the attempt, and reason or error.

The notes of a long loop are many, so most are short: two parts for a step that began, three for one that was done with
its first attempt. The states `waiting` and `retrying` name a wait and a failed attempt, all others how a step ended."""

VERSION = 2
"""Version of the record format; a journal of another version is rejected."""


class JournalExistsError(JournalError):
    """There is a journal of this run already."""


class UnknownRunError(JournalError):
    """There is no run with this ID."""

    hint = "Run `connector flow runs` to list runs."


class JournalHeldError(JournalError):
    """Another process, which lives, holds the journal, or may have taken it over."""


class Journal(Protocol):
    """Keeps the records of one run. Who holds a journal is its only writer.

    Attributes:
        notes: What happened to steps. Notes that are appended are stored with the next record.
    """

    # An attribute and no method: a call for each step would cost as much as all the rest. A deque takes notes while
    # another thread empties it.
    notes: deque[StepNote]

    @property
    def location(self) -> str:
        """What `resume` and `undo` accept to find this journal again."""

    @property
    def database(self) -> str | None:
        """URL of its database, where values can live longer than a run; None if it has none. May hold a password."""

    def append(self, record: Record, durability: Durability) -> None:
        """Append a record.

        Raises:
            JournalError: If the record cannot be stored, or another process took over the run.
        """

    def watch(self, running: Callable[[], StepNote | None]) -> None:
        """Store every second which step runs, and the notes.

        Args:
            running: Returns the step that runs; called by another thread.
        """

    def store_soon(self) -> None:
        """Store the notes at once, by another thread."""

    def check_held(self) -> None:
        """Check that no other process took over the run since the last record; asked directly before a write is sent.

        Raises:
            JournalHeldError: If one may have.
        """

    def records(self) -> Iterator[tuple[int, Any]]:
        """Iterate over the position and the content of each record."""

    def read(self, position: int) -> dict[str, Any]:
        """Return the record at a position."""

    def rewrite(self, change: Callable[[Record], Record]) -> None:
        """Replace every record for good: nothing of the old ones remains in any file. Positions may change.

        Raises:
            JournalError: If the records cannot be stored.
        """

    def delete(self) -> None:
        """Delete all records for good, and close the journal."""

    def close(self) -> None:
        """Let another writer have the journal."""


def check_header(header: Any, name: str) -> dict[str, Any]:
    """Return the first record of a journal.

    Raises:
        JournalError: If it is not a record of a journal, or of another format version.
    """
    if not isinstance(header, dict) or header.get("type") != "run":
        raise JournalError(f"{name} is not a journal", hint="Run `connector flow runs` to list runs.")
    if header.get("version") != VERSION:
        message = f"journal {name} has format version {header.get('version')}, but this release reads version {VERSION}"
        raise JournalError(message, hint="Resume it with the release that wrote it.")
    return header
