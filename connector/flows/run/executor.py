"""Performs the steps of one run, one after another."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any

from connector.common.redaction import Redactor
from connector.common.value_paths import UNDEFINED
from connector.component.recorded_write import outcome_unknown
from connector.errors import (
    FlowDeadlineError,
    FlowLimitError,
    FlowStoppedError,
    JournalError,
    NoChangesError,
    StepError,
    UsageError,
)
from connector.flows.run.action_executor import ActionExecutor, has_next_page
from connector.flows.run.connections import connection_variables
from connector.flows.run.plan import every_step, secret_inputs
from connector.flows.run.prepare import PreparedRun
from connector.flows.run.reporter import RunReporter
from connector.flows.steps.builtin_steps import ELSE
from connector.flows.steps.persisted_values import Store
from connector.flows.steps.planned_step import PlannedStep
from connector.flows.steps.step_call import BreakLoop, RunInterrupted, StepCall, StepPath, StepState, StopFlow
from connector.flows.values.expressions import Scope, evaluate
from connector.journal.reader import JournalContents
from connector.journal.writer import JournalWriter

if TYPE_CHECKING:
    from connector.journal.limit_stores import LimitStore

NOT_IGNORED = (FlowLimitError, JournalError)
"""Errors that end the run, whatever the errorConfig of the step and of the loops around it."""


class FlowExecutor:
    """Performs the steps of one run.

    Args:
        prepared: The prepared run.
        trigger: Results of the trigger.
        journal: Records what the run does.
        history: What an earlier process finished, if the run is resumed.
        store: Values of persist-data steps.
        shared_limits: Rate limits that other processes share; None without a database.
        reporter: Reports what the run does.
    """

    def __init__(
        self,
        prepared: PreparedRun,
        trigger: Mapping[str, Any],
        *,
        journal: JournalWriter,
        history: JournalContents | None,
        store: Store,
        shared_limits: LimitStore | None,
        reporter: RunReporter,
    ) -> None:
        checked = prepared.checked
        connections = frozenset(connection_variables(checked.integration))
        self.flow = checked.flow.name
        self.scope = Scope({checked.flow.steps[0].variable: {"results": trigger}}, checked.values, connections)
        self.actions = ActionExecutor(prepared, journal, self._waiting, self.wait, shared_limits, note=self._note)
        self.journal = journal
        self.history = history
        self.store = store
        self.limits = prepared.limits
        self.deadline = prepared.deadline
        self.stop = prepared.settings.get("stop")
        self.dry_run = prepared.dry_run
        self.secrets = Redactor()
        self.has_secrets = any(map(secret_inputs, every_step(prepared.steps)))
        self._reporter = reporter
        hook = prepared.plugins.hook.perform_step
        # A call through pluggy costs as much as the rest of a step, even if no plugin is around it.
        self._hook = hook if len(hook.get_hookimpls()) > 1 else lambda step: step.perform()
        self._steps = 0
        self._waited = 0.0
        self._current: StepCall | None = None
        self._recorded: Any = UNDEFINED

    def perform_all(self, steps: Sequence[PlannedStep], prefix: str = "") -> Any:
        """Perform steps in order and return the results of the last."""
        results = None
        for planned in steps:
            results = self._step(planned, StepPath(prefix + planned.step.variable))
        return results

    def loop(self, call: StepCall, items: Sequence[Any]) -> Any:
        """Perform the steps of a loop for each item; return the results of each last step, if anything uses them."""
        planned, step = call.planned, call.step
        self.limits.check("iterations", len(items), f'loop "{step.name}"')
        collected = []
        for index, item in enumerate(items):
            # A reference to a step that this iteration skips has no value, and not that of the last iteration.
            self._forget(planned.inner)
            self.scope.steps[step.variable] = {"currentItem": item, "index": index}
            try:
                results = self.perform_all(planned.steps, call.path.iteration(index))
            except BreakLoop:
                break
            if planned.keeps_results:
                collected.append(results)
            self._reporter.step(call, "progress", done=index + 1, total=len(items))
        self._forget(planned.inner)
        return collected

    def branch(self, call: StepCall, name: str) -> str | None:
        """Perform the steps of a branch and return its name; None if there is none, not even `Else`."""
        branches = call.planned.branches
        if name not in branches and ELSE in branches:
            name = ELSE
        if name not in branches:
            return None
        self.perform_all(branches[name], call.path.prefix)
        return name

    def write_log(self, call: StepCall, level: str, message: str) -> None:
        """Write to the log of the run."""
        self._reporter.log(call, level, message)

    def wait(self, seconds: float, reason: str) -> None:
        """Sleep, except in a dry run.

        Raises:
            FlowDeadlineError: If the deadline of the run comes before the end of the wait.
            RunInterrupted: If the caller stops the run meanwhile.
        """
        if self.dry_run or seconds <= 0:
            return
        if self.deadline is not None and time.monotonic() + seconds > self.deadline:
            raise FlowDeadlineError("run deadline comes before the end of a wait")
        self._waiting(seconds, reason)
        if self.stop is None:
            time.sleep(seconds)
        else:
            self.stop.wait(seconds)
            self._check_stop(self.stop)

    def _step(self, planned: PlannedStep, path: StepPath) -> Any:
        self._steps += 1
        # Without a call, since most runs have neither a deadline nor a stop.
        if self._steps > self.limits.steps or self.deadline is not None or self.stop is not None:
            self._check_limits(planned)
        call = StepCall(self.flow, planned, path, self._perform, self._waited)
        if self.history is not None and planned.is_journaled and _is_finished(self.history, path):
            self._reuse(call, self.history)
        else:
            self._attempt_all(call)
        if planned.keeps_results:
            self.scope.steps[planned.step.variable] = {"results": call.results}
        if call.branch is not None:
            # After the end of the step: an error in the branch must not repeat the action.
            self.branch(call, call.branch)
        return call.results

    def _attempt_all(self, call: StepCall) -> None:
        config = call.step.on_error
        while (error := self._attempt(call)) is not None:
            retries = config.kind == "retry" and call.attempt <= config.attempts
            if not retries or not self._may_retry(call.planned, error):
                break
            self._reporter.step(call, "retrying", attempt=call.attempt, error=str(error))
            self.wait(config.delay * (2 ** (call.attempt - 1) if config.exponential else 1), "retry")
        ignored = config.kind == "ignore" or (config.kind == "retry" and config.ignore_final)
        swallowed = ignored and not isinstance(error, NOT_IGNORED)
        call.error = error
        if isinstance(error, NoChangesError):
            self._skip(call, error)
        else:
            self._end(call, "done" if error is None else "ignored" if swallowed else "failed")

    def _attempt(self, call: StepCall) -> Exception | None:
        """Perform a step once more and return its error."""
        call.attempt += 1
        call.results, call.branch, call.inputs, call.pages_left = None, None, {}, False
        self._current = call
        self._reporter.step(call, "running", attempt=call.attempt)
        try:
            call.inputs = self._inputs(call.planned)
            if self.has_secrets:
                for key in secret_inputs(call.planned):
                    self.secrets.learn(call.inputs.get(key), key)
            call.results = self._perform_hooked(call)
        except (BreakLoop, StopFlow):
            # The steps that end a loop or the flow did what they are for.
            self._end(call, "done")
            raise
        except RunInterrupted as interruption:
            call.error = interruption.error
            call.end("failed", self._waited)
            self._reporter.ended(call)
            raise
        except Exception as error:
            return error
        return None

    def _skip(self, call: StepCall, error: NoChangesError) -> None:
        """End an update without any field to change: optional inputs without a value are not an error of the flow."""
        call.error, call.reason = None, error.message
        if call.planned.is_journaled:
            self.journal.step_done(call.path, None, "later")
        self._end(call, "skipped")

    def _end(self, call: StepCall, state: StepState) -> None:
        call.end(state, self._waited)
        error = call.error
        if error is not None and call.planned.is_journaled:
            unknown = outcome_unknown(call.planned.action, error)
            self.journal.step_failed(call.path, error, ignored=state == "ignored", unknown=unknown)
        self._reporter.ended(call)
        if error is not None and state == "failed":
            known = isinstance(error, StepError | FlowLimitError)
            failure = error if known else StepError(flow=self.flow, step=call.step.name, cause=error)
            if isinstance(error, NOT_IGNORED):
                raise RunInterrupted(failure) from error
            if known:
                raise error
            raise failure from error

    def _perform_hooked(self, call: StepCall) -> Any:
        """Perform a step with the plugins around it; the journal stores what they return."""
        self._recorded = UNDEFINED
        results = self._hook(step=call)
        if call.planned.is_journaled and self._recorded is not results:
            self.journal.step_done(call.path, results, "written", **_marks(call))
        return results

    def _perform(self, call: StepCall) -> Any:
        planned, is_write = call.planned, False
        if planned.stub is not None:
            results, call.branch = planned.stub.perform(call.inputs)
        elif planned.built_in is not None:
            is_write = planned.step.component == "persist-data"
            if is_write:
                # A process that was stopped for long must not change a value that another one has changed for it.
                self.journal.check_held()
            results = planned.built_in.perform(self, call)
        else:
            results, is_write = self.actions.perform(call)
            call.pages_left = has_next_page(call, results)
        # Recorded here, not only after the plugins: one of them may fail, and the write was applied all the same.
        if planned.is_journaled:
            self.journal.step_done(call.path, results, "written" if is_write else "later", **_marks(call))
        self._recorded = results
        return results

    def _inputs(self, planned: PlannedStep) -> dict[str, Any]:
        evaluated = [(key, evaluate(expression, self.scope)) for key, expression in planned.inputs]
        return {key: value for key, value in evaluated if value is not UNDEFINED}

    def _may_retry(self, planned: PlannedStep, error: Exception) -> bool:
        if isinstance(error, UsageError | StepError):
            return not planned.is_journaled and not isinstance(error, NOT_IGNORED)
        return planned.action is None or planned.action.idempotent or not outcome_unknown(planned.action, error)

    def _reuse(self, call: StepCall, history: JournalContents) -> None:
        """End a step with the results that an earlier process recorded."""
        if call.path in history.finished:
            call.results = history.results(call.path)
            call.branch = history.branch(call.path) if call.planned.branches else None
        call.pages_left = has_next_page(call, call.results)
        call.state = "reused"
        self._reporter.ended(call)

    def _note(self, call: StepCall, message: str) -> None:
        self.write_log(call, "info", message)

    def _waiting(self, seconds: float, reason: str) -> None:
        self._waited += seconds
        if self._current is not None:
            self._reporter.step(self._current, "waiting", seconds=seconds, reason=reason)

    def _forget(self, variables: Sequence[str]) -> None:
        for variable in variables:
            self.scope.steps.pop(variable, None)

    def _check_stop(self, stop: Event) -> None:
        if stop.is_set():
            raise RunInterrupted(FlowStoppedError("run was stopped before its end"))

    def _check_limits(self, planned: PlannedStep) -> None:
        if self.stop is not None:
            self._check_stop(self.stop)
        try:
            self.limits.check("steps", self._steps, "the run")
        except FlowLimitError as error:
            raise RunInterrupted(error) from None
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise RunInterrupted(FlowDeadlineError(f'run deadline exceeded before step "{planned.step.name}"'))


def _marks(call: StepCall) -> dict[str, Any]:
    """Return what the record of a finished step says besides its results."""
    marks: dict[str, Any] = {}
    if call.branch is not None:
        marks["branch"] = call.branch
    if call.planned.stub is not None:
        marks["stubbed"] = True
    return marks


def _is_finished(history: JournalContents, path: StepPath) -> bool:
    return path in history.finished or path in history.without_results
