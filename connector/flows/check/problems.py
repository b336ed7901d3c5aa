"""One problem that a check reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from connector.common.yaml_source import Place
from connector.errors import InvalidFlowError, Problem

Severity = Literal["error", "warning", "note"]

NOT_INSTALLED = "not-installed"
"""Rule of a step whose component is not installed. The step is not checked, and cannot run."""


NOT_PERFORMED = (NOT_INSTALLED, "unsupported", "unknown-action", "blocked", "block", "code-syntax")
"""Rules that do not matter for a step that a stub stands in for."""


class Rule(NamedTuple):
    """A problem of a step or a config variable, before it has a location.

    Attributes:
        severity: See `FlowProblem`.
        rule: See `FlowProblem`.
        place: Path below the step or the config variable.
        message: See `FlowProblem`.
        hint: See `FlowProblem`.
    """

    severity: Severity
    rule: str
    place: Place
    message: str
    hint: str = ""


def error(rule: str, place: Place, message: str, hint: str = "") -> Rule:
    """Return a problem that keeps the flow from working."""
    return Rule("error", rule, place, message, hint)


def warning(rule: str, place: Place, message: str, hint: str = "") -> Rule:
    """Return a problem that may keep the flow from working."""
    return Rule("warning", rule, place, message, hint)


def note(rule: str, place: Place, message: str, hint: str = "") -> Rule:
    """Return a fact about the check itself."""
    return Rule("note", rule, place, message, hint)


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """An error, a warning, or a note about a flow.

    Attributes:
        severity: An `error` keeps the flow from working, a `warning` may not, and a `note` names what was not checked.
        rule: Name of the rule that the flow breaks.
        location: `file:line`.
        flow: Name of the flow; empty for the whole file.
        step: Name of the step; empty for the whole flow.
        message: What is wrong, in one clause.
        hint: What to do, in whole sentences.
    """

    severity: Severity
    rule: str
    location: str
    flow: str
    step: str
    message: str
    hint: str = ""

    def to_problem(self) -> Problem:
        """Return the problem as errors list it."""
        place = " / ".join(part for part in (self.flow, self.step) if part)
        return Problem(self.location, self.message, place, self.hint)

    def to_dict(self) -> dict[str, str]:
        """Return the problem as JSON, without empty parts."""
        pairs = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in pairs.items() if value}

    def __str__(self) -> str:
        return f"{self.severity}: {self.to_problem()}"


def raise_if_errors(problems: Iterable[FlowProblem]) -> None:
    """Raise if there are errors.

    Raises:
        InvalidFlowError: If any problem is an error, or a component is not installed. Lists the steps that cannot run
            first.
    """
    errors = sorted(
        (p for p in problems if p.severity == "error" or p.rule == NOT_INSTALLED),
        key=lambda problem: problem.rule not in (NOT_INSTALLED, "unsupported"),
    )
    if errors:
        listed = [problem.to_problem() for problem in errors]
        is_missing = errors[0].rule in (NOT_INSTALLED, "unsupported")
        hint = "Prepare stubs with connector flow stubs, and pass them with --stubs FOLDER." if is_missing else ""
        raise InvalidFlowError("flow has errors and was not started", problems=listed, hint=hint)
