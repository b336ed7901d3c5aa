"""Executes a prepared run from its first step to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from connector.errors import ConnectorError, FlowStoppedError, StepError
from connector.flows.run.executor import FlowExecutor
from connector.flows.run.forget import forget_secrets
from connector.flows.run.prepare import PreparedRun
from connector.flows.run.reporter import RunReporter
from connector.flows.run.result import Run
from connector.flows.steps.persisted_values import Store
from connector.flows.steps.step_call import BreakLoop, RunInterrupted, StopFlow
from connector.journal.protocol import JournalHeldError
from connector.journal.reader import JournalContents
from connector.journal.value_stores import value_store
from connector.journal.waiting import reporting_waits
from connector.journal.writer import JournalWriter

if TYPE_CHECKING:
    from connector.journal.limit_stores import LimitStore


def execute(
    prepared: PreparedRun,
    run: Run,
    trigger: Mapping[str, Any],
    journal: JournalWriter,
    history: JournalContents | None = None,
) -> Run:
    """Run a flow to its end, and close its journal.

    Raises:
        StepError: If a step fails; its `run` is what was done until then.
        FlowLimitError: If the flow exceeds a limit.
    """
    with ExitStack() as stack:
        stack.callback(journal.close)
        store = _store(prepared, run, journal, is_resumed=history is not None)
        stack.callback(store.close)
        shared_limits = _shared_limits(journal, stack)
        reporter = RunReporter(prepared, run, stack, journal)
        stack.enter_context(reporting_waits(reporter.wait))
        executor = FlowExecutor(
            prepared,
            trigger,
            journal=journal,
            history=history,
            store=store,
            shared_limits=shared_limits,
            reporter=reporter,
        )
        reporter.run()
        began = time.perf_counter()
        error: BaseException | None = None
        try:
            _perform(executor, prepared, run)
        except BaseException as failure:
            run.status, error = "failed", failure
            if isinstance(failure, StepError):
                failure.run = run
            raise
        finally:
            run.seconds = time.perf_counter() - began
            run.skipped_writes = executor.actions.skipped_writes
            text = "" if error is None else _message_of(error)
            if not _goes_on(error):
                code = 0 if error is None else getattr(error, "exit_code", ConnectorError.exit_code)
                journal.ended(run.status, text, run.results, run.response, exit_code=code)
            if error is None:
                executor.store.forget_run()
                if journal.journal is not None and executor.has_secrets:
                    forget_secrets(journal.journal, prepared.checked.components, executor.secrets)
            reporter.run(seconds=run.seconds, error=text)
    return run


def _perform(executor: FlowExecutor, prepared: PreparedRun, run: Run) -> None:
    try:
        run.results = executor.perform_all(prepared.steps)
    except StopFlow as stop:
        run.response, run.results = stop.response, stop.response["body"]
    except BreakLoop:
        pass
    except RunInterrupted as interruption:
        raise interruption.error from interruption.__cause__
    run.status = "done"


def _store(prepared: PreparedRun, run: Run, journal: JournalWriter, *, is_resumed: bool) -> Store:
    place = prepared.settings.get("state")
    if place is None and journal.journal is not None:
        place = journal.journal.database
    values = None if prepared.dry_run else value_store(place)
    checked = prepared.checked
    return Store(checked.integration.name, checked.flow.name, run.id, values, is_resumed=is_resumed)


def _goes_on(error: BaseException | None) -> bool:
    """Return True if the run has not come to its end: it was stopped, or another process has it now."""
    cause = error.cause if isinstance(error, StepError) else error
    return isinstance(cause, FlowStoppedError | JournalHeldError)


def _shared_limits(journal: JournalWriter, stack: ExitStack) -> LimitStore | None:
    """Return the rate limits that all runs in the database of the journal share; None without a database."""
    url = None if journal.journal is None else journal.journal.database
    if url is None:
        return None
    from connector.journal.limit_stores import limit_store

    return stack.enter_context(limit_store(url))


def _message_of(error: BaseException) -> str:
    return (str(error) or type(error).__name__) if isinstance(error, Exception) else "interrupted"
