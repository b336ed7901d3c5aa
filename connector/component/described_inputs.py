"""Models of inputs, made from the parameters and the body of an operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

from pydantic import MISSING, Field, create_model
from pydantic_core import CoreSchema, core_schema

from connector.component.inputs import Input, Inputs, PathSegment
from connector.component.json_schema import core_schema_of, label_of, without_null

if TYPE_CHECKING:
    from connector.component.api_description import Operation

Schema = Mapping[str, Any]

DEFAULT_PAGE, LARGEST_PAGE = 50, 200

_PLAIN: dict[str, Any] = {"string": str, "integer": int, "boolean": bool}
_NESTED: dict[str, Any] = {"object": dict[str, Any], "array": list[Any], "number": float}

_Cursor = Annotated[
    str, Input(label="Cursor", comments="Cursor of the page to fetch: `pagination.next` of the previous response.")
]
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


def inputs_of(operation: Operation, base: type[Inputs], comments: Mapping[str, str]) -> type[Inputs]:
    """Return the model of an operation's inputs: parameters of the path, query, page, body.

    Args:
        operation: What the inputs are for.
        base: What the inputs of all operations share.
        comments: Help by name of the input.
    """
    fields = dict(_fields(operation, comments))
    model = create_model(operation.id[:1].upper() + operation.id[1:], __base__=base, **fields)
    if operation.method == "PATCH" and not operation.body_schema.get("required"):
        model.update_fields = tuple(f"{key}_" for key in operation.body_schema.get("properties", {}))
    return model


def page_parameters(operation: Operation) -> dict[str, Schema]:
    """Return the schemas of count and cursor, in that order, where the operation takes a page."""
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


def _fields(operation: Operation, comments: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    page = page_parameters(operation)
    for parameter in operation.parameters:
        if parameter.name != "pagination" and parameter.name not in page:
            field = _field(parameter.name, parameter.schema, comments, parameter.required, in_path=parameter.in_path)
            yield f"{parameter.name}_", field
    if page:
        yield "count", _count(operation, page["count"])
        yield "cursor", (_Cursor | MISSING, MISSING)
    if operation.pagination:
        yield "fetch_all", (_FetchAll | MISSING, MISSING)
    required = operation.body_schema.get("required", ())
    for key, schema in operation.body_schema.get("properties", {}).items():
        yield f"{key}_", _field(key, schema, comments, key in required)


def _count(operation: Operation, schema: Schema) -> Any:
    most = int(schema.get("maximum", LARGEST_PAGE))
    comments = f"Records per page, 1 to {most}."
    marker = Input(label="Count", comments=comments, default=str(default_page(operation)))
    return (Annotated[int, Field(ge=1, le=most), marker] | MISSING, MISSING)


def _field(key: str, schema: Schema, comments: Mapping[str, str], required: bool, *, in_path: bool = False) -> Any:
    """Return type and `Field` of an input, for `create_model`."""
    plain, nullable = without_null(schema)
    marker = Input(label=label_of(key), comments=comments.get(key, ""), secret=_has_secret(plain), **_control(plain))
    marks = [*_constraints(plain, comments), *([Field(min_length=1), PathSegment] if in_path else []), marker]
    annotation: Any = Annotated[(_type(plain), *marks)]
    if nullable:
        annotation = Optional[annotation]  # noqa: UP045 - the operator does not accept an Annotated made at run time
    return (annotation, Field(alias=key)) if required else (annotation | MISSING, Field(MISSING, alias=key))


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
    if kind == "array" and schema["items"].get("type") == "string" and "enum" not in schema["items"]:
        return {"collection": "valuelist"}
    return {} if kind in {*_PLAIN, "number"} else {"type": "code", "language": "json"}


def _has_secret(schema: Schema) -> bool:
    parts = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    parts += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    return bool(schema.get("x-secret")) or any(map(_has_secret, parts))


def _with_help(schema: Schema, comments: Mapping[str, str], name: str = "") -> dict[str, Any]:
    """Return a schema as a form shows it: each nested field with its help, and without its default."""
    shown: dict[str, Any] = {key: value for key, value in schema.items() if key not in {"default", "x-secret"}}
    if name in comments:
        shown["description"] = comments[name]
    if "properties" in schema:
        shown["properties"] = {key: _with_help(part, comments, key) for key, part in schema["properties"].items()}
    if "items" in schema:
        shown["items"] = _with_help(schema["items"], comments)
    if "anyOf" in schema:
        shown["anyOf"] = [_with_help(form, comments) for form in schema["anyOf"]]
    return shown
