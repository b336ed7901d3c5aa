"""The commands that resume or undo a run, as an early end of the run prints them."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from connector.cli.connection_options import ConnectionOptions
from connector.cli.flow.reporters import Reporter
from connector.cli.shared_options import selection
from connector.errors import (
    BadRequestError,
    FlowDeadlineError,
    FlowLimitError,
    JournalError,
    OutcomeUnknownError,
    PayloadTooLargeError,
    StepError,
    UnprocessableError,
    UsageError,
)

INVALID_REQUEST = (BadRequestError, PayloadTooLargeError, UnprocessableError)
"""Rejections of what a request says, which nothing but another request avoids. A token, a role, or a record that is
missing or in the way can be changed meanwhile."""


class ResumeCommand:
    """The commands that resume or undo a run with the same component and connections."""

    def __init__(
        self, context: click.Context, connecting: ConnectionOptions, *options: str, flow_file: Path | None = None
    ) -> None:
        chosen = (part for name, value in selection(context).items() for part in (f"--{name}", value))
        self._before = ["connector", *chosen, "flow"]
        self._connecting = connecting.arguments
        self._options = options
        self._flow_file = flow_file

    def lines(self, reporter: Reporter, error: StepError | FlowLimitError | None = None) -> str:
        """Return what a run prints that ended early, maybe with an error; empty without a journal."""
        if not reporter.journal:
            return ""
        from connector.journal.journals import short_name

        run = short_name(reporter.journal, reporter.run)
        resume = [*self._before, "resume", run, *self._connecting, *self._options]
        if error is not None and not _may_succeed_later(error):
            undo = shlex.join([*self._before, "undo", run, *self._connecting])
            return (
                f"To resume with a corrected flow: {shlex.join([*resume, '--flow-file', 'FILE'])}\n"
                f"To delete what the run created, before you start again with another payload: {undo}"
            )
        command = shlex.join([*resume, *(["--flow-file", str(self._flow_file)] if self._flow_file else [])])
        if error is None or error.exit_code != OutcomeUnknownError.exit_code:
            return f"To resume: {command}"
        return (
            f"To resume if the write was not applied: {command} --unknown retry\n"
            f"To resume if it was applied: {command} --unknown skip"
        )


def _may_succeed_later(error: StepError | FlowLimitError) -> bool:
    """Return True unless a resumed run must fail again: with the same request, or at the same limit."""
    cause = error.cause if isinstance(error, StepError) else error
    return not isinstance(cause, (UsageError, *INVALID_REQUEST)) or isinstance(cause, FlowDeadlineError | JournalError)
