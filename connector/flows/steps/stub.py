"""A stub of a step: results that a caller sets up, so that the step itself is not performed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import UsageError

BRANCHING = ("branch", "data")
"""Keys of what a step with branches returns on Prismatic."""


@dataclass(frozen=True, slots=True)
class Stub:
    """The stub of one step.

    Attributes:
        step: Name of the step.
        value: The results; an error to raise; or a function that takes the inputs and returns or raises one of these.
            For a step with branches, the results are `{"branch": NAME, "data": RESULTS}`.
        branches: Names of the branches of the step; None if it has none.
    """

    step: str
    value: Any
    branches: tuple[str, ...] | None = None

    def perform(self, inputs: Mapping[str, Any]) -> tuple[Any, str | None]:
        """Return the results of the step, and the branch that it takes.

        Raises:
            Exception: The error that the stub stands for.
            UsageError: If the results of a step with branches name none of them.
        """
        value = self.value
        if callable(value):
            value = value(dict(inputs))
        if isinstance(value, Exception):
            raise value
        return self.split(value)

    def split(self, value: Any) -> tuple[Any, str | None]:
        """Return the results and the branch in a value; see `perform`."""
        if self.branches is None:
            return value, None
        if not isinstance(value, Mapping) or set(value) != set(BRANCHING):
            message = f'stub of "{self.step}" must be an object with "branch" and "data", because the step branches'
            raise UsageError(message, hint=f"Available branches: {', '.join(self.branches)}.")
        if value["branch"] not in self.branches:
            message = f'stub of "{self.step}" names unknown branch "{value["branch"]}"'
            raise UsageError(message, hint=f"Available branches: {', '.join(self.branches)}.")
        return value["data"], value["branch"]

    def check(self) -> None:
        """Check a value that is known before the run.

        Raises:
            UsageError: See `perform`.
        """
        if not callable(self.value) and not isinstance(self.value, Exception):
            self.split(self.value)
