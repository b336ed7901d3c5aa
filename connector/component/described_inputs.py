"""Models of inputs, made from the parameters and the body of an operation."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, cast

from pydantic import MISSING, Field, create_model
from pydantic_core import CoreSchema, core_schema

from connector.component.inputs import Input, Inputs, PathSegment
from connector.component.json_schema import core_schema_of, label_of, without_null

if TYPE_CHECKING:
    from connector.component.api_description import Operation, Place
    from connector.component.definitions import Pagination
    from connector.component.described_actions import OperationNotes

Schema = Mapping[str, Any]

DEFAULT_PAGE, LARGEST_PAGE = 50, 200

_PLAIN: dict[str, Any] = {"string": str, "integer": int, "boolean": bool}
_NESTED: dict[str, Any] = {"object": dict[str, Any], "array": list[Any], "number": float}

_Cursor = Annotated[
    str, Input(label="Cursor", comments="Cursor of the page to fetch: `pagination.next` of the previous response.")
]
_Link = Annotated[str, Input(label="Link", comments="Link of the page to fetch: `next` of the previous response.")]
_FetchAll = Annotated[
    bool, Input(label="Fetch All", comments="Fetch every page and return all records.", type="boolean")
]


@dataclass(frozen=True, eq=False)
class JsonInput:
    """Part of an `Annotated[...]`: the value is valid for a JSON Schema, down to its leaves."""

    schema: Schema

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        # The value is sent as it was read. To serialize a union by its forms, pydantic would search for the form that
        # fits once more, drop the fields that no form names, and warn.
        return {**core_schema_of(self.schema), "serialization": core_schema.simple_ser_schema("any")}

    def __get_pydantic_json_schema__(self, _core: Any, _handler: Any) -> dict[str, Any]:
        return dict(self.schema)


@dataclass(frozen=True, slots=True)
class OperationInput:
    """One input of an operation.

    Attributes:
        key: Key of the input.
        name: Its name in the request; empty for a body that is one input.
        place: Where it is in a request.
        schema: Schema of its values.
        required: True if a request must have it.
        style: How lists and objects are written; see `Parameter`.
        explode: Whether each entry of them is a pair of its own.
    """

    key: str
    name: str
    place: Place
    schema: Schema
    required: bool
    style: str = "form"
    explode: bool = True

    @property
    def field(self) -> str:
        """Name of the field in the model of the inputs."""
        return f"{self.key}_"


def operation_inputs(operation: Operation) -> tuple[OperationInput, ...]:
    """Return the inputs of an operation without those that ask for a page of Segment.

    Two of the same name in different places have different keys.
    """
    page = page_parameters(operation)
    inputs: dict[str, OperationInput] = {}
    for parameter in operation.parameters:
        if parameter.name not in page and (parameter.name != "pagination" or not page):
            key = _new_key(parameter.name, parameter.place, inputs)
            inputs[key] = OperationInput(
                key, parameter.name, parameter.place, parameter.schema, parameter.required,
                parameter.style, parameter.explode,
            )  # fmt: skip
    if operation.content_type is None:
        return tuple(inputs.values())
    body = operation.body_schema
    if not body.get("properties"):
        key = _new_key("body", "body", inputs)
        inputs[key] = OperationInput(key, "", "body", body, operation.body_is_required)
    for name, schema in (body.get("properties") or {}).items():
        key = _new_key(name, "body", inputs)
        required = operation.body_is_required and name in body.get("required", ())
        encoding = operation.encoding.get(name, {})
        style = encoding.get("style", "" if _is_nested(schema) else "form")
        inputs[key] = OperationInput(
            key, name, "body", schema, required, style or "json", encoding.get("explode", True)
        )
    return tuple(inputs.values())


def _new_key(name: str, place: Place, taken: Collection[str]) -> str:
    key = input_key(name)
    if key in taken:
        key = f"{place}{key[:1].upper()}{key[1:]}"
    candidates = (key, *(f"{key}{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)


def input_key(name: str) -> str:
    """Return the key of an input with this name: letters, digits, and underscores, such as `filterName`."""
    if re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        return name
    words: list[str] = re.findall(r"[A-Za-z0-9]+", name.replace("<", " less than").replace(">", " greater than"))
    if not words or words[0][0].isdigit():
        words.insert(0, "input")
    first, *others = words
    return first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in others)


def _is_nested(schema: Schema) -> bool:
    """Return whether a field of a form is written as JSON: an object, or a list of objects."""
    plain, _ = without_null(schema)
    items, _ = without_null(plain.get("items", {}))
    return plain.get("type") == "object" or "properties" in items or items.get("type") in {"object", "array"}


def inputs_of(operation: Operation, notes: OperationNotes, pagination: Pagination | None = None) -> type[Inputs]:
    """Return the model of an operation's inputs: parameters of the path, query, page, body.

    Args:
        operation: What the inputs are for.
        notes: What the component says of all operations.
        pagination: Pagination of the operation, if the API description does not say it.
    """
    inputs = operation_inputs(operation)
    fields = {each.field: _field(each, notes) for each in inputs} | dict(_page_fields(operation, pagination))
    name = operation.id[:1].upper() + operation.id[1:]
    model: type[Inputs] = cast("Any", create_model)(name, __base__=notes.inputs, **fields)
    body = [each for each in inputs if each.place == "body"]
    if operation.method == "PATCH" and not any(each.required for each in body):
        model.update_fields = tuple(each.field for each in body)
    return model


def page_parameters(operation: Operation) -> dict[str, Schema]:
    """Return the schemas of count and cursor, in that order, where the operation takes a page."""
    if "x-pagination" not in operation.facts:
        return {}
    for parameter in operation.parameters:
        if parameter.name == "pagination":
            return dict(parameter.schema["properties"])
    if not operation.pagination:
        return {}
    return {parameter.name: parameter.schema for parameter in operation.parameters if parameter.name in _PAGE}


def default_page(operation: Operation) -> int:
    """Return the number of records per page that an operation is asked for by default."""
    return min(DEFAULT_PAGE, int(operation.pagination.get("most", DEFAULT_PAGE)))


_PAGE = ("count", "cursor")
LINK = "link"
"""Field of the inputs that takes the link of a page."""


def _page_fields(operation: Operation, pagination: Pagination | None) -> Iterator[tuple[str, Any]]:
    page = page_parameters(operation)
    if page:
        yield "count", _count(operation, page["count"])
        yield "cursor", (_Cursor | MISSING, MISSING)
    if pagination is not None and pagination.style == "link":
        yield LINK, (_Link | MISSING, MISSING)
    if pagination is not None:
        yield "fetch_all", (_FetchAll | MISSING, MISSING)


def _count(operation: Operation, schema: Schema) -> Any:
    most = int(schema.get("maximum", LARGEST_PAGE))
    comments = f"Records per page, 1 to {most}."
    marker = Input(label="Count", comments=comments, default=str(default_page(operation)))
    return (Annotated[int, Field(ge=1, le=most), marker] | MISSING, MISSING)


def _field(described: OperationInput, notes: OperationNotes) -> Any:
    """Return type and `Field` of an input, for `create_model`."""
    key, comments = described.key, notes.comments
    plain, nullable = without_null(described.schema)
    if described.place == "path" and "type" not in plain:
        plain = {**plain, "type": "string"}
    is_secret = _has_secret(plain) or described.name in notes.secrets
    help_ = comments.get(key) or plain.get("description") or described.schema.get("description") or _help(described)
    marker = Input(label=label_of(key), comments=help_, secret=is_secret, **_control(plain))
    kind = _type(plain)
    marks = [*_constraints(plain, comments), marker]
    if described.place == "path" and kind is str:
        marks = [*marks[:-1], Field(min_length=1), PathSegment, marker]
    annotation: Any = Annotated[(kind, *marks)]
    if nullable:
        annotation = Optional[annotation]  # noqa: UP045 - the operator does not accept an Annotated made at run time
    if described.required:
        return annotation, Field(alias=key)
    return annotation | MISSING, Field(MISSING, alias=key)


def _help(described: OperationInput) -> str:
    """Return a sentence for an input that the API description says nothing of."""
    if not described.name:
        return "The body of the request."
    nouns = {"path": "Part of the path", "query": "Query parameter", "header": "Header", "body": "Field of the body"}
    return f"{nouns[described.place]}: `{described.name}`."


def _type(schema: Schema) -> Any:
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    kind = str(schema.get("type"))
    return _PLAIN.get(kind, _NESTED.get(kind, Any))


def _constraints(schema: Schema, comments: Mapping[str, str]) -> list[Any]:
    if schema.get("type") not in _PLAIN:
        return [JsonInput(_with_help(schema, comments))]
    names = {"ge": "minimum", "le": "maximum", "max_length": "maxLength"}
    limits = {name: schema[key] for name, key in names.items() if key in schema}
    return [Field(**limits)] if limits else []


def _control(schema: Schema) -> dict[str, Any]:
    """Return how a form asks for the value."""
    kind = schema.get("type")
    if "enum" in schema:
        return {"choices": {value: value for value in schema["enum"]}}
    if kind == "boolean":
        return {"type": "boolean"}
    if kind == "object" and "properties" not in schema:
        return {"collection": "keyvaluelist", "key_label": "Name"}
    items = schema.get("items", {})
    if kind == "array" and items.get("type") == "string" and "enum" not in items:
        return {"collection": "valuelist"}
    # Where a string is one of several forms, it is sent as it came, and not read as JSON.
    takes_strings = any("string" in form.get("type", "") for form in schema.get("anyOf", ()))
    return {} if takes_strings or kind in {*_PLAIN, "number"} else {"type": "code", "language": "json"}


def _has_secret(schema: Schema) -> bool:
    parts = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    parts += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    return bool(schema.get("x-secret")) or any(map(_has_secret, parts))


def _with_help(schema: Schema, comments: Mapping[str, str], name: str = "") -> dict[str, Any]:
    """Return a schema as a form shows it: each nested field with its help, and without its default."""
    visible: dict[str, Any] = {key: value for key, value in schema.items() if key not in {"default", "x-secret"}}
    if name in comments:
        visible["description"] = comments[name]
    if "properties" in schema:
        visible["properties"] = {key: _with_help(part, comments, key) for key, part in schema["properties"].items()}
    if "items" in schema:
        visible["items"] = _with_help(schema["items"], comments)
    if "anyOf" in schema:
        visible["anyOf"] = [_with_help(form, comments) for form in schema["anyOf"]]
    return visible
