"""The hint for objects that the command line passes as strings to an input that takes a list of objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.component.definitions import Action
    from connector.errors import InputError


def hint_about_objects(action: Action[Any], raw_inputs: Mapping[str, Any], error: InputError) -> str:
    """Return how to pass a list of objects if an object, or a string of one, was rejected; else an empty string."""
    schemas = action.input_schema["properties"]
    for problem in error.problems:
        match = re.fullmatch(r"(\w+)(\[\d+\])?", problem.location)
        if match and schemas.get(match[1], {}).get("type") == "array" and _has_object(raw_inputs.get(match[1])):
            key = match[1]
            return f"Write -i {key}:='[{{...}}, {{...}}]': a list, with a colon for JSON."
    return ""


def _has_object(value: Any) -> bool:
    entries = value if isinstance(value, list) else [value]
    return isinstance(value, dict) or any(isinstance(each, str) and each.lstrip().startswith("{") for each in entries)
