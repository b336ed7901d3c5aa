"""The values of step inputs in the form that a step needs. Every literal of a flow is a string."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.common.value_paths import UNDEFINED
from connector.errors import UsageError
from connector.flows.steps.built_in import Inputs
from connector.flows.values.javascript import as_text, is_truthy, json_type, number_of, parse_json


def text_in(inputs: Inputs, key: str) -> str:
    """Return an input as a string; null and undefined are empty."""
    return as_text(inputs.get(key))


def list_in(inputs: Inputs, key: str) -> list[Any]:
    """Return an input that is a list, or a list as JSON.

    Raises:
        UsageError: If it is anything else.
    """
    value = parse_json(inputs.get(key, UNDEFINED))
    if isinstance(value, list | tuple):
        return list(value)
    raise UsageError(f'"{key}" must be a list, got {json_type(value)}')


def object_in(inputs: Inputs, key: str) -> dict[str, Any]:
    """Return an input that is an object, or an object as JSON.

    Raises:
        UsageError: If it is anything else.
    """
    value = parse_json(inputs.get(key, UNDEFINED))
    if isinstance(value, Mapping):
        return dict(value)
    raise UsageError(f'"{key}" must be an object, got {json_type(value)}')


def pairs_in(inputs: Inputs, key: str) -> dict[str, Any]:
    """Return the object that an input holds as a list of keys and values; or the object itself.

    Raises:
        UsageError: If it is anything else.
    """
    value = parse_json(inputs.get(key, UNDEFINED))
    if value in (None, "", UNDEFINED):
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list) and all(isinstance(entry, Mapping) and "key" in entry for entry in value):
        return {as_text(entry["key"]): entry.get("value") for entry in value}
    raise UsageError(f'"{key}" must be a list of keys and values, got {json_type(value)}')


def number_in(inputs: Inputs, key: str, default: float | None = None) -> float:
    """Return an input that is a number, or a number in a string.

    Raises:
        UsageError: If it is anything else, or not set without a default.
    """
    value = inputs.get(key, UNDEFINED)
    if default is not None and value in (None, "", UNDEFINED):
        return default
    return finite_number(value, key)


def finite_number(value: Any, key: str) -> float:
    """Return a number; an integer where it is one.

    Raises:
        UsageError: If the value is not a finite number.
    """
    number = number_of(value)
    if value in (None, "", UNDEFINED) or number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        received = f'"{value}"' if isinstance(value, str) else json_type(value)
        raise UsageError(f'"{key}" must be a number, got {received}')
    return short_number(number)


def short_number(number: float) -> float:
    """Return a number as JSON shows it: `5`, not `5.0`."""
    is_whole = isinstance(number, float) and number.is_integer() and abs(number) < 2**53
    return int(number) if is_whole else number


def flag_in(inputs: Inputs, key: str, *, default: bool = False) -> bool:
    """Return an input that is a boolean, or a boolean in a string."""
    value = parse_json(inputs.get(key, UNDEFINED))
    return default if value in (None, "", UNDEFINED) else is_truthy(value)
