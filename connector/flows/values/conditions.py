"""Conditions of branches: `["and", ["equal", term, term], ["or", ...]]`, with the platform's 25 operators.

Terms that are texts are read as JSON first where that is possible, so `"5"` equals 5 and `exists` of `"0"` is false.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connector.errors import UsageError
from connector.flows.values.expressions import Complex, Expression, Literal, Pair
from connector.flows.values.javascript import compare, is_truthy, loosely_equal, parse_json, strictly_equal, string_of
from connector.flows.values.paths import UNDEFINED

Condition = Sequence[Any]
"""An operator, then its terms, or for `and` and `or` further conditions."""

_YES = {"t", "true", "y", "yes"}
_NO = {"f", "false", "n", "no"}


def evaluate_condition(condition: Condition, value_of: Callable[[Any], Any] = lambda term: term) -> bool:
    """Whether a condition is met.

    Args:
        condition: What to judge.
        value_of: From a term to its value; only the terms that decide are asked for.

    Raises:
        UsageError: A value does not fit its operator, such as `isEmpty` of a number.
    """
    operator = condition[0]
    if operator in GROUPS:
        members = (evaluate_condition(member, value_of) for member in condition[1:])
        return all(members) if operator == "and" else any(members)
    if operator in UNARY:
        return UNARY[operator](value_of(condition[1]))
    left, right = value_of(condition[1]), value_of(condition[2])
    return BINARY[operator](left, right)


def compile_condition(expression: Expression) -> Condition:
    """The condition that a complex expression holds; its terms stay expressions.

    Raises:
        ValueError: It is none; the message says why.
    """
    expression = expression.value if isinstance(expression, Pair) else expression
    if not isinstance(expression, Complex) or not expression.items:
        raise ValueError("a condition is a list: an operator, then its terms")
    head, *terms = [item.value if isinstance(item, Pair) else item for item in expression.items]
    operator = head.value if isinstance(head, Literal) else None
    if operator in GROUPS:
        return (operator, *(compile_condition(term) for term in terms))
    if operator not in OPERATORS:
        label = operator if isinstance(operator, str) else "a condition"
        raise ValueError(f'"{label}" is no operator; known are {", ".join(OPERATORS)}')
    needed = 1 if operator in UNARY else 2
    if len(terms) < needed:
        raise ValueError(f'"{operator}" needs {needed} term{"s"[: needed - 1]}, has {len(terms)}')
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
    raise UsageError(f"isEmpty and isNotEmpty need a list or a text, not {_kind(value)}.", hint=_KIND_HINT)


def _in(member: Any, container: Any) -> bool:
    container = parse_json(container)
    if isinstance(container, str):
        return string_of(member) in container
    if isinstance(container, list | tuple):
        return any(_same(candidate, item) for item in container for candidate in (member, parse_json(member)))
    if isinstance(container, Mapping):
        return string_of(member) in container
    raise UsageError(
        f"in and notIn need a text, a list or an object to look in, not {_kind(container)}.", hint=_KIND_HINT
    )


def _same(left: Any, right: Any) -> bool:
    return not isinstance(left, list | tuple | Mapping) and strictly_equal(left, right)


def _starts(affix: Any, text: Any) -> bool:
    return string_of(parse_json(text)).startswith(string_of(parse_json(affix)))


def _ends(affix: Any, text: Any) -> bool:
    return string_of(parse_json(text)).endswith(string_of(parse_json(affix)))


def _order(left: Any, right: Any) -> int | None:
    return compare(parse_json(left), parse_json(right))


def _moment(value: Any) -> float:
    """Seconds since 1970; numbers are seconds, texts are ISO 8601, in UTC unless they say otherwise."""
    value = parse_json(value)
    if isinstance(value, int | float) and value and not math.isnan(value):
        return float(value)
    if isinstance(value, dt.datetime):
        return value.timestamp()
    try:
        moment = dt.datetime.fromisoformat(value.strip())
    except (AttributeError, ValueError):
        label = f'"{value}"' if isinstance(value, str) else _kind(value)
        hint = "Give an ISO 8601 date such as 2026-01-31, or seconds since 1970."
    else:
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    raise UsageError(f"{label} is no date.", hint=hint)


def _kind(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "an object",
        str: "a text",
        list: "a list",
    }
    return "nothing" if value is None or value is UNDEFINED else names.get(type(value), type(value).__name__)


_KIND_HINT = "Test it with exists first, or refer to another value."

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
    "dateTimeAfter": lambda left, right: _moment(left) > _moment(right),
    "dateTimeBefore": lambda left, right: _moment(left) < _moment(right),
    "dateTimeSame": lambda left, right: _moment(left) == _moment(right),
}

OPERATORS = (*GROUPS, *UNARY, *BINARY)
