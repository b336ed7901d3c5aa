"""What is told on standard error while a flow runs: lines of JSON, a live view, or only what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

from connector.cli.output import json_bytes, say
from connector.flows.run.events import LogEvent, RunEvent, StepEvent

if TYPE_CHECKING:
    from connector.flows.run.events import Event

MOST_LINES = 20
"""Ignored errors and repetitions that are told one by one; those of a long loop would hide the rest."""

LONGEST = 500
"""Characters of a log message that are shown; its event has all of them."""


class Reporter:
    """Tells what went wrong, what the flow logs, and the end.

    Attributes:
        journal: Path of the journal of the run that began; empty without one.
        run: Id of the run that began.
    """

    def __init__(self) -> None:
        self.journal = ""
        self.run = ""
        self._told = 0

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, RunEvent) and event.state == "started":
            self.journal, self.run = event.journal, event.run
        self.tell(event)

    def tell(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, LogEvent) and event.level != "debug":
            self.say(f"{event.level}: {plain(shortened(event.message))}")
        if isinstance(event, StepEvent) and event.state in {"waiting", "retrying", "ignored"}:
            self._told += 1
            if self._told <= MOST_LINES:
                self.say(describe(event))

    def say(self, text: str) -> None:
        """Show a line."""
        say(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._told > MOST_LINES:
            self.say(f"and {self._told - MOST_LINES} more waits, repetitions and ignored errors")


class JsonLinesReporter(Reporter):
    """Writes one line of JSON an event."""

    def tell(self, event: Event) -> None:
        """Show an event."""
        self._write(event.to_dict())

    def say(self, text: str) -> None:
        """Show a line."""
        self._write({"type": "note", "message": text})

    def _write(self, line: dict[str, Any]) -> None:
        sys.stderr.write(json_bytes(line, indent=None).decode("utf-8", "backslashreplace") + "\n")
        sys.stderr.flush()


def describe(event: StepEvent) -> str:
    """A line about a step that waits, is repeated, or failed without ending the flow."""
    if event.state == "waiting":
        return f"{event.step}: waiting {event.seconds or 0:.3g} s: {event.reason}"
    error = plain(event.error.partition("\n")[0])
    return f"{event.step}: {error} ({'ignored' if event.state == 'ignored' else f'try {event.attempt}, repeated'})"


def shortened(text: str) -> str:
    """A text that does not bury what else is told."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def plain(text: str) -> str:
    """A text that cannot do anything to a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
