"""From the forms in which flows send values to native ones."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticCustomError, from_json


def json_text(value: Any, expected: str) -> Any:
    """Read JSON text; anything but text passes.

    Raises:
        PydanticCustomError: The text is not JSON; the message has line, column and what was expected.
    """
    if not isinstance(value, str):
        return value
    try:
        return from_json(value, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # TypeError: a string with a lone surrogate cannot be encoded
        reason = "it has a lone surrogate" if isinstance(error, TypeError) else str(error)
    raise PydanticCustomError(
        "json_text",
        "is not valid JSON ({reason}); a JSON {expected} is expected",
        {"reason": reason, "expected": expected},
    )


def key_value_pairs(value: Any) -> Any:
    """An object from a `[{"key": ..., "value": ...}]` list, from JSON text, or as it is.

    Raises:
        PydanticCustomError: The text is not JSON, an entry is no pair, or a key comes twice.
    """
    value = json_text(value, "object")
    if not isinstance(value, list):
        return value
    found: dict[str, Any] = {}
    for position, pair in enumerate(value):
        if not isinstance(pair, dict) or "key" not in pair or pair.keys() - {"key", "value"}:
            raise PydanticCustomError(
                "key_value_pair",
                "entry {position} must be {shape}, or the whole a JSON object",
                {"position": position, "shape": '{"key": ..., "value": ...}'},
            )
        key, entry = str(pair["key"]), pair.get("value", "")
        if key == "" and entry in ("", None):
            continue
        if key in found:
            raise PydanticCustomError("key_twice", 'has the key "{key}" twice', {"key": key})
        found[key] = entry
    return found


def value_list(value: Any) -> Any:
    """A list from JSON text; other text is a list of that one value."""
    if isinstance(value, str):
        return json_text(value, "list") if value.lstrip().startswith("[") else [value]
    return value
