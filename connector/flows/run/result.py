"""What came out of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.common.text import did_you_mean
from connector.flows.run.events import RunState
from connector.flows.run.step_run import StepRun

if TYPE_CHECKING:
    from connector.flows.run.events import Listener
    from connector.flows.run.limits import Limits


@dataclass(slots=True)
class StepSummary:
    """What became of one step over the whole run.

    Attributes:
        name: Name of the step.
        action: `component.action`.
        state: How it ended the last time: `done`, `failed`, `ignored`, `reused`; `skipped` if it never ran.
        count: How often it ended.
        seconds: How long it took in all, waiting included.
        waited: Seconds of it spent waiting.
        attempts: How often it was tried in all.
        error: What went wrong the last time.
        inputs: Values of its inputs the last time, when values are kept.
        results: Its results the last time, when values are kept.
        executions: Every time it ended, when values are kept.
    """

    name: str
    action: str
    state: str = "skipped"
    count: int = 0
    seconds: float = 0
    waited: float = 0
    attempts: int = 0
    error: Exception | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    results: Any = None
    executions: list[StepRun] = field(default_factory=list)

    def add(self, ended: StepRun, *, values: bool) -> None:
        """Count one more end."""
        self.state, self.error = ended.state, ended.error
        self.count += 1
        self.seconds += ended.seconds
        self.waited += ended.waited
        self.attempts += ended.attempts
        if values:
            self.inputs, self.results = ended.inputs, ended.results
            self.executions.append(ended)


class StepSummaries(dict[str, StepSummary]):
    """The steps of a run by name; a wrong name gets the nearest ones told."""

    def __missing__(self, name: str) -> StepSummary:
        known = did_you_mean(name, self) or f"Its steps are {', '.join(self)}."
        raise KeyError(f'the flow has no step "{name}". {known}')


@dataclass(slots=True)
class Run:
    """One run of a flow.

    Attributes:
        id: Its id.
        flow: Name of the flow.
        status: `done`, `stopped` by a stop step, or `failed`.
        results: What the flow gave: the body of a stop step's answer, else the results of its last step.
        response: The whole answer of a stop step: `{"statusCode", "contentType", "headers", "body"}`.
        steps: What became of each step, by name.
        journal: Path of the journal; None without one.
        seconds: How long it took.
        skipped_writes: The writes that a dry run did not send: `{"step", "action", "inputs"}`.
    """

    id: str
    flow: str
    status: RunState = "started"
    results: Any = None
    response: dict[str, Any] | None = None
    steps: StepSummaries = field(default_factory=StepSummaries)
    journal: Path | None = None
    seconds: float = 0
    skipped_writes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a flow is run.

    Attributes:
        connections: Connections by the name of their config variable.
        max_wait: Seconds that one request may wait; None is the default of `Runner`.
        deadline: Seconds after which nothing more is begun.
        on_event: Is told of every change of state; see `connector.flows.run.events`.
        plugins: Plugins that implement the hooks `perform_step` or `flow_event`.
        trace: File for every step's inputs and results, secrets redacted.
        keep_values: Keep every step's inputs and results in the result's `steps`.
        limits: How far the run may go.
        state: Folder for the values of persist-data steps; None is the user's state folder.
    """

    connections: Mapping[str, Any] = field(default_factory=dict)
    max_wait: float | None = None
    deadline: float | None = None
    on_event: Listener | None = None
    plugins: tuple[object, ...] = ()
    trace: Path | None = None
    keep_values: bool = False
    limits: Limits | None = None
    state: Path | None = None


Recorder = Callable[[StepRun], None]
