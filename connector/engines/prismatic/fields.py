"""The inputs of the table: what Prismatic shows of each, and which values the runtime accepts."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import (
    MISSING,
    AfterValidator,
    BeforeValidator,
    PlainValidator,
    WrapValidator,
)

from connector.component.inputs import Inputs, PathSegment
from connector.component.schema import input_schema
from connector.engines.prismatic.probe import InexpressibleError

Row = dict[str, Any]

_LIMITS = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")
_KEYWORDS = frozenset(
    {*_LIMITS, "type", "enum", "oneOf", "items", "properties", "required", "additionalProperties"}
    | {"title", "description", "examples", "format", "writeOnly"}
)
_VALIDATORS = (AfterValidator, BeforeValidator, PlainValidator, WrapValidator)


def fields(model: type[Inputs], forms: list[dict[str, Any]], *, has_code: bool = False) -> dict[str, Row]:
    """Return each input of a model by key: its form, its shape, and whether it is secret.

    Args:
        model: The inputs.
        forms: What Prismatic shows of each, without the connection.
        has_code: True if code of the component checks the inputs beyond their shapes.

    Raises:
        InexpressibleError: If a shape cannot express which values are valid.
    """
    if not has_code and _has_own_validators(model):
        raise InexpressibleError("its inputs have validators of their own")
    schema = input_schema(model)
    infos = {info.alias or name: info for name, info in model.model_fields.items()}
    shapes = _Shapes(schema.get("$defs", {}), has_code=has_code)
    rows = {}
    for form in forms:
        key = form["key"]
        shape = shapes.of(schema["properties"][key], infos[key].annotation, infos[key].metadata)
        row = {"form": _form(form), "shape": shape}
        rows[key] = {**row, "secret": True} if key in model.secret_keys() else row
    return rows


def _has_own_validators(model: type[Inputs]) -> bool:
    decorators, base = model.__pydantic_decorators__, Inputs.__pydantic_decorators__
    own = decorators.model_validators.keys() - base.model_validators.keys()
    return bool(own or decorators.field_validators or decorators.validators or decorators.root_validators)


def _form(form: dict[str, Any]) -> Row:
    row = {name: value for name, value in form.items() if name not in {"key", "keyLabel"} and value != ""}
    return {**row, "label": {"key": form["keyLabel"], "value": form["label"]}} if "keyLabel" in form else row


class _Shapes:
    """Reads JSON Schema and the annotations beside it, which say what the schema does not."""

    def __init__(self, definitions: Mapping[str, Any], *, has_code: bool) -> None:
        self._definitions = definitions
        self._has_code = has_code

    def of(self, schema: dict[str, Any], annotation: Any, metadata: Sequence[Any] = ()) -> Row:
        """Return the shape of a value; the metadata are the marks that pydantic has taken off the annotation."""
        if "$ref" in schema:
            return self.of(self._definitions[schema["$ref"].rpartition("/")[2]], annotation, metadata)
        main, *others = [part for part in schema.get("anyOf", [schema]) if part != {"type": "null"}]
        if others:
            raise InexpressibleError("an input has several types")
        if "anyOf" in schema:
            return {**self.of(main, annotation, metadata), "nullable": True}
        unknown = {keyword for keyword in schema.keys() - _KEYWORDS if not keyword.startswith("x-")}
        if unknown or schema.get("additionalProperties") is False:
            raise InexpressibleError(
                f"an input has a limit of another kind: {', '.join(sorted(unknown)) or 'its keys'}"
            )
        inner, marks = _unwrapped(annotation)
        marks += metadata
        self._check(marks)
        return {**self._type(schema), **self._strings(marks), **self._parts(schema, inner)}

    def _check(self, marks: list[Any]) -> None:
        own = [mark for mark in marks if isinstance(mark, _VALIDATORS) and mark is not PathSegment]
        if own and not self._has_code:
            raise InexpressibleError("an input has a validator of its own")

    @staticmethod
    def _type(schema: dict[str, Any]) -> Row:
        kind = schema.get("type")
        row: Row = {}
        if kind is not None:
            row["type"] = kind[0] if isinstance(kind, list) else kind
        if isinstance(kind, list):
            row["nullable"] = True
        if "oneOf" in schema:
            row["choices"] = {choice["const"]: choice["title"] for choice in schema["oneOf"]}
        if "enum" in schema:
            row["enum"] = schema["enum"]
        return row | {name: schema[name] for name in _LIMITS if name in schema}

    @staticmethod
    def _strings(marks: list[Any]) -> Row:
        row: Row = {}
        if any(getattr(mark, "strip_whitespace", None) for mark in marks):
            row["trimmed"] = True
        if PathSegment in marks:
            row["pathSegment"] = True
        return row

    def _parts(self, schema: dict[str, Any], annotation: Any) -> Row:
        row: Row = {}
        if schema.get("items"):
            (item,) = typing.get_args(annotation)
            row["items"] = self.of(schema["items"], item)
        if "properties" in schema:
            hints = typing.get_type_hints(annotation, include_extras=True)
            row["properties"] = {name: self.of(part, hints[name]) for name, part in schema["properties"].items()}
            row["required"] = schema.get("required", [])
        if isinstance(schema.get("additionalProperties"), dict):
            row["values"] = self.of(schema["additionalProperties"], typing.get_args(annotation)[1])
        return row


def _unwrapped(annotation: Any) -> tuple[Any, list[Any]]:
    """Return a type without `Annotated`, `NotRequired`, and alternatives for "not set", and the marks around it."""
    marks: list[Any] = []
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            annotation = arguments[0]
            marks += arguments[1:]
        elif origin in {typing.Union, types.UnionType}:
            kinds = list(_without_alternatives(arguments))
            if len(kinds) != 1:
                return annotation, marks
            annotation = kinds[0]
        elif origin in {typing.NotRequired, typing.Required}:
            annotation = arguments[0]
        else:
            return annotation, marks


def _without_alternatives(arguments: tuple[Any, ...]) -> Iterator[Any]:
    for argument in arguments:
        if argument is not MISSING and argument is not type(None):
            yield argument
