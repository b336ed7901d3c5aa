"""One problem that a check reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from connector.errors import InvalidFlowError, Problem

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """Something that is wrong with a flow, or may be.

    Attributes:
        severity: An `error` keeps the flow from running, a `warning` does not.
        rule: Name of the rule that it breaks.
        location: `file:line`.
        flow: Name of the flow; empty for the whole file.
        step: Name of the step; empty for the whole flow.
        message: What is wrong, in one sentence.
        hint: What to do about it.
    """

    severity: Severity
    rule: str
    location: str
    flow: str
    step: str
    message: str
    hint: str = ""

    def to_problem(self) -> Problem:
        """The problem as errors list them."""
        place = " / ".join(part for part in (self.flow, self.step) if part)
        return Problem(self.location, self.message, place, self.hint)

    def to_dict(self) -> dict[str, str]:
        """The problem as JSON, empty parts left out."""
        pairs = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in pairs.items() if value}

    def __str__(self) -> str:
        return f"{self.severity}: {self.to_problem()}"


def raise_if_errors(problems: Iterable[FlowProblem]) -> None:
    """Let a flow pass that has no errors.

    Raises:
        InvalidFlowError: It has some; steps that are not supported come first.
    """
    errors = sorted((p for p in problems if p.severity == "error"), key=lambda problem: problem.rule != "unsupported")
    if errors:
        raise InvalidFlowError(
            "the flow cannot be run; nothing was run.", problems=[problem.to_problem() for problem in errors]
        )
