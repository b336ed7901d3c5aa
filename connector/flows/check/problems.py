"""One problem that a check reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from connector.errors import InvalidFlowError, Problem

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """An error or a warning about a flow.

    Attributes:
        severity: A flow with an `error` does not start; a `warning` allows it.
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
        InvalidFlowError: If any problem is an error. Lists all errors, unsupported steps first.
    """
    errors = sorted((p for p in problems if p.severity == "error"), key=lambda problem: problem.rule != "unsupported")
    if errors:
        raise InvalidFlowError(
            "flow has errors and was not started", problems=[problem.to_problem() for problem in errors]
        )
