"""Checks of whether a flow that runs locally also runs on Prismatic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.component.component import Component
from connector.component.definitions import Action
from connector.flows.check.problems import Rule, error, note
from connector.flows.file.model import Step
from connector.flows.values.expressions import is_unset


def check_target(step: Step, components: Mapping[str, Component]) -> Iterator[Rule]:
    """Yield the missing and the broken features of Prismatic's own component that a step uses."""
    component = components.get(step.component)
    action = component.find_action(step.action) if component else None
    if component is None or action is None:
        return
    if step.action not in component.manifest.actions or not action.in_prismatic:
        hint = "Remove the step, or publish your own component."
        yield error("prismatic", ("action",), f'Prismatic\'s {step.component} has no action "{step.action}"', hint)
    if action.prismatic_bug:
        message = f"Prismatic's {step.kind} is broken: {action.prismatic_bug}"
        yield error("prismatic", ("action",), message, "Use a raw request instead.")
    yield from _differences(step, action)
    for key, marker in action.inputs.definitions().items():
        if not marker.in_prismatic and not is_unset(step.inputs.get(key)):
            message = f'Prismatic\'s {step.kind} has no input "{key}"'
            yield error("prismatic", ("inputs", key), message, "Remove the input from flows that run on Prismatic.")


def _differences(step: Step, action: Action[Any]) -> Iterator[Rule]:
    """Yield the defects of Prismatic's own action that this component does not have, if they matter to the step."""
    for difference in action.differences:
        is_unset_there = not difference.unset or is_unset(step.inputs.get(difference.unset))
        is_set_there = not difference.input or not is_unset(step.inputs.get(difference.input))
        if is_unset_there and is_set_there:
            message = f"Prismatic's {step.kind} {difference.prismatic}; this component {difference.ours}"
            place = ("inputs", difference.input) if difference.input else ("action",)
            yield note("prismatic-difference", place, message)
