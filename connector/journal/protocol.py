"""What a journal is: the records of one run, in order, with one writer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol

from connector.errors import JournalError

Record = Mapping[str, Any]

Decision = Literal["retry", "skip", "happened", "did-not-happen"]
"""What is known about a write with an unknown outcome: to be retried; to be taken as done, without results; that it was
applied, with results; that it was not."""

VERSION = 2
"""Version of the record format; a journal of another version is rejected."""


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

    def records(self) -> Iterator[tuple[int, Any]]:
        """Iterate over the position and the content of each record."""

    def read(self, position: int) -> dict[str, Any]:
        """Return the record at a position."""

    def close(self) -> None:
        """Let another writer have the journal."""
