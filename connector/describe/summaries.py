"""Definitions summarized for people: what the command line, the documentation and tests say about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.component.definitions import Action, ConnectionDefinition, DataSource
from connector.component.inputs import Input, Inputs
from connector.component.schema import input_schema
from connector.errors import UsageError

Definition = Action[Any] | DataSource[Any] | ConnectionDefinition[Any]

ANY_TYPE = "any"


def title_of(definition: Definition) -> dict[str, str]:
    """Return `{"key", "label", "description"}`."""
    return {"key": definition.key, "label": definition.label, "description": definition.description}


def inputs_of(definition: Definition) -> type[Inputs]:
    """Return the model of an action's or data source's inputs, or of a connection's fields."""
    return definition.fields if isinstance(definition, ConnectionDefinition) else definition.inputs


def input_types(model: type[Inputs]) -> dict[str, str]:
    """Return the type of each input in JSON's words, such as `string`, `list of strings` or `object or null`."""
    return {key: type_of(schema) for key, schema in input_schema(model)["properties"].items()}


def example_inputs(definition: Action[Any] | DataSource[Any]) -> dict[str, Any]:
    """Return a value for every required input, and for one field of an update: its example, or its first choice.

    Raises:
        UsageError: If a required input has neither.
    """
    values = required_examples(definition.inputs)
    lacking = [key for key, value in values.items() if value is None]
    if lacking:
        hint = "Give its Input an example, or pass the inputs yourself."
        raise UsageError(f'required input "{lacking[0]}" has no example', action=definition.key, hint=hint)
    for name in definition.inputs.update_fields[:1]:
        key = definition.inputs.model_fields[name].alias or name
        values[key] = _example(definition.inputs.definitions()[key])
    return values


def required_examples(model: type[Inputs]) -> dict[str, Any]:
    """Return an example of every required input or field, None where there is none."""
    markers, required = model.definitions(), model.required_keys()
    return {key: _example(marker) for key, marker in markers.items() if key in required}


def effect(action: Action[Any]) -> str:
    """Return the effect of an action: `read`, `write`, `destructive`, or `any` if it depends on the inputs."""
    return "any" if callable(action.effect) else action.effect


def metadata(action: Action[Any]) -> dict[str, Any]:
    """Return what a workflow engine needs to know beside the inputs; facts without a value are left out."""
    facts = {
        "resource": action.resource,
        "effect": effect(action),
        "idempotent": action.idempotent,
        "paginated": action.pagination is not None,
        "records": action.pagination.records if action.pagination else None,
        **_operation_facts(action),
        "inPrismatic": False if action.is_described or not action.in_prismatic else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _operation_facts(action: Action[Any]) -> dict[str, Any]:
    """Return what the API states of the operation behind an action."""
    operation = action.operation
    if operation is None:
        return {}
    return {
        "method": operation.method,
        "path": operation.path,
        "stability": operation.stability,
        "feature": operation.feature,
        "rateLimits": [str(limit) for limit in operation.rate_limits] or None,
        "ends": operation.end,
    }


def _example(marker: Input) -> Any:
    return next(iter(marker.choices), None) if marker.example is None else marker.example


def type_of(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema in JSON's words."""
    types = schema.get("type", ANY_TYPE)
    return " or ".join(_type_name(schema, name) for name in (types if isinstance(types, list) else [types]))


def _type_name(schema: Mapping[str, Any], name: str) -> str:
    if name != "array":
        return name
    entries = schema.get("items", {}).get("type")
    return f"list of {entries}s" if entries else "list"
