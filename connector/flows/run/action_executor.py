"""Performing the actions of components: inputs, connection, journal, and what may have happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connector.common.redaction import Redactor
from connector.component.component import error_context
from connector.component.context import Context
from connector.component.definitions import Action
from connector.component.policy import Policy
from connector.errors import (
    InputError,
    InvalidResponseError,
    NotFoundError,
    OutcomeUnknownError,
    Problem,
    ServerError,
)
from connector.flows.run.connections import FlowConnections
from connector.flows.steps.step_call import StepCall
from connector.flows.values.expressions import Reference, parts_of
from connector.journal.file import Journal
from connector.rest.rate_limits import CallLimits

if TYPE_CHECKING:
    from connector.flows.run.plan import PlannedStep


def outcome_unknown(action: Action[Any] | None, error: Exception) -> bool:
    """True when a write failed in a way that leaves open whether it happened."""
    if action is None or action.effect == "read":
        return False
    return isinstance(error, OutcomeUnknownError | ServerError | InvalidResponseError)


class ActionExecutor:
    """Performs actions with the connections of one run.

    Args:
        bindings: The connections by name.
        max_wait: Seconds that one request may wait.
        deadline: Value of `time.monotonic()` after which nothing is begun.
        dry_run: Perform reads only, and answer a write with its example.
        skip_unknown: Take writes that may have happened in an earlier run as done.
    """

    def __init__(
        self,
        bindings: FlowConnections,
        *,
        max_wait: float | None = None,
        deadline: float | None = None,
        dry_run: bool = False,
        skip_unknown: bool = False,
    ) -> None:
        self.bindings = bindings
        self.dry_run = dry_run
        self.skip_unknown = skip_unknown
        self.skipped_writes: list[dict[str, Any]] = []
        self.on_wait: Callable[[float, str], None] | None = None
        self._max_wait = max_wait
        self._deadline = deadline
        self._redactor = Redactor(bindings.secrets)
        self._contexts: dict[tuple[str, str | None], Context] = {}

    def perform(self, planned: PlannedStep, call: StepCall, journal: Journal) -> tuple[Any, bool]:
        """The results of an action, and whether it changed something.

        Raises:
            Exception: Whatever the action raises; errors of this package name it.
        """
        component, action = planned.component, planned.action
        assert component is not None and action is not None  # noqa: PT018, S101 - a planned step has one or the other
        context = self._context(planned)
        with error_context(action.key):
            try:
                inputs = action.inputs.from_values(call.inputs)
            except InputError as error:
                error.problems = tuple(_explained(planned, call.inputs, problem) for problem in error.problems)
                raise
            changes = action.effect_of(inputs) != "read"
            if changes and self.dry_run:
                return self._pretended(planned, call), False
            if changes:
                name = self.bindings.name_for(component.key, planned.connection) or ""
                journal.write_started(call.at, planned.step.name, planned.step.kind, name, call.inputs)
            try:
                payload = component.perform_validated(action, context, inputs)
            except NotFoundError:
                if not self.skipped_writes:
                    raise
                # after a write that was not sent, a read may ask for what only its example knows
                payload = action.example or {}
        return (payload or {}).get("data"), changes

    def redact(self, text: str) -> str:
        """A text without the secrets of the connections."""
        return self._redactor.text(text)

    def _pretended(self, planned: PlannedStep, call: StepCall) -> Any:
        self.skipped_writes.append({"step": call.step.name, "action": call.step.kind, "inputs": call.inputs})
        example = planned.action.example if planned.action else None
        return (example or {}).get("data")

    def _context(self, planned: PlannedStep) -> Context:
        assert planned.component is not None  # noqa: S101 - asked before
        key = (planned.component.key, planned.connection)
        context = self._contexts.get(key)
        if context is None:
            bound = self.bindings.bound(*key)
            most = bound.max_wait if self._max_wait is None else self._max_wait
            limits = CallLimits.of(most, None, self._on_wait)
            limits = CallLimits(limits.max_wait, self._deadline, limits.on_wait)
            policy = (
                Policy(bound.policy.allowed, bound.policy.blocked, read_only=True) if self.dry_run else bound.policy
            )
            context = Context(planned.component, bound.connection, limits=limits, policy=policy)  # type: ignore[arg-type]
            self._contexts[key] = context
        return context

    def _on_wait(self, seconds: float, reason: str) -> None:
        if self.on_wait:
            self.on_wait(seconds, reason)


def _explained(planned: PlannedStep, given: Mapping[str, Any], problem: Problem) -> Problem:
    """Say of a missing input that it was missing because its references led nowhere."""
    key = problem.location.split(".")[0].split("[")[0]
    expression = dict(planned.inputs).get(key)
    if expression is None or key in given:
        return problem
    texts = " and ".join(f'"{part.text}"' for part in parts_of(expression) if isinstance(part, Reference))
    return Problem(problem.location, problem.message, problem.label, f"{texts} led to nothing. {problem.hint}".rstrip())
