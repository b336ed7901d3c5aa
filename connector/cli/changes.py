"""The one output of every command that checks or compares: a line per problem or change, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from connector.cli.output import counted, print_output, write_json


class Entry(Protocol):
    """A problem or change that can be printed."""

    def __str__(self) -> str:
        """Return it as text."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""


def print_entries(entries: Sequence[Entry], noun: str = "change", *, as_json: bool) -> int:
    """Print entries and their number, and return the exit code: 1 if there are any."""
    if as_json:
        write_json([entry.to_dict() for entry in entries])
    else:
        for entry in entries:
            print_output(f"- {entry}")
        print_output(counted(len(entries), noun) if entries else f"No {noun}s found.")
    return 1 if entries else 0
