"""Checks of references, templates, and config variables."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.common.value_paths import UNDEFINED
from connector.common.yaml_source import Place
from connector.component.component import Component
from connector.flows.check.example_shapes import UNKNOWN, documented_shape, follow
from connector.flows.check.problems import Rule, error, warning
from connector.flows.file.model import Branch, FlowDefinition, Integration, Step, walk
from connector.flows.file.step_actions import action_of
from connector.flows.file.step_inputs import item_place
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.expressions import (
    Complex,
    ConfigVariable,
    Expression,
    Pair,
    Reference,
    Template,
    parts_of,
)


class VisibleSteps:
    """The steps whose results the current step can use.

    Attributes:
        shapes: Shapes of the properties of each visible step.
        maybe: Names of visible steps that may not run, because they are in a branch.
        ended: Shapes of the steps in loops that have ended.
    """

    def __init__(self, flow: FlowDefinition, integration: Integration) -> None:
        self.integration = integration
        self.steps = {step.variable: step for step in flow.walk()}
        self.shapes: dict[str, dict[str, Any]] = {}
        self.maybe: set[str] = set()
        self.ended: dict[str, dict[str, Any]] = {}
        self._branch_shapes: dict[str, dict[str, Any]] = {}
        self._examples: dict[tuple[str, str], Any] = {}

    def example(self, component: Component, key: str) -> Any:
        """Return the shape of the results of an action."""
        name = (component.key, key)
        if name not in self._examples:
            action = component.find_action(key)
            self._examples[name] = UNKNOWN if action is None else documented_shape(action)
        return self._examples[name]

    def located_parts(
        self, step: Step, expression: Expression, place: Place
    ) -> Iterator[tuple[Reference | ConfigVariable, Place]]:
        """Yield every reference and config variable in an expression, with its path below the step."""
        match expression:
            case Reference() | ConfigVariable() | Template():
                yield from ((part, (*place, "value")) for part in parts_of(expression))
            case Complex(items):
                for index, item in enumerate(items):
                    inner = item_place(self.integration.document, step, place, index)
                    yield from self.located_parts(step, item, inner)
            case Pair(name, value):
                yield from self.located_parts(step, name, (*place, "name"))
                yield from self.located_parts(step, value, place)

    def show(self, step: Step, shape: Any) -> None:
        """Add a step that has run."""
        self.shapes[step.variable] = {"results": shape}

    def enter(self, loop: Step, item: Any) -> None:
        """Enter a loop."""
        self.shapes[loop.variable] = {"currentItem": item, "index": 0}

    def leave(self, loop: Step) -> None:
        """Leave a loop: its steps are no longer visible."""
        del self.shapes[loop.variable]
        for step in walk(loop.steps):
            if step.variable in self.shapes:
                self.ended[step.variable] = self.shapes.pop(step.variable)
            self.maybe.discard(step.variable)

    def close_branch(self, branch: Branch) -> None:
        """Leave a branch: the other branches do not see its steps."""
        for step in walk(branch.steps):
            if step.variable in self.shapes:
                self._branch_shapes[step.variable] = self.shapes.pop(step.variable)

    def join(self, branching: Step) -> None:
        """Leave the last branch: the steps of all branches are visible, but may not have run."""
        for branch in branching.branches:
            for step in walk(branch.steps):
                if step.variable in self._branch_shapes:
                    self.shapes[step.variable] = self._branch_shapes.pop(step.variable)
                    self.maybe.add(step.variable)


def check_parts(step: Step, visible: VisibleSteps, components: Mapping[str, Component]) -> Iterator[Rule]:
    """Yield the problems of the references and config variables in the inputs of a step."""
    own_inputs = _own_inputs(step, components)
    for key, expression in step.inputs.items():
        yield from _plain_slots(expression, ("inputs", key), visible)
        for part, place in visible.located_parts(step, expression, ("inputs", key)):
            if isinstance(part, Reference):
                yield from _reference(part, step, visible, place)
            elif not (key in step.connections and key not in own_inputs):
                yield from _config_variable(part, visible, place)


_PLAIN_SLOT = re.compile(r"\{\{\s*([^{}$#\s][^{}]*?)\s*\}\}")


def _plain_slots(expression: Expression, place: Place, visible: VisibleSteps) -> Iterator[Rule]:
    """Yield the slots of templates without `$` or `#`, which Prismatic does not replace."""
    match expression:
        case Template(text):
            for slot in _PLAIN_SLOT.finditer(text):
                sign = "#" if slot[1] in visible.integration.config_variables else "$"
                message = f'"{slot[0]}" is text, not a reference'
                yield warning("template", (*place, "value"), message, f"Write {{{{{sign}{slot[1]}}}}}.")
        case Complex(items):
            for item in items:
                yield from _plain_slots(item, place, visible)
        case Pair(_, value):
            yield from _plain_slots(value, place, visible)


def _own_inputs(step: Step, components: Mapping[str, Component]) -> Collection[str]:
    """Return the keys of the inputs that are known to hold values."""
    if step.kind in BUILT_IN:
        return BUILT_IN[step.kind].inputs or step.inputs
    action = action_of(step.kind, components)
    return action.inputs.definitions() if action else ()


def _reference(part: Reference, step: Step, visible: VisibleSteps, place: Place) -> Iterator[Rule]:
    target = visible.steps.get(part.variable)
    if target is None:
        hint = did_you_mean(part.variable, visible.steps) or f"Available steps: {', '.join(visible.steps)}."
        yield error("unknown-step", place, f'"{part.text}" refers to unknown step "{part.variable}"', hint)
        return
    is_selecting = step.kind == "branch.selectExecutedStepResult"
    ended = visible.ended.get(part.variable) if is_selecting else None
    properties = visible.shapes.get(part.variable, ended)
    if properties is None:
        yield error("not-yet-run", place, _unseen(part, step, target), "Refer to an earlier step.")
        return
    first = part.path[0] if part.path else ""
    if first not in properties:
        yield error("unknown-property", place, *_no_property(part, target, properties))
        return
    if properties is ended:
        message = f'"{part.text}" refers to step "{target.name}" in a loop that has ended'
        yield warning("may-not-have-run", place, message, "In a local run, the step has no result after the loop.")
    if part.variable in visible.maybe and not is_selecting:
        message = f'"{part.text}" refers to step "{target.name}" in a branch, which may not run'
        yield warning("may-not-have-run", place, message, "Use Select Executed Step Result after the branches.")
    if follow(properties, part.path) is UNDEFINED:
        message = f'the results of "{target.name}" have no "{".".join(part.path[1:])}"'
        yield warning("path", place, message, _near_path(part, properties))


def _unseen(part: Reference, step: Step, target: Step) -> str:
    if target is step:
        return f'"{part.text}" refers to its own step'
    if target.place[: len(step.place)] > step.place:
        return f'"{part.text}" refers to step "{target.name}", which runs later'
    return f'"{part.text}" refers to step "{target.name}" in another loop or branch'


def _no_property(part: Reference, target: Step, properties: dict[str, Any]) -> tuple[str, str]:
    name = part.path[0] if part.path else ""
    if not name:
        hint = f"Add {' or '.join(f'.{key}' for key in properties)}."
        return f'"{part.text}" names no property of step "{target.name}"', hint
    if name in {"currentItem", "index"} and target.steps:
        return f'"{part.text}" is available only inside the loop', "Use .results after the loop."
    if name == "results" and target.steps:
        return f'"{part.text}" is available only after the loop', "Use .currentItem or .index inside the loop."
    near = did_you_mean(name, properties) or f"Available properties: {', '.join(properties)}."
    return f'"{part.text}": step "{target.name}" has no property "{name}"', near


def _near_path(part: Reference, properties: dict[str, Any]) -> str:
    for length in range(len(part.path) - 1, 0, -1):
        shape = follow(properties, part.path[:length])
        if shape is UNDEFINED:
            continue
        if isinstance(shape, dict):
            return did_you_mean(part.path[length], shape) or f"Available: {', '.join(shape)}."
        return "The value is a list: add an index, such as .0." if isinstance(shape, list) else ""
    return ""


def _config_variable(part: ConfigVariable, visible: VisibleSteps, place: Place) -> Iterator[Rule]:
    variables = visible.integration.config_variables
    name = part.key if part.key in variables else part.key.partition(".")[0]
    if not part.key:
        return
    if name not in variables:
        hint = did_you_mean(part.key, variables) or (
            f"Available: {', '.join(variables)}." if variables else "Declare it under `requiredConfigVars`."
        )
        yield error("unknown-config-variable", place, f'unknown config variable "{part.key}"', hint)
    elif variables[name].kind != "value":
        message = f'connection "{part.key}" cannot be used as a value'
        yield error("secret", place, message, "Use it only as the connection of a step.")
