"""Step names, paths, expressions and JavaScript's ways with values."""

from __future__ import annotations

from typing import Any

import pytest

from connector.common.value_paths import UNDEFINED, get_path, parse_path
from connector.errors import UsageError
from connector.flows.file.step_names import step_variable
from connector.flows.values.expressions import (
    Complex,
    ConfigVariable,
    Literal,
    Pair,
    Reference,
    Scope,
    Template,
    evaluate,
)
from connector.flows.values.javascript import as_text, loosely_equal, number_of, string_of


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("HTTP - GET", "httpGet"),
        ("Get a Queue's URL", "getAQueueSUrl"),
        ("Raw GraphQL Request", "rawGraphqlRequest"),
        ("Loop Over Items 2", "loopOverItems2"),
        ("🚀 Launch it", "launchIt"),
        ("  spaced  out  ", "spacedOut"),
        ("First Execution?", "firstExecution"),
        ("", ""),
    ],
)
def test_step_variable_is_the_name_in_camel_case(name: str, variable: str) -> None:
    assert step_variable(name) == variable


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("step.results.0.id", ("step", "results", "0", "id")),
        ("step.results.data[0].Id", ("step", "results", "data", "0", "Id")),
        ('step.results.[".tag"]', ("step", "results", ".tag")),
        ("step.results['a.b'].c", ("step", "results", "a.b", "c")),
        ("trigger.results.headers.x-request-id", ("trigger", "results", "headers", "x-request-id")),
        ("trigger.results.webhookUrls.My Flow", ("trigger", "results", "webhookUrls", "My Flow")),
    ],
)
def test_path_has_dots_and_brackets(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", ".a", "a..b", "a.", "a[", "a]b", 'a["b'])
def test_invalid_path_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"unexpected|is empty"):
        parse_path(text)


def test_path_with_too_many_segments_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"more than 100 segments"):
        parse_path(".".join("a" * 101))


def test_number_is_an_index_of_a_list_and_a_key_of_an_object() -> None:
    assert get_path({"list": ["zero", "one"]}, ("list", "1")) == "one"
    assert get_path({"object": {"1": "by key"}}, ("object", "1")) == "by key"


@pytest.mark.parametrize("path", [("nothing",), ("list", "9"), ("list", "x"), ("text", "0"), ("list", "9" * 50)])
def test_path_without_a_value_is_undefined(path: tuple[str, ...]) -> None:
    assert get_path({"list": [1], "text": "abc"}, path) is UNDEFINED


SCOPE = Scope(
    {"step": {"results": {"n": 5, "on": True, "none": None, "list": [1, "a"], "text": "{{$step.results.n}}"}}},
    {"Env": "prod", "Region": {"key": "eu"}},
    frozenset({"Workspace"}),
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{$step.results.n}} things in {{#Env}}", "5 things in prod"),
        ("{{ $step.results.on }}", "true"),
        ("[{{$step.results.none}}{{$step.results.missing}}{{#Missing}}]", "[]"),
        ("{{$step.results.list}}", '[1,"a"]'),
        ("{{#Region.key}}", "eu"),
        ("no slots, { braces }", "no slots, { braces }"),
    ],
)
def test_template_inserts_values_of_steps_and_config_variables(text: str, filled: str) -> None:
    assert evaluate(Template.parse(text), SCOPE) == filled


def test_value_that_looks_like_a_slot_is_not_expanded_again() -> None:
    assert evaluate(Template.parse("{{$step.results.text}}"), SCOPE) == "{{$step.results.n}}"


@pytest.mark.parametrize("expression", [ConfigVariable("Workspace"), Template.parse("{{#Workspace}}")])
def test_connection_cannot_be_used_as_a_value(expression: Any) -> None:
    with pytest.raises(UsageError, match=r'connection "Workspace" cannot be used as a value'):
        evaluate(expression, SCOPE)


def test_complex_expression_evaluates_items_names_and_values() -> None:
    number = Reference.parse("step.results.n")
    named = Pair(Template.parse("key-{{#Env}}"), number)
    assert evaluate(Complex((Literal("a"), number)), SCOPE) == ["a", 5]
    assert evaluate(Complex((named, Pair(Literal("b"), Reference.parse("step.results.missing")))), SCOPE) == [
        {"key": "key-prod", "value": 5},
        {"key": "b", "value": None},
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(5.0, "5"), (1.5, "1.5"), (1e-7, "1e-7"), (-1.5e-6, "-0.0000015"), (1e21, "1e+21"), (float("nan"), "NaN")],
        *[(b"x", "x"), ({}, "{}")],
    ],
)
def test_as_text_formats_values_like_javascript(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (UNDEFINED, "undefined"), ([1, [2, None]], "1,2,"), ({"a": 1}, "[object Object]")],
)
def test_string_of_converts_like_javascript(value: Any, text: str) -> None:
    assert string_of(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("", 0),
        (" 7 ", 7),
        ("0x10", 16),
        ("1e3", 1000),
        (None, 0),
        (True, 1),
        ([], 0),
        ([5], 5),
        ("Infinity", float("inf")),
    ],
)
def test_number_of_converts_like_javascript(value: Any, number: float) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize("value", ["abc", "1_000", "nan", "5 apples", {}, [1, 2], UNDEFINED])
def test_number_of_other_values_is_nan(value: Any) -> None:
    assert number_of(value) != number_of(value)


def test_loose_equality_compares_members() -> None:
    assert loosely_equal({"a": ["1", None]}, {"a": [1, None]})
    assert not loosely_equal({"a": 1}, {"a": 1, "b": 2})
    assert not loosely_equal([1], {"0": 1})
