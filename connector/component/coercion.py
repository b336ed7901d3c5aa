"""From the forms in which flows send values to native ones."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticCustomError, from_json


def json_text(value: Any, expected: str) -> Any:
    """Parse JSON in a string; return any other value unchanged.

    Raises:
        PydanticCustomError: If the string is not JSON; the message has line, column and what was expected.
    """
    if not isinstance(value, str):
        return value
    try:
        return from_json(value, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # TypeError: a string with a lone surrogate cannot be encoded
        reason = "it has a lone surrogate" if isinstance(error, TypeError) else str(error)
    raise PydanticCustomError(
        "json_text", "must be a JSON {expected}: {reason}", {"reason": reason, "expected": expected}
    )


def key_value_pairs(value: Any) -> Any:
    """Return an object from a `[{"key": ..., "value": ...}]` list or from JSON in a string.

    Raises:
        PydanticCustomError: If the string is not JSON, an entry is not a pair, or a key is duplicate.
    """
    value = json_text(value, "object")
    if not isinstance(value, list):
        return value
    pairs: dict[str, Any] = {}
    for position, pair in enumerate(value, 1):
        if not isinstance(pair, dict) or "key" not in pair or pair.keys() - {"key", "value"}:
            raise PydanticCustomError(
                "key_value_pair",
                "must be a JSON object or a list of {shape} pairs; entry {position} is neither",
                {"position": position, "shape": '{"key", "value"}'},
            )
        key, entry = str(pair["key"]), pair.get("value", "")
        if key == "" and entry in ("", None):
            continue  # an untouched row of the form
        if key in pairs:
            raise PydanticCustomError("duplicate_key", 'has the key "{key}" twice', {"key": key})
        pairs[key] = entry
    return pairs


def value_list(value: Any) -> Any:
    """Return a list from JSON in a string; any other string is a list of that one value."""
    if isinstance(value, str):
        return json_text(value, "list") if value.lstrip().startswith("[") else [value]
    return value
