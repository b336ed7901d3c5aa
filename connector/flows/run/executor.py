"""Performs the steps of one run, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from connector.errors import FlowDeadlineError, FlowLimitError, JournalError, StepError, UsageError
from connector.flows.run.action_executor import ActionExecutor, outcome_unknown
from connector.flows.run.events import Listener, LogEvent, StepEvent, StepState
from connector.flows.run.limits import Limits
from connector.flows.run.plan import PlannedStep
from connector.flows.run.step_run import StepAttempts, StepRun
from connector.flows.steps.builtin_steps import ELSE
from connector.flows.steps.persisted_values import Store
from connector.flows.steps.step_call import BreakLoop, StepCall, StopFlow
from connector.flows.values.expressions import Scope, evaluate
from connector.flows.values.paths import UNDEFINED
from connector.journal.file import Journal
from connector.journal.reader import JournalContents

Hook = Callable[..., Any]

NOT_IGNORED = (FlowLimitError, JournalError)
"""Errors that no errorConfig of a step swallows: they are about the run."""


class FlowExecutor:
    """One run on its way.

    Args:
        flow: Name of the flow.
        scope: What expressions see.
        acting: Performs the actions of components.
        journal: Where the run is noted.
        history: What an earlier run finished, when this one takes it up.
        store: Values that persist-data steps keep.
        limits: How far the run may go.
        tell: Is told of every change of state; None when nobody listens.
        keep: Is given every step that ended.
        hook: Performs a step, with the plugins around it.
        deadline: Value of `time.monotonic()` after which nothing is begun.
        dry_run: Nothing is changed: sleeps are passed over.
    """

    def __init__(
        self,
        flow: str,
        scope: Scope,
        acting: ActionExecutor,
        *,
        journal: Journal,
        history: JournalContents | None,
        store: Store,
        limits: Limits,
        tell: Listener | None,
        keep: Callable[[StepRun], None],
        hook: Hook,
        deadline: float | None = None,
        dry_run: bool = False,
    ) -> None:
        self.flow = flow
        self.scope = scope
        self.acting = acting
        self.journal = journal
        self.history = history
        self.store = store
        self.limits = limits
        self.deadline = deadline
        self.dry_run = dry_run
        self._tell = tell
        self._keep = keep
        self._hook = hook
        self._steps = 0
        self._waited = 0.0
        self._now: tuple[PlannedStep, str] | None = None
        self._written: Any = UNDEFINED
        acting.on_wait = self._waiting

    def perform_all(self, steps: Sequence[PlannedStep], prefix: str = "") -> Any:
        """Perform steps in order, and answer the results of the last."""
        results = None
        for planned in steps:
            results = self._step(planned, prefix + planned.step.variable)
        return results

    def loop(self, planned: PlannedStep, call: StepCall, items: Sequence[Any]) -> Any:
        """Perform the steps of a loop for each item; the results of each last step, if anything refers to them."""
        step = planned.step
        self.limits.check("iterations", len(items), f'the loop "{step.name}"')
        collected = []
        for index, item in enumerate(items):
            self._forget(planned.inner)
            self.scope.steps[step.variable] = {"currentItem": item, "index": index}
            try:
                results = self.perform_all(planned.steps, f"{call.at}.{index}/")
            except BreakLoop:
                break
            if planned.keeps:
                collected.append(results)
            self._told(planned, call.at, "progress", done=index + 1, total=len(items))
        self._forget(planned.inner)
        return collected

    def branch(self, planned: PlannedStep, name: str, at: str) -> str | None:
        """Go one way, and answer its name; None when there is none, not even `Else`."""
        if name not in planned.branches and ELSE in planned.branches:
            name = ELSE
        if name not in planned.branches:
            return None
        self.perform_all(planned.branches[name], at[: at.rfind("/") + 1])
        return name

    def write_log(self, planned: PlannedStep, at: str, level: str, message: str) -> None:
        """Write to the run's log."""
        if self._tell is not None:
            self._tell(LogEvent(self.flow, planned.step.name, at, level, self.acting.redact(message)))

    def wait(self, seconds: float, reason: str) -> None:
        """Sleep, unless nothing is to be changed.

        Raises:
            FlowDeadlineError: The deadline of the run comes before.
        """
        if self.dry_run or seconds <= 0:
            return
        if self.deadline is not None and time.monotonic() + seconds > self.deadline:
            raise FlowDeadlineError("the deadline of the run comes before the end of a wait.")
        self._waiting(seconds, reason)
        time.sleep(seconds)

    def _step(self, planned: PlannedStep, at: str) -> Any:
        self._steps += 1
        if self._steps > self.limits.steps or self.deadline is not None:
            self._check_limits(planned)
        if self.history is not None and planned.is_journaled and (found := self._earlier(planned, at)):
            results = found[0]
        else:
            results = self._tried(planned, at)
        if planned.keeps:
            self.scope.steps[planned.step.variable] = {"results": results}
        return results

    def _tried(self, planned: PlannedStep, at: str) -> Any:
        config = planned.step.on_error
        trying = StepAttempts(planned.step, at, self._waited)
        while (error := self._once(planned, trying)) is not None:
            repeated = config.kind == "retry" and trying.attempts <= config.attempts
            if not repeated or not self._may_repeat(planned, error):
                break
            self._told(planned, at, "retrying", attempt=trying.attempts, error=str(error))
            self.wait(config.delay * (2 ** (trying.attempts - 1) if config.exponential else 1), "retry")
        ignored = config.kind == "ignore" or (config.kind == "retry" and config.ignore_final)
        swallowed = ignored and not isinstance(error, NOT_IGNORED)
        state: StepState = "done" if error is None else "ignored" if swallowed else "failed"
        self._ended(planned, trying.ended(state, error, self._waited))
        return trying.results

    def _once(self, planned: PlannedStep, trying: StepAttempts) -> Exception | None:
        """Try a step once more; answer what went wrong."""
        trying.attempts += 1
        trying.results, trying.inputs = None, {}
        self._now = (planned, trying.at)
        self._told(planned, trying.at, "running", attempt=trying.attempts)
        try:
            trying.inputs = self._inputs(planned)
            perform = partial(self._done, planned)
            call = StepCall(self.flow, planned.step, trying.at, trying.inputs, trying.attempts, perform)
            trying.results = self._hooked(planned, call)
        except (BreakLoop, StopFlow):
            self._ended(planned, trying.ended("done", None, self._waited))
            raise
        except Exception as error:
            return error
        return None

    def _ended(self, planned: PlannedStep, ended: StepRun) -> None:
        error = ended.error
        if error is not None and planned.is_journaled:
            ignored = ended.state == "ignored"
            self.journal.failed(ended.at, error, ignored=ignored, unknown=outcome_unknown(planned.action, error))
        self._told(planned, ended.at, ended.state, seconds=ended.seconds, error=str(error) if error else "")
        self._keep(ended)
        if error is not None and ended.state == "failed":
            if isinstance(error, StepError | FlowLimitError):
                raise error
            raise StepError(flow=self.flow, step=ended.step.name, cause=error) from error

    def _hooked(self, planned: PlannedStep, call: StepCall) -> Any:
        """The results, with the plugins around; the journal holds what they made of them."""
        self._written = UNDEFINED
        results = self._hook(step=call)
        if planned.is_journaled and self._written is not results:
            self.journal.done(call.at, results, force=True)
        return results

    def _done(self, planned: PlannedStep, call: StepCall) -> Any:
        if planned.built_in is not None:
            results = planned.built_in.perform(self, planned, call)
            force = planned.step.component == "persist-data"
        else:
            results, force = self.acting.perform(planned, call, self.journal)
        if planned.is_journaled:
            self.journal.done(call.at, results, force=force)
        self._written = results
        return results

    def _inputs(self, planned: PlannedStep) -> dict[str, Any]:
        evaluated = [(key, evaluate(expression, self.scope)) for key, expression in planned.inputs]
        return {key: value for key, value in evaluated if value is not UNDEFINED}

    def _may_repeat(self, planned: PlannedStep, error: Exception) -> bool:
        if isinstance(error, UsageError | StepError):
            return not planned.is_journaled and not isinstance(error, NOT_IGNORED)
        return planned.action is None or planned.action.idempotent or not outcome_unknown(planned.action, error)

    def _earlier(self, planned: PlannedStep, at: str) -> tuple[Any] | None:
        """The results that an earlier run has of this step, if it finished it."""
        history = self.history
        assert history is not None  # noqa: S101 - asked before
        if at in history.finished:
            results = history.results(at)
        elif at in history.ignored or (at in history.unknown and self.acting.skip_unknown):
            results = None
        else:
            return None
        self._told(planned, at, "reused")
        self._keep(StepRun(planned.step, at, "reused", {}, results, None, 0, 0, 0, time.time()))
        return (results,)

    def _told(self, planned: PlannedStep, at: str, state: StepState, **parts: Any) -> None:
        if self._tell is not None:
            self._tell(StepEvent(self.flow, planned.step.name, at, state, planned.step.kind, **parts))

    def _waiting(self, seconds: float, reason: str) -> None:
        self._waited += seconds
        if self._now is not None:
            self._told(*self._now, "waiting", seconds=seconds, reason=reason)

    def _forget(self, variables: Sequence[str]) -> None:
        for variable in variables:
            self.scope.steps.pop(variable, None)

    def _check_limits(self, planned: PlannedStep) -> None:
        location = f'the step "{planned.step.name}"'
        self.limits.check("steps", self._steps, location)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise FlowDeadlineError(f"the deadline of the run passed before {location}.")
