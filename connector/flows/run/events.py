"""Events of a run: one for every change of state."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from connector.common.text import camel_case
from connector.flows.steps.step_call import StepPath, StepState

RunState = Literal["started", "waiting", "done", "failed"]


class _Event:
    __slots__ = ()
    type: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the event as JSON without empty parts."""
        pairs = {camel_case(part.name): getattr(self, part.name) for part in fields(self)}  # type: ignore[arg-type]
        return {"type": self.type, **{name: value for name, value in pairs.items() if value not in ("", None)}}


@dataclass(frozen=True, slots=True)
class StepEvent(_Event):
    """The state of a step changed.

    Attributes:
        flow: Name of the flow.
        step: Name of the step.
        path: Path of the step in the run, such as `loop.0/create`.
        state: New state; see `StepState`.
        action: `component.action`.
        seconds: How long it took, or how long it will wait.
        reason: Why it waits, or was skipped.
        attempt: Number of the attempt, from 1.
        done: Number of iterations of a loop that are done.
        total: Number of iterations of a loop.
        error: Error message.
        pages_left: True if the results are one page of a list that has more.
        time: Seconds since 1970.
    """

    type: ClassVar[str] = "step"
    flow: str
    step: str
    path: StepPath
    state: StepState
    action: str
    seconds: float | None = None
    reason: str = ""
    attempt: int | None = None
    done: int | None = None
    total: int | None = None
    error: str = ""
    pages_left: bool | None = None
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class LogEvent(_Event):
    """A step wrote to the log.

    Attributes:
        flow: Name of the flow.
        step: Name of the step.
        path: Path of the step in the run.
        level: `debug`, `info`, `warn` or `error`.
        message: The message, redacted.
        time: Seconds since 1970.
    """

    type: ClassVar[str] = "log"
    flow: str
    step: str
    path: StepPath
    level: str
    message: str
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class RunEvent(_Event):
    """A run started or ended, or waits for the database of its journal.

    Attributes:
        flow: Name of the flow.
        run: ID of the run; empty while its journal is not open.
        state: `started`, `waiting`, `done` or `failed`.
        journal: What `resume` accepts to find the journal; empty without one.
        seconds: How long it took, or how long it will wait at most.
        error: Error message.
        time: Seconds since 1970.
        reason: What it waits for, and why.
    """

    type: ClassVar[str] = "run"
    flow: str
    run: str
    state: RunState
    journal: str = ""
    seconds: float | None = None
    error: str = ""
    time: float = field(default_factory=time.time)
    reason: str = ""


Event = StepEvent | LogEvent | RunEvent
Listener = Callable[[Event], None]
