"""Definitions in the words of a page: what the command line shows and the documentation says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.component.definitions import Action, ConnectionDefinition, DataSource
from connector.component.inputs import Inputs
from connector.component.schema import input_schema

WORDS = {"string": "text", "array": "list", None: "any"}
"""JSON Schema's types in the words of a page, where they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSummary:
    """One input, ready to be shown.

    Attributes:
        key: Its key.
        label: Its name shown to people.
        kind: Its type in words, such as `text`, `list of text` or `object or null`.
        required: Whether it must be given.
        comments: Help.
        choices: Closed choices, value to title.
        default: What a designer fills in.
        example: A value that would be right.
        data_source: Key of the data source that offers values.
        secret: Whether the value must not be shown.
    """

    key: str
    label: str
    kind: str
    required: bool
    comments: str
    choices: Mapping[str, str]
    default: str | None
    example: Any
    data_source: str | None
    secret: bool


def facts(inputs: type[Inputs]) -> list[InputSummary]:
    """Every input of a model, in form order."""
    properties = input_schema(inputs)["properties"]
    required = inputs.required_keys()
    return [
        InputSummary(
            key=key,
            label=marker.label,
            kind=_kind(properties[key]),
            required=key in required,
            comments=marker.comments,
            choices=marker.choices,
            default=marker.default,
            example=marker.example,
            data_source=marker.data_source,
            secret=marker.is_secret,
        )
        for key, marker in inputs.definitions().items()
    ]


def effect(action: Action[Any]) -> str:
    """What an action does: `read`, `write`, `destructive`, or `any` where only the inputs tell."""
    return "any" if callable(action.effect) else action.effect


def metadata(action: Action[Any]) -> dict[str, Any]:
    """What an engine asks about an action beside its inputs; absent facts are left out."""
    found = {
        "resource": action.resource,
        "effect": effect(action),
        "idempotent": action.idempotent,
        "paginated": action.pagination is not None,
        "records": action.pagination.records if action.pagination else None,
        **_operation_facts(action),
        "inPrismatic": False if action.is_described else None,
    }
    return {name: value for name, value in found.items() if value is not None}


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


def titled(definition: Action[Any] | DataSource[Any] | ConnectionDefinition[Any]) -> dict[str, str]:
    """`{"key", "label", "description"}`."""
    display = definition.display
    return {
        "key": definition.key,
        "label": display.label if display else definition.key,
        "description": display.description if display else "",
    }


def _kind(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type")
    words = [_word(schema, kind) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    return " or ".join(words)


def _word(schema: Mapping[str, Any], kind: str | None) -> str:
    entries = schema.get("items", {}).get("type")
    if kind == "array" and entries:
        return f"list of {_word({}, entries)}s"
    return WORDS.get(kind) or str(kind)
