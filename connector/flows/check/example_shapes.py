"""The shapes of step results, taken from what the API documents and from the example payloads of the actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from connector.common.value_paths import UNDEFINED, Path
from connector.component.component import Component
from connector.component.definitions import Action
from connector.flows.file.model import Step
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.steps.trigger import PROPERTIES
from connector.flows.values.expressions import Reference

if TYPE_CHECKING:
    from connector.flows.check.references import VisibleSteps


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""The shape of a value that nothing describes."""


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


def documented_shape(action: Action[Any]) -> Any:
    """Return the shape of the results of an action: every documented field, and those of its example payload."""
    example = UNKNOWN if action.example is None else action.example.get("data", UNKNOWN)
    return example if action.operation is None else _merged(_shape_of(action.operation.response_schema), example)


def _shape_of(schema: Mapping[str, Any]) -> Any:
    forms = [form for form in schema.get("anyOf", ()) if form != {"type": "null"}]
    if len(forms) == 1:
        return _shape_of(forms[0])
    if "properties" in schema:
        return {key: _shape_of(part) for key, part in schema["properties"].items()}
    if "items" in schema:
        return [_shape_of(schema["items"])]
    # An object without properties, such as settings, can hold anything.
    return UNKNOWN if "object" in str(schema.get("type", "object")) else ""


def _merged(shape: Any, example: Any) -> Any:
    """Return a shape with what only the example has."""
    if isinstance(shape, Mapping) and isinstance(example, Mapping):
        more = {key: value for key, value in example.items() if key not in shape}
        return {key: _merged(part, example.get(key)) for key, part in shape.items()} | more
    if isinstance(shape, list) and isinstance(example, list) and example:
        return [_merged(shape[0], example[0])]
    return shape


def item_shape(step: Step, visible: VisibleSteps) -> Any:
    """Return the shape of the current item of a loop: the first item of the list."""
    items = step.inputs.get("items")
    if not isinstance(items, Reference):
        return UNKNOWN
    shape = follow({"": visible.shapes.get(items.variable, UNKNOWN)}, ("", *items.path))
    if isinstance(shape, Mapping) and shape:
        shape = list(shape.values())
    return shape[0] if isinstance(shape, list) and shape else UNKNOWN


def follow(shape: Any, path: Path) -> Any:
    """Return the shape at a path, or `UNDEFINED` if there is no such path."""
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
