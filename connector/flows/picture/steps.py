"""A flow as nested lists of HTML: its steps, loops, and branches, with their problems and how they ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connector.component.component import Component
from connector.describe.summaries import effect
from connector.flows.check.problems import FlowProblem
from connector.flows.file.model import FlowDefinition, Step
from connector.flows.file.step_actions import action_of
from connector.flows.picture.markup import Markup, shortened, tag
from connector.flows.picture.words import facts_of, state_of
from connector.flows.run_timeline import Timeline, TimelineRow

NAME_LENGTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """What a picture says about the steps beside their names, each by the name of the step.

    Attributes:
        effects: `read`, `write`, or `destructive`.
        problems: Problems that `Flow.check` found.
        rows: What the steps did in a run; None without a run.
    """

    effects: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, Sequence[FlowProblem]] = field(default_factory=dict)
    rows: Mapping[str, TimelineRow] | None = None

    @classmethod
    def of(
        cls,
        flow: FlowDefinition,
        components: Mapping[str, Component],
        *,
        problems: Iterable[FlowProblem] = (),
        timeline: Timeline | None = None,
    ) -> StepFacts:
        """Return the facts about the steps of a flow."""
        by_step: dict[str, list[FlowProblem]] = {}
        for problem in problems:
            if problem.flow in {"", flow.name}:
                by_step.setdefault(problem.step, []).append(problem)
        effects: dict[str, str] = {}
        for step in flow.walk():
            action = action_of(step.kind, components)
            if action is not None and not step.is_trigger:
                effects[step.name] = effect(action)
        return cls(effects=effects, problems=by_step, rows=timeline.by_step if timeline else None)


def flow_html(flow: FlowDefinition, facts: StepFacts) -> Markup:
    """Return a flow as nested lists, without style attributes and scripts.

    Args:
        flow: The flow.
        facts: What to say about its steps.
    """
    return _Steps(facts).block(flow.steps)


class _Steps:
    def __init__(self, facts: StepFacts) -> None:
        self._facts = facts

    def block(self, steps: Sequence[Step]) -> Markup:
        return tag("ol", *(tag("li", *self._step(step), class_="step") for step in steps), class_="steps")

    def _step(self, step: Step) -> Iterator[Markup]:
        yield self._box(step)
        yield from (problem_html(problem) for problem in self._facts.problems.get(step.name, ()))
        if step.steps:
            yield tag("div", tag("span", "each", class_="way"), self.block(step.steps), class_="inside")
        if step.branches:
            ways = [
                tag(
                    "div", tag("span", tag("bdi", branch.name), class_="way"), self.block(branch.steps), class_="way-in"
                )
                for branch in step.branches
            ]
            yield tag("div", *ways, class_="ways")

    def _box(self, step: Step) -> Markup:
        facts = self._facts
        row = None if facts.rows is None else facts.rows.get(step.name)
        severities = {problem.severity for problem in facts.problems.get(step.name, ())}
        kinds = [
            "box",
            facts.effects.get(step.name, ""),
            "trigger" if step.is_trigger else "",
            "bad" if "error" in severities else "warned" if "warning" in severities else "",
            f"is-{row.outcome}" if row else "",
        ]
        content = (
            tag("span", tag("bdi", shortened(step.name, NAME_LENGTH)), *_on_error(step), class_="name"),
            tag("small", f"{step.component} · {step.action}"),
            tag("span", self._state(step, row), class_="state"),
        )
        return tag("div", *content, class_=" ".join(filter(None, kinds)))

    def _state(self, step: Step, row: TimelineRow | None) -> str:
        if row is not None:
            return f"{state_of(row)}  {facts_of(row)}"
        return "" if self._facts.rows is None or step.is_trigger else "- not run"


def _on_error(step: Step) -> Iterator[Markup]:
    config = step.on_error
    if config.kind != "fail":
        count = f" {config.attempts}x" if config.attempts else ""
        yield tag("em", f"on error: {config.kind}{count}")


def problem_html(problem: FlowProblem) -> Markup:
    """Return a problem as a paragraph."""
    hint = f". {problem.hint}" if problem.hint else ""
    return tag(
        "p",
        tag("strong", problem.severity),
        " ",
        tag("bdi", problem.message + hint),
        tag("small", f"{problem.location} · {problem.rule}"),
        class_=f"problem {problem.severity}",
    )
