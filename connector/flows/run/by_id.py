"""Starts a run, resumes it, or returns what it returned: a task that runs again with the same ID gets one run."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

from connector.common.private_files import dump_line
from connector.errors import FlowDeadlineError, StepError, UsageError
from connector.flows.run.prepare import CheckedFlow, PreparedRun
from connector.flows.run.reporter import report_early_wait
from connector.flows.run.result import Run
from connector.flows.run.resume import resume_held
from connector.flows.run.start import start
from connector.flows.steps.trigger import WebhookRequest
from connector.journal.journals import check_id, default_database, reopen_journal
from connector.journal.protocol import Journal, JournalExistsError, JournalHeldError
from connector.journal.reader import JournalContents, contents_of
from connector.journal.waiting import reporting_waits

POLL_SECONDS = 0.1


def run_by_id(
    prepared: PreparedRun,
    run_id: str,
    request: WebhookRequest,
    *,
    journal: bool | str | Path,
) -> Run:
    """Start the run with an ID; resume it if it failed or was killed; return its results if it has finished.

    While another process runs it, this one waits for its end.

    Without a journal of its own, the run is in the database of submitted runs: there, an ID is one run.

    Raises:
        UsageError: If the ID is invalid, or was used for another flow, request, config, branch, or stubs, or for a run
            that workers perform.
        FlowDeadlineError: If the deadline comes while another process runs it.
        JournalError: If it cannot be resumed, as after a write of unknown outcome.
        StepError: If a step fails.
    """
    check_id(run_id)
    if journal is False:
        raise UsageError("a run with an ID needs a journal", hint="Leave out journal=False.")
    place = default_database() if journal is True else journal
    digest = fingerprint(prepared.checked, request)
    with reporting_waits(partial(report_early_wait, prepared)):
        while True:
            try:
                return start(
                    prepared,
                    request,
                    journal=place,
                    run_id=run_id,
                    fingerprint=digest,
                )
            except JournalExistsError:
                pass
            except JournalHeldError:
                _wait(prepared, run_id)
                continue
            try:
                reopened = reopen_journal(place, run_id)
                return _resume_recorded(prepared, run_id, reopened, digest)
            except JournalHeldError:
                # In a database, two processes may both find that no other one holds the run; the first to record wins.
                _wait(prepared, run_id)
            except StepError as error:
                if not isinstance(error.cause, JournalHeldError):
                    raise
                _wait(prepared, run_id)


def _resume_recorded(prepared: PreparedRun, run_id: str, journal: Journal, digest: str) -> Run:
    try:
        history = contents_of(journal)
        if history.header.get("fingerprint") != digest:
            message = f'run ID "{run_id}" was used with another flow, request, config, branch, or stubs'
            raise UsageError(message, hint="Use another ID for another run.")
        if history.status == "done":
            return _result_of(prepared, run_id, history)
        if history.header.get("submitted"):
            hint = "Use --submit (in Python, connector.workers.submit), or another ID."
            raise UsageError(f'run ID "{run_id}" was submitted to workers', hint=hint)
        return resume_held(journal, history, prepared)
    finally:
        journal.close()


def _result_of(prepared: PreparedRun, run_id: str, history: JournalContents) -> Run:
    flow = prepared.checked.flow.name
    return Run(run_id, flow, "done", history.run_results, history.response, journal=history.location)


def _wait(prepared: PreparedRun, run_id: str) -> None:
    if prepared.deadline is not None and time.monotonic() + POLL_SECONDS > prepared.deadline:
        raise FlowDeadlineError(f'run deadline exceeded while another process runs "{run_id}"')
    time.sleep(POLL_SECONDS)


def fingerprint(checked: CheckedFlow, request: WebhookRequest) -> str:
    """Return what a second start with the same ID has to match."""
    # Of the stubs, only the names: a stub can be a function.
    content = [
        checked.integration.text,
        checked.flow.name,
        dict(checked.config),
        checked.branch,
        checked.stubs.names,
        asdict(request),
    ]
    return hashlib.sha256(dump_line(content)).hexdigest()
