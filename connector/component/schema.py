"""JSON Schema 2020-12 of inputs and payloads, from which a form can be rendered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, reduce
from typing import Any

from pydantic_core import from_json, to_json

from connector.component.inputs import Inputs

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def input_schema(inputs: type[Inputs]) -> dict[str, Any]:
    """Return the schema of a model, in form order and native types. It is the caller's own: it may be changed."""
    schema: dict[str, Any] = from_json(_serialized_schema(inputs))
    return schema


# pydantic takes a millisecond for one, and a program that serves or describes actions needs each of them several times.
@lru_cache(maxsize=512)
def _serialized_schema(inputs: type[Inputs]) -> bytes:
    schema = inputs.model_json_schema()
    hidden = [key for key, marker in inputs.definitions().items() if marker.hidden]
    properties = {key: _field(value) for key, value in schema["properties"].items()} if "properties" in schema else {}
    for key in hidden:
        properties[key]["x-hidden"] = True
    for key, marker in inputs.definitions().items():
        # pydantic drops a title that equals the one of the referenced model
        properties[key].setdefault("title", marker.label)
    return to_json({"$schema": DIALECT, **schema, "title": inputs.__name__, "properties": properties})


def _field(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a nullable field as one schema with two types, so that a form has title and type in one place."""
    kinds = schema.get("anyOf", [])
    if len(kinds) != 2 or {"type": "null"} not in kinds:
        return schema
    main = next(kind for kind in kinds if kind != {"type": "null"})
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if "anyOf" in main:
        return {**rest, **main, "anyOf": [*main["anyOf"], {"type": "null"}]}
    return {**rest, **main, "type": [main["type"], "null"]} if "type" in main else schema


def output_schema(example: Any, response: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a schema that describes a payload, for engines and forms.

    It has what the API documents of the response, else what is in the example. It says what can be there and not what
    must be there: documented examples lack fields that the API states as required, and anything may be added.

    Args:
        example: The example payload.
        response: Schema of the response body, where the API describes it.
    """
    if response is None:
        described = _described(example)
    else:
        described = _extended({"type": "object", "properties": {"data": _optional(response)}}, example)
    schema: dict[str, Any] = {"$schema": DIALECT, **described}
    if example is not None:
        schema["examples"] = [example]
    return schema


def _optional(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without what must be there."""
    optional = {key: value for key, value in schema.items() if key != "required"}
    if "properties" in schema:
        optional["properties"] = {key: _optional(part) for key, part in schema["properties"].items()}
    if "anyOf" in schema:
        optional["anyOf"] = [_optional(form) for form in schema["anyOf"]]
    for key in ("items", "additionalProperties"):
        if key in schema:
            optional[key] = _optional(schema[key])
    return optional


def _extended(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """Return a schema with the fields that only the example has, such as the settings of one source type."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [_extended(form, example) for form in schema["anyOf"]]}
    if isinstance(example, list) and "items" in schema:
        return {**schema, "items": reduce(_extended, example, schema["items"])}
    if not isinstance(example, dict) or "object" not in schema.get("type", ()):
        return schema
    properties = schema.get("properties", {})
    more = {key: _described(value) for key, value in example.items() if key not in properties}
    shared = {key: _extended(part, example.get(key)) for key, part in properties.items()}
    return {**schema, "properties": {**shared, **more}}


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
    """Return what is true of two values, and what only one of them has."""
    if one.get("type") != other.get("type"):
        return {}
    merged = {**one, **other}
    for part, merge in (("properties", _both_objects), ("items", _both)):
        if part in one and part in other:
            merged[part] = merge(one[part], other[part])
    return merged


def _both_objects(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    shared = {key: _both(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **shared}


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def value_problems(schema: Mapping[str, Any], value: Any, path: str = "") -> list[tuple[str, str]]:
    """Return path and message of what does not match an output schema: other types, and no known field at all."""
    if "anyOf" in schema:
        forms = [value_problems(form, value, path) for form in schema["anyOf"]]
        return min(forms, key=len)
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else list(types)
    if names and not any(_is_type(value, name) for name in names):
        return [(path, f"must be of type {' or '.join(names)}")]
    if isinstance(value, dict):
        return _object_problems(schema.get("properties", {}), value, path)
    if isinstance(value, list) and "items" in schema:
        return [p for n, item in enumerate(value) for p in value_problems(schema["items"], item, f"{path}[{n}]")]
    return []


def _object_problems(properties: Mapping[str, Any], value: dict[str, Any], path: str) -> list[tuple[str, str]]:
    if properties and not properties.keys() & value.keys():
        return [(path, f"has none of the fields {', '.join(properties)}")]
    dot = "." if path else ""
    known = [(key, part) for key, part in value.items() if key in properties]
    inner = [value_problems(properties[key], part, f"{path}{dot}{key}") for key, part in known]
    return [problem for problems in inner for problem in problems]


def _is_type(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES.get(name, (object,))) and (name == "boolean" or not isinstance(value, bool))
