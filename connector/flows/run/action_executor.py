"""Performs the actions of components: inputs, connection, journal, and what may have been applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.component.component import Component, error_context
from connector.component.context import Context
from connector.component.definitions import Action, Payload
from connector.component.inputs import Inputs
from connector.component.pagination import has_next_page as is_followed
from connector.component.recorded_write import perform_recorded, without_rate_limit_waits
from connector.component.shared_limits import shared_gate
from connector.errors import (
    HandlerError,
    InputError,
    JournalError,
    NotFoundError,
    Problem,
)
from connector.flows.run.prepare import PreparedRun
from connector.flows.steps.planned_step import PlannedStep
from connector.flows.steps.step_call import RunInterrupted, StepCall
from connector.flows.values.expressions import Reference, is_static, parts_of
from connector.journal.writer import JournalWriter
from connector.rest.rate_limits import CallLimits

if TYPE_CHECKING:
    from connector.journal.limit_stores import LimitStore


MIN_LENGTH_WITHIN = 8
"""Shorter values of an example payload are not searched for within the inputs of a read: they may be ordinary words."""


def has_next_page(call: StepCall, results: Any) -> bool:
    """Return True if the results of a step are one page of a list that has more."""
    action = call.planned.action
    return action is not None and action.pagination is not None and is_followed(action, {"data": results})


class _NotHeldError(RunInterrupted):
    """Another process may have taken over the run, so a request was not sent."""


class ActionExecutor:
    """Performs the actions of one run.

    Args:
        prepared: The prepared run.
        journal: Records each write before it is sent.
        on_wait: Called with seconds and reason before each wait of a request.
        wait: Waits for a rate limit before a write.
        limits: Rate limits that other processes share; None without a database.
        note: Called with a step and what a person should know about it.

    Attributes:
        skipped_writes: Writes that a dry run did not send.
    """

    def __init__(
        self,
        prepared: PreparedRun,
        journal: JournalWriter,
        on_wait: Callable[[float, str], None],
        wait: Callable[[float, str], None],
        limits: LimitStore | None,
        *,
        note: Callable[[StepCall, str], None],
    ) -> None:
        self.skipped_writes: list[dict[str, Any]] = []
        self._prepared = prepared
        self._journal = journal
        self._on_wait = on_wait
        self._wait = wait
        self._limits = limits
        self._note = note
        self._sample_values: set[str] = set()
        self._contexts: dict[tuple[str, str | None, bool], Context] = {}
        self._sent = False

    def perform(self, call: StepCall) -> tuple[Any, bool]:
        """Return the results of an action, and whether it was a write.

        Raises:
            Exception: Whatever the action raises; errors of this package name it.
        """
        planned = call.planned
        component, action = planned.component, planned.action
        assert component is not None and action is not None  # noqa: PT018, S101 - a step is built in or an action
        with error_context(action.key):
            try:
                inputs = action.inputs.from_values(call.inputs)
            except InputError as error:
                error.problems = tuple(_explained(call, problem) for problem in error.problems)
                raise
            is_write = action.effect_of(inputs) != "read"
            if is_write and self._prepared.dry_run:
                return self._skipped(call, action), False
            try:
                if is_write:
                    payload = self._write(call, component, action, inputs)
                else:
                    payload = component.perform_validated(action, self._context(planned), inputs)
            except NotFoundError:
                # The step may read what a skipped write of this dry run would have created.
                if not self._reads_sample(call):
                    raise
                self._note(
                    call, f'step "{call.step.name}" returned its example payload: its inputs come from a skipped write'
                )
                payload = self._sampled(action)
        call.branch = _branch_of(action, payload or {})
        results = (payload or {}).get("data")
        return results, is_write

    def _write(self, call: StepCall, component: Component, action: Action[Any], inputs: Inputs) -> Payload:
        """Perform a write. Its intent is recorded after the waits for rate limits, so a kill before is harmless."""
        planned = call.planned
        name = self._prepared.connections.name_for(component.key, planned.connection) or ""
        try:
            return perform_recorded(
                component,
                action,
                self._context(planned, is_write=True),
                inputs,
                started=lambda: self._started(call, name),
                rejected=lambda reason: self._journal.write_rejected(call.path, reason),
                wait=self._wait,
            )
        except _NotHeldError as error:
            # An earlier request of the same write may have been sent.
            if not self._sent:
                self._journal.write_rejected(call.path, "nothing was sent")
            raise RunInterrupted(error.error) from None

    def _started(self, call: StepCall, connection: str) -> None:
        self._sent = False
        self._journal.write_started(call.path, call.step.name, call.step.kind, connection, call.inputs)

    def _check_held(self) -> None:
        """End the run before the bytes of a write leave, if another process may have taken it over."""
        try:
            self._journal.check_held()
        except JournalError as error:
            raise _NotHeldError(error) from None
        self._sent = True

    def _skipped(self, call: StepCall, action: Action[Any]) -> Any:
        self.skipped_writes.append({"step": call.step.name, "action": call.step.kind, "inputs": call.inputs})
        return self._sampled(action).get("data")

    def _reads_sample(self, call: StepCall) -> bool:
        """Return True if an input that refers to something has a value of an example payload, maybe within a string."""
        inputs = [call.inputs.get(key) for key, expression in call.planned.inputs if not is_static(expression)]
        values = set(_leaves(inputs))
        if not values.isdisjoint(self._sample_values):
            return True
        long = [value for value in self._sample_values if len(value) >= MIN_LENGTH_WITHIN]
        return any(sample in value for sample in long for value in values)

    def _sampled(self, action: Action[Any]) -> Payload:
        """Return the example payload of an action, and remember its values: nothing has them in the service."""
        payload = action.example or {}
        self._sample_values.update(_leaves(payload))
        return payload

    def _context(self, planned: PlannedStep, *, is_write: bool = False) -> Context:
        assert planned.component is not None  # noqa: S101 - see perform
        key = (planned.component.key, planned.connection, is_write)
        if key not in self._contexts:
            bound = self._prepared.connections.bound(planned.component.key, planned.connection)
            max_wait = self._prepared.settings.get("max_wait")
            limits = replace(
                CallLimits.of(bound.max_wait if max_wait is None else max_wait, None, self._on_wait),
                deadline=self._prepared.deadline,
                before_send=self._check_held if is_write else None,
                gate=shared_gate(self._limits, planned.component, bound.connection),
            )
            limits = without_rate_limit_waits(limits) if is_write else limits
            # A second guard of a dry run: an action that says it reads may still send a write.
            policy = replace(bound.policy, read_only=True) if self._prepared.dry_run else bound.policy
            self._contexts[key] = bound.context(planned.component, limits, policy)
        return self._contexts[key]


def _branch_of(action: Action[Any], payload: Payload) -> str | None:
    """Return the branch that an action takes; None for an action that does not branch."""
    if not action.branches:
        return None
    branch = payload.get("branch")
    if branch not in action.branches:
        names = ", ".join(action.branches)
        raise HandlerError(f'payload names branch "{branch}", which is not one of: {names}', action=action.key)
    return str(branch)


def _leaves(value: Any) -> Iterator[str]:
    """Yield the strings and numbers in a JSON value, as strings."""
    match value:
        case Mapping():
            for part in value.values():
                yield from _leaves(part)
        case list() | tuple():
            for part in value:
                yield from _leaves(part)
        case str() | int() | float() if not isinstance(value, bool) and value != "":
            yield str(value)


def _explained(call: StepCall, problem: Problem) -> Problem:
    """Say of a missing input that its references have no value."""
    key = problem.location.split(".")[0].split("[")[0]
    expression = dict(call.planned.inputs).get(key)
    if expression is None or key in call.inputs:
        return problem
    references = [f'"{part.text}"' for part in parts_of(expression) if isinstance(part, Reference)]
    has = "has" if len(references) == 1 else "have"
    message = f"is required, but {' and '.join(references)} {has} no value"
    return Problem(problem.location, message, problem.label)
