"""Conditions of branches: `["and", ["equal", term, term], ["or", ...]]`, with Prismatic's 25 operators.

A term that is a string with valid JSON is parsed first, so `"5"` equals 5 and `exists` of `"0"` is false.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connector.common.text import did_you_mean
from connector.common.value_paths import UNDEFINED
from connector.errors import UsageError
from connector.flows.values.expressions import Complex, Expression, Literal, Pair
from connector.flows.values.javascript import (
    compare,
    is_truthy,
    json_type,
    loosely_equal,
    parse_json,
    strictly_equal,
    string_of,
)

Condition = Sequence[Any]
"""An operator and its terms; the terms of `and` and `or` are conditions."""

_YES = {"t", "true", "y", "yes"}
_NO = {"f", "false", "n", "no"}


def evaluate_condition(condition: Condition, value_of: Callable[[Any], Any] = lambda term: term) -> bool:
    """Return whether a condition is met.

    Args:
        condition: Condition to evaluate.
        value_of: Function from a term to its value. It is called only for the terms that decide.

    Raises:
        UsageError: If a value has the wrong type for its operator, such as `isEmpty` of a number.
    """
    operator = condition[0]
    if operator in GROUPS:
        members = (evaluate_condition(member, value_of) for member in condition[1:])
        return all(members) if operator == "and" else any(members)
    if operator in UNARY:
        return UNARY[operator](value_of(condition[1]))
    left, right = value_of(condition[1]), value_of(condition[2])
    return BINARY[operator](left, right)


class ConditionError(ValueError):
    """An expression is not a condition.

    Attributes:
        path: Positions of the invalid part in the lists of the expression.
    """

    def __init__(self, message: str, path: tuple[int, ...]) -> None:
        super().__init__(message)
        self.path = path


def compile_condition(expression: Expression, path: tuple[int, ...] = ()) -> Condition:
    """Return the condition of a complex expression. Its terms stay expressions.

    Raises:
        ConditionError: If the expression is not a condition.
    """
    expression = expression.value if isinstance(expression, Pair) else expression
    if not isinstance(expression, Complex) or not expression.items:
        raise ConditionError("must be a list of an operator and its terms", path)
    head, *terms = [item.value if isinstance(item, Pair) else item for item in expression.items]
    operator = head.value if isinstance(head, Literal) else None
    if operator in GROUPS:
        return (operator, *(compile_condition(term, (*path, index)) for index, term in enumerate(terms, 1)))
    if operator not in OPERATORS:
        if not isinstance(operator, str):
            raise ConditionError("must begin with an operator", (*path, 0))
        hint = did_you_mean(operator, OPERATORS)
        raise ConditionError(f'unknown operator "{operator}"{hint and f" ({hint})"}', (*path, 0))
    needed = 1 if operator in UNARY else 2
    if len(terms) < needed:
        raise ConditionError(f'"{operator}" needs {needed} term{"s"[: needed - 1]}, got {len(terms)}', path)
    return (operator, *terms)


def _is_true(value: Any) -> bool:
    value = parse_json(value)
    word = value.lower() if isinstance(value, str) else None
    return word in _YES or (word not in _NO and is_truthy(value))


def _exists(value: Any) -> bool:
    value = parse_json(value)
    return not (value is None or value is UNDEFINED or value in ("", 0) or value != value)  # noqa: PLR0124 - NaN


def _is_empty(value: Any) -> bool:
    if isinstance(parse_json(value), list | tuple):
        return not parse_json(value)
    if isinstance(value, str):
        return not value
    raise UsageError(f"isEmpty and isNotEmpty need a list or a string, got {json_type(value)}", hint=_TYPE_HINT)


def _in(member: Any, container: Any) -> bool:
    container = parse_json(container)
    if isinstance(container, str):
        return string_of(member) in container
    if isinstance(container, list | tuple):
        return any(_same(candidate, item) for item in container for candidate in (member, parse_json(member)))
    if isinstance(container, Mapping):
        return string_of(member) in container
    raise UsageError(f"in and notIn need a string, a list, or an object, got {json_type(container)}", hint=_TYPE_HINT)


def _same(left: Any, right: Any) -> bool:
    return not isinstance(left, list | tuple | Mapping) and strictly_equal(left, right)


# The first term of these two operators is the beginning or the end, and the second is the string that has it.
def _starts(affix: Any, text: Any) -> bool:
    return string_of(parse_json(text)).startswith(string_of(parse_json(affix)))


def _ends(affix: Any, text: Any) -> bool:
    return string_of(parse_json(text)).endswith(string_of(parse_json(affix)))


def _order(left: Any, right: Any) -> int | None:
    return compare(parse_json(left), parse_json(right))


def seconds_of(value: Any) -> float:
    """Return seconds since 1970 from a number of seconds or an ISO 8601 string. Default time zone: UTC."""
    value = parse_json(value)
    if isinstance(value, int | float) and value and not math.isnan(value):
        return float(value)
    if isinstance(value, dt.datetime):
        return value.timestamp()
    try:
        moment = dt.datetime.fromisoformat(value.strip())
    except (AttributeError, ValueError):
        received = f'"{value}"' if isinstance(value, str) else json_type(value)
        hint = "Use an ISO 8601 date such as 2026-01-31, or seconds since 1970."
    else:
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    raise UsageError(f"must be a date, got {received}", hint=hint)


_TYPE_HINT = "Check the value with exists first, or refer to another value."

GROUPS = ("and", "or")

UNARY: dict[str, Callable[[Any], bool]] = {
    "isTrue": _is_true,
    "isFalse": lambda value: not _is_true(value),
    "exists": _exists,
    "doesNotExist": lambda value: not _exists(value),
    "isEmpty": _is_empty,
    "isNotEmpty": lambda value: not _is_empty(value),
}

BINARY: dict[str, Callable[[Any, Any], bool]] = {
    "equal": lambda left, right: loosely_equal(parse_json(left), parse_json(right)),
    "notEqual": lambda left, right: not loosely_equal(parse_json(left), parse_json(right)),
    "greaterThan": lambda left, right: _order(left, right) == 1,
    "greaterThanOrEqual": lambda left, right: _order(left, right) in (0, 1),
    "lessThan": lambda left, right: _order(left, right) == -1,
    "lessThanOrEqual": lambda left, right: _order(left, right) in (-1, 0),
    "in": _in,
    "notIn": lambda member, container: not _in(member, container),
    "exactlyMatches": lambda left, right: strictly_equal(parse_json(left), parse_json(right)),
    "doesNotExactlyMatch": lambda left, right: not strictly_equal(parse_json(left), parse_json(right)),
    "startsWith": _starts,
    "doesNotStartWith": lambda affix, text: not _starts(affix, text),
    "endsWith": _ends,
    "doesNotEndWith": lambda affix, text: not _ends(affix, text),
    "dateTimeAfter": lambda left, right: seconds_of(left) > seconds_of(right),
    "dateTimeBefore": lambda left, right: seconds_of(left) < seconds_of(right),
    "dateTimeSame": lambda left, right: seconds_of(left) == seconds_of(right),
}

OPERATORS = (*GROUPS, *UNARY, *BINARY)
