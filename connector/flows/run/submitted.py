"""Runs that one process submits and another performs; all that they share is the journal in a database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from connector.errors import ConnectorError, FlowStoppedError, StepError, UsageError
from connector.flows.run.by_id import fingerprint
from connector.flows.run.limits import check_depth
from connector.flows.run.prepare import CheckedFlow, PreparedRun
from connector.flows.run.resume import resume_held
from connector.flows.run.start import records_of
from connector.flows.steps.trigger import WebhookRequest, trigger_results
from connector.journal.journals import check_id, create_journal, reopen_journal
from connector.journal.past_runs import PastRun, past_run
from connector.journal.protocol import Journal, JournalExistsError, JournalHeldError, UnknownRunError
from connector.journal.reader import JournalContents, contents_of, read_history
from connector.journal.writer import JournalWriter

Prepare = Callable[[JournalContents], PreparedRun]


POLL_SECONDS = 0.3

ENDED = ("done", "failed", "cancelled")


def store_submission(
    checked: CheckedFlow,
    request: WebhookRequest,
    *,
    database: str,
    run_id: str,
    profiles: Mapping[str, str],
    digest: str = "",
    caller: str = "",
    reused: UsageError | None = None,
) -> bool:
    """Create the journal of a run that another process will perform, and return whether it is new.

    The same ID again changes nothing.

    Args:
        checked: The flow.
        request: The request that starts it.
        database: URL of the database.
        run_id: ID of the run.
        profiles: See `connector.workers.submit`.
        digest: What a second submission with the same ID has to match. Default: the flow and the whole request.
        caller: Who started it through a server.
        reused: Error to raise if the ID was used for something else.

    Raises:
        UsageError: If the ID is invalid, or was used for another flow, request, config, or branch; if there are stubs.
        JournalError: If the database cannot be used.
    """
    check_id(run_id)
    check_depth("payload", request.data)
    if checked.stubs.names:
        raise UsageError("stubs and submitted runs cannot be used together", hint="Run the flow here.")
    digest = digest or fingerprint(checked, request)
    trigger = trigger_results(checked.integration, checked.flow, run_id, request, checked.trigger)
    header, start = records_of(checked, run_id, trigger, connections={}, profiles=dict(profiles), fingerprint=digest)
    while True:
        try:
            journal = create_journal(database, run_id, [{**header, "submitted": True, "caller": caller}, start])
        except JournalExistsError:
            break
        except JournalHeldError:
            time.sleep(POLL_SECONDS)  # another process is submitting or performing it
            if _has_records(database, run_id):
                break
        else:
            journal.close()
            return True
    history = read_history(f"{database}#{run_id}")
    if not history.header.get("submitted"):
        message = f'run ID "{run_id}" was used for a run that was not submitted'
        raise UsageError(message, hint="Use another ID, or run the flow without --submit.")
    if history.header.get("fingerprint") != digest:
        message = f'run ID "{run_id}" was used with another flow, request, config, or branch'
        raise reused or UsageError(message, hint="Use another ID for another run.")
    return False


def _has_records(database: str, run_id: str) -> bool:
    try:
        read_history(f"{database}#{run_id}")
    except UnknownRunError:
        return False
    return True


def perform_submitted(database: str, run_id: str, prepare: Prepare, stop: Event) -> PastRun:
    """Perform a run to its end, from wherever it is; wait while another process performs it.

    Args:
        database: URL of its database.
        run_id: ID of the run.
        prepare: Returns what it needs, from its journal.
        stop: Once it is set, this process leaves the run.

    Returns:
        The run, which has ended.

    Raises:
        FlowStoppedError: If `stop` was set.
        JournalError: If the journal cannot be used.
    """
    while True:
        try:
            with _held(database, run_id, stop) as journal:
                error = _perform_rest(journal, prepare)
            if error is not None:
                text = str(error) or type(error).__name__
                code = getattr(error, "exit_code", ConnectorError.exit_code)
                end_run(database, run_id, "failed", text, stop, exit_code=code)
        except JournalHeldError:
            continue  # another process has taken it over meanwhile; this one waits for what becomes of it
        run = past_run(f"{database}#{run_id}")
        if run.status in ENDED:
            return run
        # Its end could not be recorded: another process has the run, or the disk of the database is full.
        stop.wait(POLL_SECONDS)


def end_run(
    database: str,
    run_id: str,
    status: str,
    error: str,
    stop: Event | None = None,
    *,
    exit_code: int = ConnectorError.exit_code,
) -> None:
    """Record the end of a run, unless it has ended; wait until no process performs it.

    Raises:
        FlowStoppedError: If `stop` was set.
        JournalError: If the journal cannot be used.
    """
    with _held(database, run_id, stop or Event()) as journal:
        history = contents_of(journal)
        if not history.status:
            JournalWriter(journal, history).ended(status, error, exit_code=exit_code, is_late=True)


def _perform_rest(journal: Journal, prepare: Prepare) -> Exception | None:
    """Perform the rest of a run, and return what it fails with."""
    history = contents_of(journal)
    if history.status:
        return None
    try:
        with prepare(history) as prepared:
            if not history.header["connections"]:
                # A process that submits a run has no credentials, so it does not know where they lead.
                history.header["connections"] = prepared.connections.described()
                JournalWriter(journal, history).connected(history.header["connections"])
            resume_held(journal, history, prepared)
    except (JournalHeldError, FlowStoppedError):
        raise
    except Exception as error:
        if isinstance(error, StepError) and isinstance(error.cause, JournalHeldError):
            raise error.cause from None
        return error
    return None


@contextmanager
def _held(database: str, run_id: str, stop: Event) -> Iterator[Journal]:
    while True:
        if stop.is_set():
            raise FlowStoppedError(f"run {run_id} was stopped before its end")
        try:
            journal = reopen_journal(database, run_id)
            break
        except JournalHeldError:
            stop.wait(POLL_SECONDS)
    try:
        yield journal
    finally:
        journal.close()
