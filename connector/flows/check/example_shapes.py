"""The shapes of step results, taken from the example payloads of the actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from connector.component.component import Component
from connector.flows.file.model import Step
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.steps.trigger import PROPERTIES
from connector.flows.values.expressions import Reference
from connector.flows.values.paths import UNDEFINED, Path

if TYPE_CHECKING:
    from connector.flows.check.references import VisibleSteps


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""The shape of a value that no example shows."""


def trigger_shape() -> dict[str, Any]:
    """Return the shape of the results of a trigger."""
    body = {"data": UNKNOWN, "contentType": ""}
    return dict.fromkeys(PROPERTIES, UNKNOWN) | {"body": body, "rawBody": body}


def step_shape(step: Step, components: Mapping[str, Component], visible: VisibleSteps) -> Any:
    """Return the shape of the results of a step."""
    if step.kind in {"branch.branchOnValue", "branch.branchOnExpression"}:
        return "the name of a branch"
    if step.kind in BUILT_IN or step.component not in components:
        return UNKNOWN
    return visible.example(components[step.component], step.action)


def item_shape(step: Step, visible: VisibleSteps) -> Any:
    """Return the shape of the current item of a loop: the first item of the example."""
    items = step.inputs.get("items")
    if not isinstance(items, Reference):
        return UNKNOWN
    shape = follow({"": visible.shapes.get(items.variable, UNKNOWN)}, ("", *items.path))
    if isinstance(shape, Mapping) and shape:
        shape = list(shape.values())
    return shape[0] if isinstance(shape, list) and shape else UNKNOWN


def follow(shape: Any, path: Path) -> Any:
    """Return the shape at a path, or `UNDEFINED` if the example has no such path."""
    for segment in path:
        if shape is UNKNOWN or shape is None or shape in ({}, []):
            return UNKNOWN
        if isinstance(shape, Mapping) and segment in shape:
            shape = shape[segment]
        elif isinstance(shape, list) and segment.isdecimal():
            shape = shape[0]
        else:
            return UNDEFINED
    return shape
