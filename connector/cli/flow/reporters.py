"""What a running flow prints to standard error: JSON lines, a live view, or only what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from connector.cli.output import json_bytes, plain, print_line, wait_reason
from connector.flows.run.events import LogEvent, RunEvent, StepEvent

if TYPE_CHECKING:
    from connector.flows.run.events import Event
    from connector.flows.run.result import ComponentSteps

MAX_LINES = 20
"""Ignored errors and retries that are printed one by one; those of a long loop would hide the rest."""

MAX_MESSAGE = 500
"""Characters of a log message that are printed; its event has all of them."""


class Reporter:
    """Prints what went wrong, what the flow logs, and the end.

    Attributes:
        journal: Path of the journal of the run that began; empty without one.
        run: Id of the run that began.
    """

    def __init__(self) -> None:
        self.journal = ""
        self.run = ""
        self._lines = 0
        self._failed: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        if isinstance(event, RunEvent) and event.state == "started":
            self.journal, self.run = event.journal, event.run
        self.report(event)

    def report(self, event: Event) -> None:
        """Print an event."""
        if isinstance(event, LogEvent) and event.level != "debug":
            self.print_line(f"{event.level}: {shortened(event.message)}")
        if isinstance(event, RunEvent) and event.state == "waiting":
            self.print_line(format_database_wait(event.seconds, event.reason))
        if isinstance(event, StepEvent):
            self._report_step(event)

    def _report_step(self, event: StepEvent) -> None:
        failed = self._failed.pop(event.path, "")
        if event.state == "retrying":
            # The next event of this step knows how long it waits: one line says both.
            self._failed[event.path] = format_event(event)
        elif event.state in {"waiting", "ignored", "skipped"} or failed:
            self._lines += 1
            if self._lines <= MAX_LINES:
                self.print_line(f"{failed} Retrying in {event.seconds or 0:.3g} s." if failed else format_event(event))

    def print_line(self, text: str) -> None:
        """Print a line."""
        print_line(text)

    def print_steps(self, steps: Sequence[ComponentSteps]) -> None:
        """Print what became of the steps of each component."""
        rows = [("component", "executed", "stubbed", "not reached"), *([str(cell) for cell in row] for row in steps)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for name, *counts in rows:
            cells = [count.rjust(width) for count, width in zip(counts, widths[1:], strict=True)]
            self.print_line("  ".join([name.ljust(widths[0]), *cells]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._lines > MAX_LINES:
            self.print_line(f"... and {self._lines - MAX_LINES} more waits, retries, and ignored errors")


class JsonLinesReporter(Reporter):
    """Writes one line of JSON per event."""

    def report(self, event: Event) -> None:
        """Write an event."""
        self._write(event.to_dict())

    def print_line(self, text: str) -> None:
        """Write a line."""
        self._write({"type": "note", "message": text})

    def print_steps(self, steps: Sequence[ComponentSteps]) -> None:
        """Write what became of the steps of each component."""
        for row in steps:
            counts = {"executed": row.executed, "stubbed": row.stubbed, "notReached": row.not_reached}
            self._write({"type": "steps", "component": row.component, **counts})

    def _write(self, line: dict[str, Any]) -> None:
        sys.stderr.write(plain(json_bytes(line, indent=None).decode("utf-8", "backslashreplace")) + "\n")
        sys.stderr.flush()


def format_database_wait(seconds: float | None, reason: str) -> str:
    """Return a line about a run that waits for a database."""
    return f"Waiting{'' if seconds is None else f' up to {seconds:.0f} s'} for {reason}"


def format_event(event: StepEvent) -> str:
    """Return a line about a step that waits, is retried, or failed without ending the flow."""
    if event.state == "waiting":
        return f"{event.step}: {wait_reason(event.reason)}. Retrying in {event.seconds or 0:.3g} s."
    if event.state == "skipped":
        return f"{event.step}: skipped ({event.reason})"
    error = event.error.partition("\n")[0].removesuffix(".")
    if event.state == "ignored":
        return f"{event.step}: {error} (ignored)"
    return f"{event.step}: attempt {event.attempt} failed: {error}."


def shortened(text: str) -> str:
    """Return a string that does not bury the other lines."""
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}... ({len(text):,} characters)"
