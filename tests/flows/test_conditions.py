"""The 25 operators of conditions, as measured on Prismatic's own evaluator."""

from __future__ import annotations

from typing import Any

import pytest

from connector.common.value_paths import UNDEFINED
from connector.errors import UsageError
from connector.flows.values.conditions import OPERATORS, compile_condition, evaluate_condition
from connector.flows.values.expressions import Complex, Literal

NAN = float("nan")


def each(operator: str, *values: Any) -> list[list[Any]]:
    return [[operator, value] for value in values]


TRUE: list[list[Any]] = [
    ["and"],
    ["and", ["isTrue", True], ["or", ["isTrue", False], ["isTrue", True]]],
    ["or", ["isTrue", False], ["isTrue", True]],
    *each("isTrue", "t", "True", "Y", "yes", "anything", 1, [], {}, "[]"),
    *each("isFalse", "f", "FALSE", "n", "No", "0", "", 0, None, UNDEFINED, NAN),
    *each("exists", "x", 1, [], {}, "true", "[]", " "),
    *each("doesNotExist", "", 0, "0", "false", "null", False, None, UNDEFINED, NAN),
    *each("isEmpty", "", [], "[]"),
    *each("isNotEmpty", "a", "0", [0], "[1]", "123"),
    ["equal", "5.2", 5.2],
    ["equal", False, 0],
    ["equal", "", 0],
    ["equal", [1, 2], ["1", "2"]],
    ["equal", None, UNDEFINED],
    ["equal", "true", 1],
    ["equal", '{"a": 1}', {"a": "1"}],
    ["notEqual", "a", "b"],
    ["notEqual", None, 0],
    ["notEqual", NAN, NAN],
    ["equal", [[1]], [["1"]]],
    ["equal", [None], [None]],
    *(["notEqual", [[]], [other]] for other in (0, "", False)),
    ["notEqual", {"a": 1}, {"a": [1]}],
    ["notEqual", [None], [0]],
    ["greaterThan", "10", "9"],
    ["greaterThan", "b", "a"],
    ["greaterThanOrEqual", 2, "2"],
    ["greaterThanOrEqual", None, 0],
    ["lessThan", "9", 10],
    ["lessThan", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\uff5e"],
    ["lessThanOrEqual", "a", "a"],
    ["in", "ell", "hello"],
    ["in", "2", [1, 2, 3]],
    ["in", "2", ["2"]],
    ["in", "a", {"a": None}],
    ["in", 1, "a1b"],
    ["notIn", "x", ["y"]],
    ["notIn", [1], [[1]]],
    ["exactlyMatches", "5", 5],
    ["exactlyMatches", {"a": [1]}, '{"a": [1]}'],
    ["doesNotExactlyMatch", 0, False],
    ["doesNotExactlyMatch", None, UNDEFINED],
    ["startsWith", "he", "hello"],
    ["doesNotStartWith", "lo", "hello"],
    ["endsWith", "lo", "hello"],
    ["endsWith", 3, 123],
    ["doesNotEndWith", "he", "hello"],
    ["dateTimeAfter", "2026-01-02", "2026-01-01T23:59:59Z"],
    ["dateTimeAfter", "2022", "2021"],
    ["dateTimeBefore", "2026-01-01T00:00:00+02:00", "2026-01-01"],
    ["dateTimeSame", 1767225600, "2026-01-01T00:00:00Z"],
]

FALSE: list[list[Any]] = [
    ["or"],
    ["and", ["isTrue", True], ["isTrue", False]],
    ["greaterThan", "abc", 1],
    ["lessThan", "abc", 1],
    ["lessThanOrEqual", UNDEFINED, 0],
    ["greaterThanOrEqual", "a", 1],
    ["in", "x", "hello"],
    ["equal", [1, 2], [1]],
    ["equal", "a", 0],
]


@pytest.mark.parametrize("condition", TRUE, ids=repr)
def test_condition_is_met(condition: list[Any]) -> None:
    assert evaluate_condition(condition) is True


@pytest.mark.parametrize("condition", FALSE, ids=repr)
def test_condition_is_not_met(condition: list[Any]) -> None:
    assert evaluate_condition(condition) is False


def test_every_operator_has_a_case() -> None:
    assert {condition[0] for condition in TRUE} == set(OPERATORS)
    assert len(OPERATORS) == 25


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (["isEmpty", None], "isEmpty and isNotEmpty need a list or a string, got null"),
        (["isEmpty", 5], "got a number"),
        (["isNotEmpty", {}], "got an object"),
        (["in", "a", None], "in and notIn need a string, a list, or an object, got null"),
        (["in", "1", "123"], "got a number"),
        (["in", "1", UNDEFINED], "got undefined"),
        (["dateTimeAfter", "soon", "2021"], 'must be a date, got "soon"'),
        (["dateTimeSame", 0, "2021"], "must be a date, got a number"),
        (["dateTimeBefore", "", "2021"], 'must be a date, got ""'),
    ],
)
def test_value_of_the_wrong_type_is_an_error(condition: list[Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        evaluate_condition(condition)


def test_terms_that_do_not_decide_are_not_evaluated() -> None:
    assert evaluate_condition(["or", ["isTrue", True], ["isEmpty", None]])
    assert not evaluate_condition(["and", ["isTrue", False], ["isEmpty", None]])


def complex_of(value: Any) -> Any:
    return Complex(tuple(map(complex_of, value))) if isinstance(value, list) else Literal(value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("and", "must be a list of an operator and its terms"),
        ([], "must be a list of an operator"),
        (["equals", "1", "1"], r'unknown operator "equals" \(Did you mean equal'),
        (["equal", "1"], '"equal" needs 2 terms, got 1'),
        (["isTrue"], '"isTrue" needs 1 term, got 0'),
        (["and", "isTrue"], "must be a list of an operator"),
        ([["isTrue"]], "must begin with an operator"),
    ],
)
def test_invalid_condition_is_rejected(written: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_condition(complex_of(written))
