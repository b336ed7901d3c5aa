"""The messages about invalid inputs: what is expected, and what was received unless it is secret."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core.core_schema import ErrorType

from connector.common.text import did_you_mean
from connector.errors import Problem

if TYPE_CHECKING:
    from connector.component.inputs import Input

EXPECTED = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be an integer",
    "int_from_float": "must be an integer",
    "int_type": "must be an integer",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}
"""What is expected, by pydantic's type of error."""

_MAX_RECEIVED = 60
"""Longest value that a message repeats: enough to recognize it."""


def problem_of(markers: Mapping[str, Input], entry: dict[str, Any]) -> Problem:
    """Return the problem of an error of pydantic, in the words of this project."""
    # pydantic names its own wrappers in the path of an error; a caller knows only keys and positions.
    path = [part for part in entry["loc"] if not str(part).startswith(("function-", "nullable", "constrained"))]
    if not path:
        return Problem("", _message(entry, None))
    key = str(path[0])
    marker = markers.get(key)
    if marker is None:
        return Problem(key, f'unknown input "{key}"', hint=did_you_mean(key, markers))
    location = key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:])
    hint = str(entry.get("ctx", {}).get("hint", ""))
    return Problem(location, _message(entry, marker), label=marker.label, hint=hint)


def _message(entry: dict[str, Any], marker: Input | None) -> str:
    kind, context = entry["type"], entry.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return "is not a valid key"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "literal_error" and marker and marker.choices and len(entry["loc"]) <= 2:
        expected = "must be one of " + ", ".join(_choice(*pair) for pair in marker.choices.items())
    elif kind in EXPECTED:
        expected = EXPECTED[kind].format(**context)
    else:
        expected = str(entry["msg"]).replace("Input should be", "must be").rstrip(".")
        if marker is None or kind not in _PYDANTICS_OWN:
            return expected  # a message of our own says what it needs to
    return expected if marker is None or marker.is_secret else f"{expected}, got {_received(entry['input'])}"


_PYDANTICS_OWN = frozenset(typing.get_args(ErrorType))


def _received(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple | set):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return str(value)[:_MAX_RECEIVED]
    return _received_string(value) if isinstance(value, str) else f"a {type(value).__name__}"


def _received_string(value: str) -> str:
    if len(value) > _MAX_RECEIVED:
        return f"a string of {len(value)} characters"
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _choice(value: str, title: str) -> str:
    return value if title in {"", value} else f"{value} ({title})"
