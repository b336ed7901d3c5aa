"""Whether a flow that runs here also runs on the platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.component.component import Component
from connector.flows.check.references import Rule
from connector.flows.file.model import Step
from connector.flows.values.expressions import is_unset


def check_target(step: Step, components: Mapping[str, Component]) -> Iterator[Rule]:
    """What the platform's own component lacks or does wrong."""
    component = components.get(step.component)
    action = component.actions.get(step.action) if component else None
    if component is None or action is None:
        return
    if step.action not in component.manifest.actions:
        hint = "Do without it, or publish a component of your own."
        yield "error", "platform", ("action",), f"the platform has no action {step.kind}.", hint
    if action.prismatic_bug:
        message = f"{step.kind} does not work on the platform: {action.prismatic_bug}."
        yield "error", "platform", ("action",), message, "Use a raw request there."
    for key, marker in action.inputs.definitions().items():
        if not marker.in_prismatic and not is_unset(step.inputs.get(key)):
            message = f"the platform's {step.kind} has no input {key}."
            yield "error", "platform", ("inputs", key), message, "Leave it out of a flow that is to run there."
