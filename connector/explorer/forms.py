"""From the inputs of an action to the fields of a form, which a template can draw without knowing JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connector.component.definitions import Action
from connector.component.inputs import Input

Kind = Literal["text", "secret", "number", "boolean", "choice", "choices", "list", "json", "any", "long"]
"""The control of a field. `any` takes a value of any type, `list` one string per line, `long` a string of several."""

_KINDS: Mapping[str, Kind] = {
    "string": "text",
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "object": "json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form.

    Attributes:
        key: Key of the input.
        label: Its label.
        help: One or two sentences.
        kind: The control.
        required: Whether the input must be set.
        nullable: Whether the input can be null.
        choices: Closed choices: value and title.
        source: Key of the data source that offers values.
        depends_on: Keys of the inputs that the data source needs.
        example: A valid value, as typed.
        placeholder: Text in the empty control.
        secret: Whether the value is never kept.
    """

    key: str
    label: str
    help: str
    kind: Kind
    required: bool
    nullable: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    source: str = ""
    depends_on: tuple[str, ...] = ()
    example: str = ""
    placeholder: str = ""
    secret: bool = False

    @property
    def can_be_empty(self) -> bool:
        """True if an empty string can be sent, which is something else than a field that is not set."""
        return self.kind in {"text", "long"} and not self.required and not self.source


def fields(action: Action[Any], *, fixed: Collection[str] = ()) -> list[Field]:
    """Return the fields of an action in the order of the form, required ones first.

    Args:
        action: The action.
        fixed: Keys of inputs that the connection sets.
    """
    markers, required = action.inputs.definitions(), action.inputs.required_keys()
    schemas = action.input_schema.get("properties", {})
    visible = [key for key in schemas if key not in fixed and not markers[key].hidden]
    unsorted = [_field(key, schemas[key], markers[key], required=key in required) for key in visible]
    return sorted(unsorted, key=lambda each: not each.required)


def _field(key: str, schema: Mapping[str, Any], marker: Input, *, required: bool) -> Field:
    types = schema.get("type", ())
    names = [types] if isinstance(types, str) else list(types)
    name = next((each for each in names if each != "null"), "")
    choices = _choices(schema.get("items", schema) if name == "array" else schema)
    return Field(
        key=key,
        label=schema.get("title", key),
        help=schema.get("description", ""),
        kind=_kind(name, schema, marker, has_choices=bool(choices)),
        required=required,
        nullable="null" in names,
        choices=choices,
        source=schema.get("x-data-source", ""),
        depends_on=tuple(marker.depends_on),
        example=_typed(next(iter(schema.get("examples", ())), "")),
        placeholder=marker.placeholder,
        secret=marker.is_secret,
    )


def _choices(schema: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    titled = [(str(each["const"]), each.get("title") or str(each["const"])) for each in _constants(schema)]
    return tuple(titled or [(str(value), str(value)) for value in schema.get("enum", ())])


def _constants(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in schema.get("oneOf", ()) if "const" in each]


def _kind(name: str, schema: Mapping[str, Any], marker: Input, *, has_choices: bool) -> Kind:
    if name == "array":
        is_plain = schema.get("items", {}).get("type") == "string"
        return "choices" if has_choices else "list" if is_plain else "json"
    if has_choices:
        return "choice"
    if name == "string" and marker.is_secret:
        return "secret"
    if name == "string" and marker.type in {"code", "text"}:
        return "long"
    return _KINDS.get(name, "json" if "$ref" in schema else "any")


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
