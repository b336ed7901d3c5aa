"""JavaScript's comparisons and conversions, which Prismatic's conditions and templates use.

In JavaScript, numbers are IEEE doubles, `undefined` is not `null`, and strings are compared by UTF-16 code units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from connector.common.value_paths import UNDEFINED, Undefined

NAN = float("nan")


def parse_json(value: Any) -> Any:
    """Return the value of a string that is JSON; return anything else unchanged."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text or text[0] not in '{["-0123456789tfn':
        return value
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return value


def is_truthy(value: Any) -> bool:
    """Return whether a value is truthy: not false, 0, NaN, "", null, or undefined. Empty lists and objects are."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return isinstance(value, list | tuple | Mapping) or bool(value)


def as_text(value: Any) -> str:
    """Return a value as part of a string: null and undefined are empty, lists and objects are JSON."""
    match value:
        case str():
            return value
        case None | Undefined():
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case bytes():
            return value.decode("utf-8", "replace")
    return to_json(value, fallback=str).decode()


def number_text(number: float) -> str:
    """Return a number as JavaScript prints it: `5`, not `5.0`."""
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    return _decimal_text(repr(number))


def _decimal_text(text: str) -> str:
    """Return Python's text of a number as JavaScript has it: `0.00001` and `1e-7`, not `1e-05` and `1e-07`."""
    mantissa, minus, exponent = text.partition("e-")
    if not minus:
        return text
    if int(exponent) > 6:
        return f"{mantissa}e-{int(exponent)}"
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    return f"{sign}0.{'0' * (int(exponent) - 1)}{digits.replace('.', '')}"


def string_of(value: Any) -> str:
    """Return `String(value)`."""
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, Mapping):
        return "[object Object]"
    if isinstance(value, list | tuple):
        return ",".join("" if item is None or item is UNDEFINED else string_of(item) for item in value)
    return as_text(value)


def number_of(value: Any) -> float:
    """Return `Number(value)`."""
    match value:
        case bool():
            return float(value)
        case int() | float():
            return value
        case None:
            return 0
        case str():
            return _number_in(value.strip())
        case list() | tuple() | Mapping():
            return _number_in(string_of(value).strip())
    return NAN


def _number_in(text: str) -> float:
    if not text:
        return 0
    unsigned = text.lstrip("+-")
    if unsigned in {"Infinity"}:
        return float(text.replace("Infinity", "inf"))
    if not unsigned[:1].isdigit() and unsigned[:1] != ".":
        return NAN
    try:
        base = {"0x": 16, "0o": 8, "0b": 2}.get(text[:2].lower())
        return int(text[2:], base) if base else float(text.replace("_", "x"))
    except ValueError:
        return NAN


def loosely_equal(left: Any, right: Any) -> bool:
    """Return whether values are equal as with `==`. Lists and objects are compared member by member."""
    if left is None or left is UNDEFINED or right is None or right is UNDEFINED:
        return (left is None or left is UNDEFINED) and (right is None or right is UNDEFINED)
    if _is_object(left) and _is_object(right):
        return _members_equal(left, right, _loosely_equal_members)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if _is_object(left):
        left = string_of(left)
    if _is_object(right):
        right = string_of(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return number_of(left) == number_of(right)


def _loosely_equal_members(left: Any, right: Any) -> bool:
    """Return whether members of lists or objects are equal: a list, an object, or null only equals its like."""
    if left is None or right is None:
        return left is right
    return _is_object(left) == _is_object(right) and loosely_equal(left, right)


def strictly_equal(left: Any, right: Any) -> bool:
    """Return whether values are equal as with `===`, but NaN equals NaN. Lists and objects are compared by member."""
    if _is_object(left) and _is_object(right):
        return _members_equal(left, right, strictly_equal)
    if _kind(left) != _kind(right):
        return False
    return bool(left == right) or (left != left and right != right)  # noqa: PLR0124 - NaN


def compare(left: Any, right: Any) -> int | None:
    """Return -1, 0, or 1 as `left` is less than, equal to, or greater than `right`; None if they have no order."""
    left, right = (string_of(value) if _is_object(value) else value for value in (left, right))
    if isinstance(left, str) and isinstance(right, str):
        first, second = (text.encode("utf-16-be", "surrogatepass") for text in (left, right))
        return (first > second) - (first < second)
    one, other = number_of(left), number_of(right)
    return None if math.isnan(one) or math.isnan(other) else (one > other) - (one < other)


def _is_object(value: Any) -> bool:
    return isinstance(value, list | tuple | Mapping)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _members_equal(left: Any, right: Any, equal: Any) -> bool:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, Mapping) or isinstance(right, Mapping):
        return False
    return len(left) == len(right) and all(equal(*pair) for pair in zip(left, right, strict=True))


def json_type(value: Any) -> str:
    """Return the name of a value's type in JSON, with an article."""
    if isinstance(value, bool):
        return "a boolean"
    names = {type(None): "null", Undefined: "undefined", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value)) or ("a list" if isinstance(value, list | tuple) else "an object")
