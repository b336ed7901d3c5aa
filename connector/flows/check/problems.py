"""One finding of a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from connector.errors import InvalidFlowError, Problem

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a flow, or may be.

    Attributes:
        severity: An `error` keeps the flow from running, a `warning` does not.
        rule: Name of the rule that found it.
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

    def problem(self) -> Problem:
        """The finding as errors list them."""
        place = " / ".join(part for part in (self.flow, self.step) if part)
        return Problem(self.location, self.message, place, self.hint)

    def to_dict(self) -> dict[str, str]:
        """The finding as JSON, empty parts left out."""
        pairs = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in pairs.items() if value}

    def __str__(self) -> str:
        return f"{self.severity}: {self.problem()}"


def raise_if_errors(findings: Iterable[Finding]) -> None:
    """Let a flow pass that has no errors.

    Raises:
        InvalidFlowError: It has some; steps that are not supported come first.
    """
    errors = sorted((f for f in findings if f.severity == "error"), key=lambda finding: finding.rule != "unsupported")
    if errors:
        raise InvalidFlowError("the flow cannot be run; nothing was run.", problems=[f.problem() for f in errors])
