"""The one output of every command that compares: a line per change, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from connector.cli.output import counted, print_output, write_json


class Change(Protocol):
    """A change that can be printed."""

    def __str__(self) -> str:
        """Return the change as one line."""

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON."""


def print_changes(changes: Sequence[Change], *, as_json: bool) -> int:
    """Print changes, and return the exit code: 1 if there are any."""
    if as_json:
        write_json([change.to_dict() for change in changes])
    else:
        for change in changes:
            print_output(f"- {change}")
        print_output(counted(len(changes), "change") if changes else "No changes found.")
    return 1 if changes else 0
