"""What comes out of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connector.common.text import did_you_mean
from connector.flows.run.events import RunState
from connector.flows.steps.step_call import StepCall


@dataclass(slots=True)
class StepSummary:
    """What one step did over the whole run.

    Attributes:
        name: Name of the step.
        action: `component.action`.
        stubbed: Whether a stub stood in for it.
        state: How it ended the last time: `done`, `failed`, `ignored`, `reused`; `skipped` if it never ran, or had
            nothing to update.
        count: How often it ended.
        seconds: How long it took in all, waiting included.
        waited: Seconds of it spent waiting.
        attempts: Number of attempts in all.
        error: Error of the last time.
        pages_left: How often its results were one page of a list that has more.
        inputs: Values of its inputs the last time, with `keep_values`.
        results: Its results the last time, with `keep_values`.
        executions: Every time that it ended, with `keep_values`.
    """

    name: str
    action: str
    stubbed: bool = False
    state: str = "skipped"
    count: int = 0
    seconds: float = 0
    waited: float = 0
    attempts: int = 0
    error: Exception | None = None
    pages_left: int = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    results: Any = None
    executions: list[StepCall] = field(default_factory=list)

    def add(self, call: StepCall, *, values: bool) -> None:
        """Add a step that ended."""
        self.state, self.error = call.state, call.error
        self.count += 1
        self.seconds += call.seconds
        self.waited += call.waited
        self.attempts += call.attempt
        self.pages_left += call.pages_left
        if values:
            self.inputs, self.results = call.inputs, call.results
            self.executions.append(call)


class ComponentSteps(NamedTuple):
    """What became of the steps of one component in a run.

    Attributes:
        component: Key of the component.
        executed: Number of steps that ended at least once.
        stubbed: Number of steps that a stub stood in for at least once.
        not_reached: Number of steps that never ended.
    """

    component: str
    executed: int
    stubbed: int
    not_reached: int


class StepSummaries(dict[str, StepSummary]):
    """The steps of a run by name; the error for an unknown name suggests similar ones."""

    def __missing__(self, name: str) -> StepSummary:
        hint = did_you_mean(name, self) or f"Steps: {', '.join(self)}."
        raise KeyError(f'unknown step "{name}". {hint}')

    def by_component(self) -> list[ComponentSteps]:
        """Return what became of the steps, by component."""
        groups: dict[str, list[StepSummary]] = {}
        for summary in self.values():
            groups.setdefault(summary.action.partition(".")[0], []).append(summary)
        return [_component_steps(key, groups[key]) for key in sorted(groups)]


def _component_steps(component: str, summaries: Sequence[StepSummary]) -> ComponentSteps:
    reached = [summary for summary in summaries if summary.count]
    stubbed = sum(summary.stubbed for summary in reached)
    return ComponentSteps(component, len(reached) - stubbed, stubbed, len(summaries) - len(reached))


@dataclass(slots=True)
class Run:
    """One run of a flow.

    Attributes:
        id: ID of the run.
        flow: Name of the flow.
        status: `done` or `failed`.
        results: Result of the flow: the body of the response of Stop Execution, else the results of the last step.
        response: Response of Stop Execution: `{"statusCode", "contentType", "headers", "body"}`.
        steps: Summary of each step, by name.
        journal: What `resume` and `undo` accept: path or URL of the journal; None without one.
        seconds: How long it took.
        skipped_writes: Writes that a dry run did not send: `{"step", "action", "inputs"}`.
        trace: Lines of its trace, redacted, if `connector.testing.run_flow` ran it.
        generated: IDs and keys that its sandboxes generated, if `connector.testing.run_flow` ran it.
    """

    id: str
    flow: str
    status: RunState = "started"
    results: Any = None
    response: dict[str, Any] | None = None
    steps: StepSummaries = field(default_factory=StepSummaries)
    journal: str | None = None
    seconds: float = 0
    skipped_writes: list[dict[str, Any]] = field(default_factory=list)
    trace: list[dict[str, Any]] = field(default_factory=list, repr=False)
    generated: frozenset[str] = field(default=frozenset(), repr=False)
