"""What a journal is: the records of one run, in order, with one writer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

Record = Mapping[str, Any]

VERSION = 2
"""Version of the record format; a journal of another version is rejected."""


class Journal(Protocol):
    """Keeps the records of one run. Who holds a journal is its only writer."""

    @property
    def location(self) -> str:
        """What `resume` and `undo` accept to find this journal again."""

    def append(self, record: Record, *, sync: bool) -> None:
        """Append a record, and wait until it is on the disk if asked to.

        Raises:
            JournalError: If the record cannot be stored.
        """

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Iterate over the position and the content of each record."""

    def read(self, position: int) -> dict[str, Any]:
        """Return the record at a position."""

    def close(self) -> None:
        """Let another writer have the journal."""
