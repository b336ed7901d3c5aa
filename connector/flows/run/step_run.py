"""One run of a step: its attempts and its outcome."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from connector.flows.file.model import Step
from connector.flows.run.events import StepState


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step that ended.

    Attributes:
        step: The step as the file has it.
        at: Where in the run; see `connector.flows.run.events.StepEvent`.
        state: `done`, `failed`, `ignored` or `reused`.
        inputs: Values of its inputs by key.
        results: What later steps can refer to.
        error: What went wrong.
        seconds: How long it took, waiting included.
        waited: Seconds of it spent on rate limits and between tries.
        attempts: How often it was tried.
        began: Seconds since 1970.
    """

    step: Step
    at: str
    state: StepState
    inputs: dict[str, Any]
    results: Any
    error: Exception | None
    seconds: float
    waited: float
    attempts: int
    began: float


@dataclass(slots=True)
class StepAttempts:
    """A step while it is tried, once or more often."""

    step: Step
    at: str
    waited_before: float
    attempts: int = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    results: Any = None
    began: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.perf_counter)

    def ended(self, state: StepState, error: Exception | None, waited: float) -> StepRun:
        """What is kept of it."""
        seconds = time.perf_counter() - self.clock
        spent = waited - self.waited_before
        parts = (self.inputs, self.results, error, seconds, spent, self.attempts, self.began)
        return StepRun(self.step, self.at, state, *parts)
