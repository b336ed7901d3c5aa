"""JSON Schema 2020-12 of inputs and payloads, from which a form can be rendered alone."""

from __future__ import annotations

from functools import reduce
from typing import Any

from connector.component.inputs import Inputs

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def input_schema(inputs: type[Inputs]) -> dict[str, Any]:
    """Schema of what an action, a data source or a connection takes, in form order and native types."""
    schema = inputs.model_json_schema()
    hidden = [key for key, marker in inputs.definitions().items() if not marker.shown]
    properties = {key: _field(value) for key, value in schema["properties"].items()} if "properties" in schema else {}
    for key in hidden:
        properties[key]["x-hidden"] = True
    return {"$schema": DIALECT, **schema, "title": inputs.__name__, "properties": properties}


def _field(schema: dict[str, Any]) -> dict[str, Any]:
    """A nullable field as one schema with two types, so that a form finds its title and its kind in one place."""
    kinds = schema.get("anyOf", [])
    if len(kinds) != 2 or {"type": "null"} not in kinds:
        return schema
    main = next(kind for kind in kinds if kind != {"type": "null"})
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest, **main, "type": [main["type"], "null"]} if "type" in main else schema


def output_schema(example: Any) -> dict[str, Any]:
    """Schema that describes a payload like the example: what is there, not what must be; anything may be added."""
    schema: dict[str, Any] = {"$schema": DIALECT, **_described(example)}
    if example is not None:
        schema["examples"] = [example]
    return schema


def _described(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case list():
            items = [_described(item) for item in value]
            return {"type": "array", "items": reduce(_both, items)} if items else {"type": "array"}
        case dict():
            return {"type": "object", "properties": {key: _described(item) for key, item in value.items()}}
        case _:
            return {}


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A description of two values: what is true of both, and what only one of them has."""
    if one.get("type") != other.get("type"):
        return {}
    made = {**one, **other}
    for part, merge in (("properties", _both_objects), ("items", _both)):
        if part in one and part in other:
            made[part] = merge(one[part], other[part])
    return made


def _both_objects(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    shared = {key: _both(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **shared}
