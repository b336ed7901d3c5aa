"""JSON Schemas of an API description: how pydantic validates a value of one, and a sample of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import CoreSchema, core_schema

Schema = Mapping[str, Any]

_NULL = {"type": "null"}
_SAMPLE_TIME = "2006-01-02T15:04:05Z"


def label_of(key: str) -> str:
    """Return `sourceId` and `source_id` as `Source ID`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+", " ", key).split()
    acronyms = {"id": "ID", "ids": "IDs", "url": "URL", "if": "If"}
    return " ".join(acronyms.get(word.lower(), word[:1].upper() + word[1:]) for word in words)


def without_null(schema: Schema) -> tuple[dict[str, Any], bool]:
    """Return the schema without the null that it accepts, and whether it accepts null.

    Null is either one of several types or one of several forms in `anyOf`; to overlook the second would reject a
    required field that is null.
    """
    if isinstance(schema.get("type"), list):
        kind = next(kind for kind in schema["type"] if kind != "null")
        enum = {"enum": [value for value in schema["enum"] if value is not None]} if "enum" in schema else {}
        return {**schema, "type": kind, **enum}, True
    forms = [form for form in schema.get("anyOf", ()) if form != _NULL]
    if _NULL not in schema.get("anyOf", ()):
        return dict(schema), False
    return (without_null(forms[0])[0] if len(forms) == 1 else {**schema, "anyOf": forms}), True


def core_schema_of(schema: Schema) -> CoreSchema:
    """Return how pydantic validates a value; fields that the schema does not name pass."""
    schema, nullable = without_null(schema)
    if nullable:
        return core_schema.nullable_schema(core_schema_of(schema))
    if "anyOf" in schema:
        return _any_of(schema)
    if "enum" in schema:
        return core_schema.literal_schema(schema["enum"])
    make = _CORE.get(str(schema.get("type")))
    return make(schema) if make else core_schema.any_schema()


def sample(schema: Schema) -> Any:
    """Return a value of the schema that has every field."""
    schema, _ = without_null(schema)
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {key: sample(part) for key, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}))]
    text = _SAMPLE_TIME if schema.get("format") == "date-time" else "text"
    number = schema.get("minimum", 1)
    return {"string": text[: schema.get("maxLength")], "integer": number, "number": number, "boolean": True}.get(
        str(kind)
    )


def _any_of(schema: Schema) -> CoreSchema:
    forms: list[Schema] = schema["anyOf"]
    # pydantic would list the problems of every form; that none of them fits is what the caller can act on
    choices: list[CoreSchema | tuple[CoreSchema, str]] = [core_schema_of(form) for form in forms]
    return core_schema.union_schema(choices, custom_error_type="form", custom_error_message=_expected(forms))


def _expected(forms: list[Schema]) -> str:
    if all(form.get("type") == "object" for form in forms):
        return "must be an object with " + " or ".join(
            f"({', '.join(form.get('required', ['...']))})" for form in forms
        )
    kinds = dict.fromkeys(str(form.get("type", "any value")) for form in forms)
    return "must be of type " + " or ".join(kinds)


def _bounds(schema: Schema) -> dict[str, Any]:
    return {name: schema[key] for name, key in (("ge", "minimum"), ("le", "maximum")) if key in schema}


def _string(schema: Schema) -> CoreSchema:
    return core_schema.str_schema(max_length=schema.get("maxLength"), coerce_numbers_to_str=True)


def _integer(schema: Schema) -> CoreSchema:
    return core_schema.int_schema(**_bounds(schema))


def _number(schema: Schema) -> CoreSchema:
    # a union of integer and float would report every problem twice
    return core_schema.no_info_after_validator_function(_whole, core_schema.float_schema(**_bounds(schema)))


def _whole(value: float) -> float:
    return int(value) if value.is_integer() else value


def _boolean(_schema: Schema) -> CoreSchema:
    return core_schema.bool_schema()


def _array(schema: Schema) -> CoreSchema:
    return core_schema.list_schema(core_schema_of(schema.get("items", {})), max_length=schema.get("maxItems"))


def _object(schema: Schema) -> CoreSchema:
    if "properties" not in schema:
        values = core_schema_of(schema.get("additionalProperties", {}))
        return core_schema.dict_schema(core_schema.str_schema(), values)
    required = schema.get("required", ())
    fields = {
        key: core_schema.typed_dict_field(core_schema_of(part), required=key in required)
        for key, part in schema["properties"].items()
    }
    return core_schema.typed_dict_schema(fields, extra_behavior="allow")


_CORE = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}
