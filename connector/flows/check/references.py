"""Whether references, config variables and templates name what a step can see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.common.text import did_you_mean
from connector.common.yaml_source import Place
from connector.component.component import Component
from connector.flows.check.example_shapes import UNKNOWN, follow
from connector.flows.check.problems import Severity
from connector.flows.file.model import Branch, FlowDefinition, Integration, Step, walk
from connector.flows.file.step_inputs import CONNECTION_INPUTS
from connector.flows.values.expressions import ConfigVariable, Expression, Reference, parts_of
from connector.flows.values.paths import UNDEFINED

Rule = tuple[Severity, str, Place, str, str]
"""Severity, rule, place below the step, message, hint."""


class VisibleSteps:
    """What the step that is being checked can see.

    Attributes:
        shapes: Of each step that can be seen, its properties and their shapes.
        maybe: Variables of steps in branches that are over: they may not have run.
    """

    def __init__(self, flow: FlowDefinition, integration: Integration) -> None:
        self.integration = integration
        self.steps = {step.variable: step for step in flow.walk()}
        self.shapes: dict[str, dict[str, Any]] = {}
        self.maybe: set[str] = set()
        self._branch_shapes: dict[str, dict[str, Any]] = {}
        self._examples: dict[tuple[str, str], Any] = {}

    def example(self, component: Component, key: str) -> Any:
        """The results in the example payload of an action."""
        name = (component.key, key)
        if name not in self._examples:
            action = component.actions.get(key)
            example = None if action is None else action.example
            self._examples[name] = UNKNOWN if example is None else example.get("data", UNKNOWN)
        return self._examples[name]

    def show(self, step: Step, shape: Any) -> None:
        """The step has run."""
        self.shapes[step.variable] = {"results": shape}

    def enter(self, loop: Step, item: Any) -> None:
        """The steps of a loop follow."""
        self.shapes[loop.variable] = {"currentItem": item, "index": 0}

    def leave(self, loop: Step) -> None:
        """The steps of a loop are over; nothing outside sees them."""
        del self.shapes[loop.variable]
        for step in walk(loop.steps):
            self.shapes.pop(step.variable, None)
            self.maybe.discard(step.variable)

    def close_branch(self, branch: Branch) -> None:
        """The steps of a branch are over; the other branches do not see them."""
        for step in walk(branch.steps):
            if step.variable in self.shapes:
                self._branch_shapes[step.variable] = self.shapes.pop(step.variable)

    def join(self, branching: Step) -> None:
        """All branches are over; the steps in them may have run."""
        for branch in branching.branches:
            for step in walk(branch.steps):
                if step.variable in self._branch_shapes:
                    self.shapes[step.variable] = self._branch_shapes.pop(step.variable)
                    self.maybe.add(step.variable)


def check_parts(step: Step, visible: VisibleSteps) -> Iterator[Rule]:
    """Every reference and every config variable of a step's inputs."""
    for key, expression in step.inputs.items():
        place = ("inputs", key)
        for part in parts_of(expression):
            if isinstance(part, Reference):
                yield from _reference(part, step, visible, place)
            else:
                yield from _config_variable(part, expression, key, visible, place)


def _reference(part: Reference, step: Step, visible: VisibleSteps, place: Place) -> Iterator[Rule]:
    target = visible.steps.get(part.variable)
    if target is None:
        hint = did_you_mean(part.variable, visible.steps) or f"Its steps are {', '.join(visible.steps)}."
        yield (
            "error",
            "unknown-step",
            place,
            f'"{part.text}" refers to a step "{part.variable}", which is not there.',
            hint,
        )
        return
    properties = visible.shapes.get(part.variable)
    if properties is None:
        yield "error", "not-yet-run", place, _unseen(part, step, target), "Refer to a step before this one."
        return
    first = part.path[0] if part.path else ""
    if first not in properties:
        yield "error", "unknown-property", place, *_no_property(part, target, properties)
        return
    if part.variable in visible.maybe and step.kind != "branch.selectExecutedStepResult":
        message = f'"{part.text}" refers to a step in a branch, which may not have run.'
        yield "warning", "may-not-have-run", place, message, "Use Select Executed Step Result after the branches."
    if follow(properties, part.path) is UNDEFINED:
        message = f'the example payload of "{target.name}" has no "{".".join(part.path[1:])}".'
        yield "warning", "path", place, message, _near_path(part, properties)


def _unseen(part: Reference, step: Step, target: Step) -> str:
    if target is step:
        return f'"{part.text}" refers to the step itself.'
    if target.place[: len(step.place)] > step.place:
        return f'"{part.text}" refers to "{target.name}", which cannot have run yet.'
    return f'"{part.text}" refers to "{target.name}", which is inside of another loop or branch.'


def _no_property(part: Reference, target: Step, properties: dict[str, Any]) -> tuple[str, str]:
    name = part.path[0] if part.path else ""
    if not name:
        return (
            f'"{part.text}" names no property of "{target.name}".',
            f"Add {' or '.join(f'.{p}' for p in properties)}.",
        )
    if name in {"currentItem", "index"} and target.steps:
        return f'"{part.text}" is seen only by the steps inside of the loop.', "Use .results after the loop."
    if name == "results" and target.steps:
        return f'"{part.text}": the loop has no results before its end.', "Use .currentItem or .index inside of it."
    near = did_you_mean(name, properties) or f"It has {', '.join(properties)}."
    return f'"{part.text}": "{target.name}" has no property "{name}".', near


def _near_path(part: Reference, properties: dict[str, Any]) -> str:
    for length in range(len(part.path) - 1, 0, -1):
        shape = follow(properties, part.path[:length])
        if shape is UNDEFINED:
            continue
        if isinstance(shape, dict):
            return did_you_mean(part.path[length], shape) or f"There are {', '.join(shape)}."
        return (
            "There is a list; say which item, such as .0." if isinstance(shape, list) else "There is no object there."
        )
    return ""


def _config_variable(
    part: ConfigVariable, expression: Expression, key: str, visible: VisibleSteps, place: Place
) -> Iterator[Rule]:
    variables = visible.integration.config_variables
    name = part.key if part.key in variables else part.key.partition(".")[0]
    if not part.key:
        return
    if name not in variables:
        hint = did_you_mean(part.key, variables) or (
            f"There are {', '.join(variables)}." if variables else "Declare it."
        )
        yield "error", "unknown-config-variable", place, f'there is no config variable "{part.key}".', hint
    elif variables[name].kind != "value" and not (key in CONNECTION_INPUTS and expression is part):
        message = f'"{part.key}" is a connection: its secrets cannot become a value.'
        yield "error", "secret", place, message, "Use it in the connection input of a step only."
