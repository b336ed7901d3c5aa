"""A step while it runs, its path, and the signals that end a loop or a flow."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from connector.flows.file.model import Step
    from connector.flows.steps.persisted_values import Store
    from connector.flows.steps.planned_step import PlannedStep
    from connector.flows.values.expressions import Scope

StepState = Literal["running", "progress", "waiting", "retrying", "done", "failed", "ignored", "reused", "skipped"]
"""What a step does. `ignored`: it failed, and its errorConfig ignores that. `reused`: an earlier process finished it.
`skipped`: it is an update without any field to change."""


class StepPath(str):
    """Path of a step in a run: `loop.0/create` is the step `create` in iteration 0 of the step `loop`."""

    __slots__ = ()
    _FORM = re.compile(r"(?:[^./]*\.\d+/)*[^./]*\Z")

    @classmethod
    def parse(cls, text: str) -> StepPath:
        """Parse a path.

        Raises:
            ValueError: If the string is not a path of a step.
        """
        if not text or not cls._FORM.match(text):
            raise ValueError(f'"{text}" is not a path of a step')
        return cls(text)

    def iteration(self, index: int) -> str:
        """Return the prefix of the steps inside of an iteration of this loop."""
        return f"{self}.{index}/"

    @property
    def prefix(self) -> str:
        """The part before the step's own variable."""
        return self[: self.rfind("/") + 1]

    @property
    def loop(self) -> StepPath | None:
        """Path of the innermost loop around the step."""
        return StepPath(self.prefix.rpartition(".")[0]) if "/" in self else None

    @property
    def depth(self) -> int:
        """How many loops are around the step."""
        return self.count("/")


@dataclass(slots=True, eq=False)
class StepCall:
    """One run of a step: what it was called with, and, once it ended, what came out.

    Attributes:
        flow: Name of the flow.
        planned: The step with everything that it needs to run.
        path: Path of the step in the run.
        waited_before: Seconds that the run had waited before this step.
        inputs: Values of its inputs by key; a wrapper of `perform_step` may change them.
        attempt: Number of the attempt, from 1; 0 for a step that is reused.
        state: `done`, `failed`, `ignored`, `reused` or `skipped` once it ended.
        reason: Why it was skipped.
        results: What later steps can refer to.
        branch: Branch that the step takes, if it is an action with branches.
        error: Error of the last attempt.
        seconds: How long it took, waiting included.
        waited: Seconds of it spent on rate limits and between attempts.
        pages_left: True if the results are one page of a list that has more.
        began: Seconds since 1970.
    """

    flow: str
    planned: PlannedStep = field(repr=False)
    path: StepPath
    _perform: Callable[[StepCall], Any] = field(repr=False)
    waited_before: float = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    attempt: int = 0
    state: StepState = "running"
    reason: str = ""
    results: Any = None
    branch: str | None = None
    error: Exception | None = None
    seconds: float = 0
    waited: float = 0
    pages_left: bool = False
    began: float = field(default_factory=time.time)
    _clock: float = field(default_factory=time.perf_counter, repr=False)

    @property
    def step(self) -> Step:
        """The step of the file."""
        return self.planned.step

    def perform(self) -> Any:
        """Perform the step and return its results."""
        return self._perform(self)

    def end(self, state: StepState, waited: float) -> None:
        """Note how the step ended, and how long the run has waited until now."""
        self.state = state
        self.seconds = time.perf_counter() - self._clock
        self.waited = waited - self.waited_before


class RunLimits(Protocol):
    """What a step may not go beyond."""

    @property
    def code(self) -> float:
        """Seconds that a script may take."""

    def check(self, name: str, value: float, location: str) -> None:
        """Raise FlowLimitError if a value exceeds the limit with this name."""


class StepRunner(Protocol):
    """What Prismatic's own steps need of the run that performs them."""

    @property
    def scope(self) -> Scope:
        """What expressions can see."""

    @property
    def limits(self) -> RunLimits:
        """Limits of the run."""

    @property
    def store(self) -> Store:
        """Values of persist-data steps."""

    def loop(self, call: StepCall, items: Sequence[Any]) -> Any:
        """Perform the steps of a loop for each item."""

    def branch(self, call: StepCall, name: str) -> str | None:
        """Perform the steps of a branch and return its name."""

    def write_log(self, call: StepCall, level: str, message: str) -> None:
        """Write to the log of the run."""

    def wait(self, seconds: float, reason: str) -> None:
        """Sleep."""


class RunInterrupted(BaseException):
    """Ends the run with an error. No errorConfig and no plugin's `except Exception` can swallow it.

    Attributes:
        error: What the run fails with.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class BreakLoop(BaseException):
    """Ends the innermost loop. No errorConfig and no plugin's `except Exception` can swallow it."""


class StopFlow(BaseException):
    """Ends the flow. No errorConfig and no plugin's `except Exception` can swallow it.

    Attributes:
        response: `{"statusCode", "contentType", "headers", "body"}`.
    """

    def __init__(self, response: dict[str, Any]) -> None:
        super().__init__("the flow is stopped")
        self.response = response
