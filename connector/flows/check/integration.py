"""The static check of an integration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from connector.component.component import Component
from connector.flows.check.code import check_code
from connector.flows.check.config import ConfigChecks
from connector.flows.check.example_shapes import UNKNOWN, item_shape, step_shape, trigger_shape
from connector.flows.check.inputs import InputChecks
from connector.flows.check.problems import FlowProblem, Rule
from connector.flows.check.references import VisibleSteps, check_parts
from connector.flows.check.structure import BRANCHES, check_structure
from connector.flows.check.target import check_target
from connector.flows.file.model import FlowDefinition, Integration, Step

Target = Literal["prismatic"]
TARGETS: tuple[Target, ...] = get_args(Target)


def check(
    integration: Integration,
    components: Mapping[str, Component],
    *,
    flows: Sequence[FlowDefinition] | None = None,
    target: Target | None = None,
    config: Mapping[str, Any] | None = None,
) -> list[FlowProblem]:
    """Return the problems of an integration; see `connector.flows.flow.Flow.check`."""
    checked = integration.flows if flows is None else flows
    problems = list(ConfigChecks(integration, components, config).check(checked))
    for flow in checked:
        problems += _Check(integration, components, flow, target).check()
    return problems


class _Check:
    """The check of one flow. It visits the steps in order and knows which results each step can use."""

    def __init__(
        self,
        integration: Integration,
        components: Mapping[str, Component],
        flow: FlowDefinition,
        target: Target | None,
    ) -> None:
        self.integration = integration
        self.components = components
        self.flow = flow
        self.target = target
        self.problems: list[FlowProblem] = []
        self.inputs = InputChecks(integration, components)

    def check(self) -> list[FlowProblem]:
        trigger, *steps = self.flow.steps
        visible = VisibleSteps(self.flow, self.integration)
        self._add(trigger, check_parts(trigger, visible, self.components))
        visible.show(trigger, trigger_shape())
        self._blocks(trigger, visible, loops=0)
        self._walk(steps, visible, loops=0)
        return self.problems

    def _walk(self, steps: Sequence[Step], visible: VisibleSteps, loops: int) -> None:
        for step in steps:
            self._add(
                step,
                check_structure(
                    step, self.components, loops, document=self.integration.document, is_local=self.target is None
                ),
            )
            self._add(step, check_parts(step, visible, self.components))
            self._add(step, check_code(step, visible, is_local=self.target is None))
            self._add(step, self.inputs.check(step))
            if self.target is not None:
                self._add(step, check_target(step, self.components))
            shape = step_shape(step, self.components, visible)
            if step.branches and step.kind not in BRANCHES:
                # Unlike a step of the component `branch`, an action has ended before its branch begins.
                visible.show(step, shape)
            self._blocks(step, visible, loops)
            visible.show(step, shape)

    def _blocks(self, step: Step, visible: VisibleSteps, loops: int) -> None:
        if step.steps:
            visible.enter(step, item_shape(step, visible) if step.action == "loopOverItems" else UNKNOWN)
            self._walk(step.steps, visible, loops + 1)
            visible.leave(step)
        for branch in step.branches:
            self._walk(branch.steps, visible, loops)
            visible.close_branch(branch)
        visible.join(step)

    def _add(self, step: Step, rules: Iterable[Rule]) -> None:
        for severity, rule, place, message, hint in rules:
            location = self.integration.location((*step.place, *place))
            self.problems.append(FlowProblem(severity, rule, location, self.flow.name, step.name, message, hint))
