"""The call of one step, and the signals that end a loop or a flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connector.flows.file.model import Step


@dataclass(slots=True, eq=False)
class StepCall:
    """One step that is about to be performed.

    Attributes:
        flow: Name of the flow.
        step: The step as the file has it.
        at: Where in the run; see `connector.flows.run.events.StepEvent`.
        inputs: Values of its inputs by key; a wrapper may change them.
        attempt: Number of the try, from 1.
    """

    flow: str
    step: Step
    at: str
    inputs: dict[str, Any]
    attempt: int
    _perform: Callable[[StepCall], Any] = field(repr=False)

    def perform(self) -> Any:
        """Do it, and answer its results."""
        return self._perform(self)


class BreakLoop(BaseException):
    """Ends the innermost loop."""


class StopFlow(BaseException):
    """Ends the flow.

    Attributes:
        response: `{"statusCode", "contentType", "headers", "body"}`.
    """

    def __init__(self, response: dict[str, Any]) -> None:
        super().__init__("the flow is stopped")
        self.response = response
