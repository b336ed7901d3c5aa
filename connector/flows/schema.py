"""JSON Schema 2020-12 of integration files, for completion and validation in editors."""

from __future__ import annotations

from typing import Any

from connector.component.schema import DIALECT
from connector.flows.file.grammar import (
    EXPRESSIONS,
    INTEGRATION,
    SCALAR,
    SHAPES,
    Choice,
    Field,
    Flag,
    Inputs,
    ListOf,
    Number,
    Part,
    Shape,
    Text,
    Unread,
)
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.conditions import OPERATORS


def json_schema() -> dict[str, Any]:
    """Return the schema. It allows any field that local runs ignore."""
    definitions = {name: _object(shape) for name, shape in SHAPES.items()}
    definitions["action"]["properties"]["key"]["examples"] = sorted({kind.partition(".")[2] for kind in BUILT_IN})
    entries = {"type": "array", "items": _ref("entry")}
    return {
        "$schema": DIALECT,
        "title": "Integration",
        "description": "An integration, as Prismatic exports it.",
        **_object(INTEGRATION),
        "$defs": {
            **definitions,
            "expression": _expression(),
            "entry": {"anyOf": [_ref("expression"), SCALAR, entries]},
            "condition": {**entries, "prefixItems": [{"enum": list(OPERATORS)}], "minItems": 1},
        },
    }


def _object(shape: Shape) -> dict[str, Any]:
    properties = {key: _field(entry) for key, entry in shape.fields.items()}
    return {"type": "object", "required": shape.required, "properties": properties}


def _field(entry: Field) -> Any:
    match entry:
        case Text():
            schema: Any = _text(entry)
        case Flag(description=description):
            schema = {"type": "boolean"} | ({"description": description} if description else {})
        case Number(low, high, whole):
            schema = {"type": ["integer" if whole else "number", "string"], "minimum": low, "maximum": high}
        case Choice(choices):
            schema = {"enum": [*choices, None, ""]}
        case ListOf():
            schema = _list(entry)
        case Part(shape, _, short):
            schema = {"oneOf": [{"type": "string"}, _ref(shape)]} if short else _ref(shape)
        case Inputs():
            schema = {"type": ["object", "null"], "additionalProperties": _ref("expression")}
        case Unread():
            schema = entry.schema
    return schema


def _text(entry: Text) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string", "minLength": 1} if entry.required else {"type": ["string", "null"]}
    if entry.description:
        text["description"] = entry.description
    return {"anyOf": [{"enum": list(entry.suggestions)}, text]} if entry.suggestions else text


def _list(entry: ListOf) -> dict[str, Any]:
    array: dict[str, Any] = {"type": "array" if entry.required else ["array", "null"]}
    array["items"] = _ref(entry.shape) if entry.shape else SCALAR
    if entry.required:
        array["minItems"] = 1
    if entry.description:
        array["description"] = entry.description
    return array


def _expression() -> dict[str, Any]:
    types = [
        {"if": {"properties": {"type": {"const": name}}}, "then": {"properties": {"value": _field(content)}}}
        for name, content in EXPRESSIONS.items()
    ]
    properties = {"type": {"enum": list(EXPRESSIONS)}, "name": {"anyOf": [SCALAR, _ref("expression")]}, "value": True}
    return {"type": "object", "required": ["type"], "properties": properties, "allOf": types}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}
