"""What happens while a flow runs: one event for every change of state."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

StepState = Literal["running", "progress", "waiting", "retrying", "done", "failed", "ignored", "reused"]
RunState = Literal["started", "done", "stopped", "failed"]


class _Event:
    __slots__ = ()
    type: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON, empty parts left out."""
        pairs = {part.name: getattr(self, part.name) for part in fields(self)}  # type: ignore[arg-type]
        return {"type": self.type, **{name: value for name, value in pairs.items() if value not in ("", None)}}


@dataclass(frozen=True, slots=True)
class StepEvent(_Event):
    """A step began, waits, is repeated, or ended.

    Attributes:
        flow: Name of the flow.
        step: Name of the step.
        at: Where in the run: the step's variable, after those of the loops around it with their iterations.
        state: What it does now; `reused` is a step that an earlier run finished, `ignored` one whose error is.
        action: `component.action`.
        seconds: How long it took, or how long it will wait.
        reason: Why it waits.
        attempt: Number of the try, from 1.
        done: Iterations of a loop that are over.
        total: Iterations of a loop, where known.
        error: What went wrong.
        time: Seconds since 1970.
    """

    type: ClassVar[str] = "step"
    flow: str
    step: str
    at: str
    state: StepState
    action: str
    seconds: float | None = None
    reason: str = ""
    attempt: int | None = None
    done: int | None = None
    total: int | None = None
    error: str = ""
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class LogEvent(_Event):
    """A step wrote to the log.

    Attributes:
        flow: Name of the flow.
        step: Name of the step.
        at: Where in the run; see `StepEvent`.
        level: `debug`, `info`, `warn` or `error`.
        message: Its text, without secrets.
        time: Seconds since 1970.
    """

    type: ClassVar[str] = "log"
    flow: str
    step: str
    at: str
    level: str
    message: str
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class RunEvent(_Event):
    """The flow began or ended.

    Attributes:
        flow: Name of the flow.
        run: Id of the run.
        state: What happened; `stopped` is the end by a stop step.
        journal: Path of the run's journal.
        seconds: How long it took.
        error: What went wrong.
        time: Seconds since 1970.
    """

    type: ClassVar[str] = "run"
    flow: str
    run: str
    state: RunState
    journal: str = ""
    seconds: float | None = None
    error: str = ""
    time: float = field(default_factory=time.time)


Event = StepEvent | LogEvent | RunEvent
Listener = Callable[[Event], None]
