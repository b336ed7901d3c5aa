"""Steps of Prismatic that compute their results from their inputs alone."""

from __future__ import annotations

import csv
import datetime as dt
from typing import Any

import pytest

from connector.errors import StepError
from connector.flows.steps import csv_tables
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.steps.xml_documents import MAX_DEPTH
from tests.flows.steps.support import run_step

LIST = {"listInput": "=.list"}

CASES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("collection-tools.createObject", {"keyValueInput": {"a": "1", "b": "=.x"}}, {"x": [2]}, {"a": "1", "b": [2]}),
    ("collection-tools.createObject", {"keyValueInput": []}, None, {}),
    ("collection-tools.addKey", {"object": "=", "key": "b", "value": "2"}, {"a": 1}, {"a": 1, "b": "2"}),
    (
        "collection-tools.addKey",
        {"object": "=", "key": "email", "value": "e", "objectPath": "employee.contact"},
        {"employee": {"id": 1, "contact": {"phone": 2}}},
        {"employee": {"id": 1, "contact": {"phone": 2, "email": "e"}}},
    ),
    (
        "collection-tools.addMultipleKeys",
        {"object": "=.o", "keyValueListInput": {"b": "2"}, "dynamicFields": "=.more", "objectPath": ""},
        {"o": {"a": 1}, "more": {"c": 3}},
        {"a": 1, "b": "2", "c": 3},
    ),
    ("collection-tools.create", {"items": []}, None, []),
    ("collection-tools.create", {"items": ["a", "=.x"]}, {"x": {"b": 1}}, ["a", {"b": 1}]),
    ("collection-tools.first", LIST, {"list": [1, 2]}, 1),
    ("collection-tools.first", LIST, {"list": []}, None),
    ("collection-tools.last", LIST, {"list": '[1, {"a": 2}]'}, {"a": 2}),
    ("collection-tools.length", LIST, {"list": [1, 2]}, 2),
    ("collection-tools.append", {**LIST, "elementInput": "c"}, {"list": ["a"]}, {"list": ["a", "c"]}),
    ("collection-tools.remove", {**LIST, "elementInput": "=.x"}, {"list": [1, "1", 2, 1], "x": 1}, ["1", 2]),
    ("collection-tools.count", {**LIST, "elementInput": "=.x"}, {"list": [1, "1", 2, 1], "x": 1}, 2),
    ("collection-tools.chunks", {**LIST, "numberInput": "2"}, {"list": [1, 2, 3]}, [[1, 2], [3]]),
    ("collection-tools.chunks", LIST, {"list": [1, 2]}, [[1], [2]]),
    ("collection-tools.takeFirst", {**LIST, "numberInput": "2"}, {"list": [1, 2, 3]}, [1, 2]),
    ("collection-tools.takeLast", {**LIST, "numberInput": "2"}, {"list": [1, 2, 3]}, [2, 3]),
    ("collection-tools.flatten", LIST, {"list": [[1, [2]], [3], 4]}, [1, [2], 3, 4]),
    ("text-manipulation.split", {"text": "a.b.c", "separator": "."}, None, ["a", "b", "c"]),
    ("text-manipulation.split", {"text": "ab", "separator": ""}, None, ["a", "b"]),
    ("text-manipulation.join", {"strings": ["a", "=.n"], "separator": "-"}, {"n": 5}, "a-5"),
    ("text-manipulation.join", {"strings": ["a", "b"], "separator": ""}, None, "ab"),
    ("text-manipulation.joinLines", {"strings": ["a", "b"]}, None, "a\nb"),
    (
        "text-manipulation.joinLines",
        {"strings": ["a", "b"], "newlineType": "\r\n", "numberOfNewlines": "2"},
        None,
        "a\r\n\r\nb",
    ),
    ("text-manipulation.replace", {"text": "a.b.c", "find": ".", "replace": ""}, None, "abc"),
    ("text-manipulation.replace", {"text": "abc", "find": "=.x", "replace": "b"}, {"x": ""}, "abc"),
    (
        "change-data-format.deserializeFromXml",
        {"data": "="},
        "<a><b>1</b><b>2</b><b>3</b></a>",
        {"a": {"b": [1, 2, 3]}},
    ),
    ("text-manipulation.slice", {"text": "abcdef", "sliceStart": "1", "sliceStop": "3"}, None, "bc"),
    ("text-manipulation.slice", {"text": "abcdef", "sliceStart": "-2"}, None, "ef"),
    ("text-manipulation.slice", {"text": "abc", "sliceStop": "40"}, None, "abc"),
    ("text-manipulation.upperCase", {"text": "aä"}, None, "AÄ"),
    ("text-manipulation.lowerCase", {"text": "AÄ"}, None, "aä"),
    ("change-data-format.deserializeFromJson", {"data": "="}, '{"a": [1]}', {"a": [1]}),
    ("change-data-format.deserializeFromJson", {"data": "="}, {"a": 1}, {"a": 1}),
    ("change-data-format.deserializeFromJson", {"data": "="}, {"data": "e30=", "contentType": "x/y"}, {}),
    ("change-data-format.binaryToJson", {"data": "="}, {"a": [1, "ä"]}, '{"a":[1,"ä"]}'),
    ("change-data-format.serializeToJson", {"data": "="}, 'a"b', '"a\\"b"'),
    ("change-data-format.serializeToJson", {"data": "="}, None, "null"),
    (
        "change-data-format.deserializeFormData",
        {"data": "="},
        "a=1+2&b=%C3%A4&b=&c",
        {"a": "1 2", "b": ["ä", ""], "c": ""},
    ),
    (
        "change-data-format.deserializeFormData",
        {"data": "="},
        {"data": "payload=%7B%7D", "contentType": "application/x-www-form-urlencoded"},
        {"payload": "{}"},
    ),
    ("change-data-format.deserializeFormData", {"data": "="}, {"data": {"a": "1"}, "contentType": "x"}, {"a": "1"}),
    ("change-data-format.serializeFormData", {"data": "="}, {"a": "1 2", "b": True}, "a=1+2&b=true"),
    (
        "change-data-format.deserializeFromXml",
        {"data": "="},
        "<order id='7'><!-- no --><item><name>Tea</name></item><qty>2</qty><qty>3.5</qty><gone/><y>true</y></order>",
        {"order": {"@_id": 7, "item": {"name": "Tea"}, "qty": [2, 3.5], "gone": "", "y": True}},
    ),
    (
        "change-data-format.deserializeFromXml",
        {"data": "=", "numbersAsStrings": "true"},
        "<a x='1'>007<b>1</b></a>",
        {"a": {"@_x": "1", "b": "1", "#text": "007"}},
    ),
    (
        "change-data-format.serializeToXml",
        {"data": "="},
        {"a": {"@_x": 'q"', "b": [1, "<2>"], "#text": "t"}},
        "<a x='q\"'><b>1</b><b>&lt;2&gt;</b>t</a>",
    ),
    ("change-data-format.deserializeFromCsv", {"data": "="}, "a,b\n1,2\n", [{"a": "1", "b": "2"}]),
    ("change-data-format.serializeToCsv", {"data": "="}, [{"a": 1, "b": None}], "a,b\r\n1,"),
    ("change-data-format.convertToNumber", {"value": "12"}, None, 12),
    ("change-data-format.convertToNumber", {"value": "="}, 2.5, 2.5),
    ("change-data-format.convertToString", {"value": "="}, 5.0, "5"),
    ("change-data-format.convertToString", {"value": "="}, {"a": 1}, '{"a":1}'),
    ("change-data-format.convertToString", {"value": "="}, {"data": "aGk=", "contentType": "x/y"}, "hi"),
    ("change-data-format.convertToString", {"value": "="}, {"type": "Buffer", "data": [104, 105]}, "hi"),
    ("math.add", {"numbers": ["1", "=.n"]}, {"n": 2.5}, 3.5),
    ("math.add", {"numbers": ["0.5", "0.5"]}, None, 1),
    ("math.subtract", {"numbers": ["5", "2", "1"]}, None, 2),
    ("math.multiply", {"numbers": ["2", "3"]}, None, 6),
    ("math.divide", {"numbers": ["7", "2"]}, None, 3.5),
    ("math.max", {"numbers": ["1", "3", "2"]}, None, 3),
    ("math.min", {"numbers": ["1", "3", "-2"]}, None, -2),
    ("math.round", {"number": "2.5"}, None, 3),
    ("math.floor", {"number": "-2.5"}, None, -3),
    ("math.ceil", {"number": "2.1"}, None, 3),
    ("math.abs", {"number": "-2"}, None, 2),
    ("math.sqrt", {"number": "9"}, None, 3),
    (
        "datetime.adjustDateTime",
        {"dateTimeInput": "2026-01-31T12:00:00Z", "daysInput": "7", "minutesInput": "5", "hoursInput": ""},
        None,
        "2026-02-07T12:05:00.000Z",
    ),
    ("datetime.adjustDateTime", {"dateTimeInput": "=", "secondsInput": "-1"}, 1, "1970-01-01T00:00:00.000Z"),
    (
        "csv.parse",
        {"csv": "=", "delimiter": ";"},
        'a;b\r\n"x;1";"two\nlines"\r\n',
        {
            "data": [["a", "b"], ["x;1", "two\nlines"]],
            "errors": [],
            "meta": {"delimiter": ";", "aborted": False, "truncated": False},
        },
    ),
    (
        "csv.generateFromObject",
        {"inputArray": "=", "delimiter": ",", "includeHeader": "true"},
        [{"a": 1, "b": "x,y"}, {"a": True, "c": 3}],
        'a,b\r\n1,"x,y"\r\ntrue,',
    ),
    ("csv.generateFromObject", {"inputArray": "=", "includeHeader": "false"}, [{"a": 1}], "1"),
    ("csv.generateFromObject", {"inputArray": "=", "delimiter": "\\t"}, [[1, 2], [3, 4]], "1\t2\r\n3\t4"),
]


@pytest.mark.parametrize(("kind", "inputs", "payload", "expected"), CASES, ids=lambda part: str(part)[:40])
def test_step_returns_its_results(kind: str, inputs: dict[str, Any], payload: Any, expected: Any) -> None:
    results = run_step(kind, inputs, payload).results

    assert results == expected
    assert type(results) is type(expected)


FAILURES: list[tuple[str, dict[str, Any], Any, str]] = [
    ("collection-tools.length", LIST, {}, '"listInput" must be a list, got undefined'),
    ("collection-tools.length", LIST, {"list": "abc"}, '"listInput" must be a list, got a string'),
    (
        "collection-tools.addKey",
        {"object": "=", "key": "a", "value": "1"},
        [1],
        '"object" must be an object, got a list',
    ),
    (
        "collection-tools.createObject",
        {"keyValueInput": "x"},
        None,
        '"keyValueInput" must be a list of keys and values',
    ),
    ("collection-tools.chunks", {**LIST, "numberInput": "0"}, {"list": []}, '"numberInput" must be an integer from 1'),
    ("collection-tools.chunks", {**LIST, "numberInput": "x"}, {"list": []}, '"numberInput" must be a number, got "x"'),
    (
        "text-manipulation.joinLines",
        {"strings": ["a", "b"], "numberOfNewlines": "1e12"},
        None,
        "the text would have more than",
    ),
    (
        "text-manipulation.replace",
        {"text": "=", "find": "a", "replace": "="},
        "a" * 10_000,
        "the text would have more than",
    ),
    ("change-data-format.deserializeFromJson", {"data": "="}, "{", '"data" is not JSON: EOF'),
    ("change-data-format.deserializeFromJson", {"data": "="}, "[" * 5000, '"data" is not JSON: recursion limit'),
    ("change-data-format.deserializeFormData", {"data": "="}, "a=1&" * 200_000, '"data" is not a form'),
    ("change-data-format.deserializeFromXml", {"data": "="}, "<a>", "invalid XML: no element found"),
    (
        "change-data-format.deserializeFromXml",
        {"data": "="},
        '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
        'XML must not declare entities, got "b"',
    ),
    (
        "change-data-format.deserializeFromXml",
        {"data": "="},
        '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>',
        'XML must not declare entities, got "f"',
    ),
    (
        "change-data-format.deserializeFromXml",
        {"data": "="},
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]><a/>',
        'XML must not declare entities, got "p"',
    ),
    (
        "change-data-format.deserializeFromXml",
        {"data": "="},
        "<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1),
        "XML is nested more than",
    ),
    ("change-data-format.serializeToXml", {"data": "="}, {"a b": 1}, '"a b" is not a valid name of an XML element'),
    ("change-data-format.serializeToXml", {"data": "="}, [1], '"data" must be an object'),
    ("math.add", {"numbers": ["1", "x"]}, None, '"numbers" must be a number, got "x"'),
    ("math.add", {"numbers": "="}, [], '"numbers" must not be empty'),
    ("math.divide", {"numbers": ["1", "0"]}, None, "the step has no result: "),
    ("math.multiply", {"numbers": ["1e308", "10"]}, None, "the number is too large"),
    ("math.sqrt", {"number": "1", "other": "2"}, None, "the step needs one number, got 2 inputs"),
    ("math.sqrt", {"number": "-1"}, None, "the step has no result: "),
    ("math.exp", {"number": "1e9"}, None, "the step has no result: "),
    ("datetime.adjustDateTime", {"dateTimeInput": "soon"}, None, 'must be a date, got "soon"'),
    (
        "datetime.adjustDateTime",
        {"dateTimeInput": "2026-01-31", "daysInput": "1e7"},
        None,
        "the date is outside of the years 1 to 9999",
    ),
    ("csv.parse", {"csv": "=", "delimiter": "ab"}, "", '"delimiter" must be one character, got "ab"'),
    ("csv.parse", {"csv": "="}, "x" * 200_000, "invalid CSV in line 1: field larger than field limit"),
    ("csv.generateFromObject", {"inputArray": "="}, [{"a": 1}, 5], '"inputArray[1]" must be an object'),
    ("change-data-format.convertToNumber", {"value": "five"}, None, '"value" must be a number, got "five"'),
    ("change-data-format.convertToString", {"value": "="}, {"data": "§", "contentType": "x/y"}, "must be base64"),
    (
        "change-data-format.convertToString",
        {"value": "="},
        {"type": "Buffer", "data": [256]},
        "must be a list of bytes",
    ),
]


@pytest.mark.parametrize(("kind", "inputs", "payload", "message"), FAILURES, ids=lambda part: str(part)[:40])
def test_step_fails_with_the_reason(kind: str, inputs: dict[str, Any], payload: Any, message: str) -> None:
    with pytest.raises(StepError) as caught:
        run_step(kind, inputs, payload)

    assert message in str(caught.value)


def test_every_pure_step_is_tested() -> None:
    others = ("branch", "code", "log", "loop", "persist-data", "sleep", "stop-execution")
    scripted = {kind for kind, step in BUILT_IN.items() if step.needs}
    pure = {kind for kind in BUILT_IN if not kind.startswith(others)} - scripted

    assert pure - {case[0] for case in CASES} == {
        "datetime.getCurrentDateTime",
        "math.cbrt",
        "math.exp",
        "math.trunc",
    }


def test_current_time_is_in_utc() -> None:
    moment = dt.datetime.fromisoformat(run_step("datetime.getCurrentDateTime", {}).results)

    assert abs(dt.datetime.now(dt.UTC) - moment) < dt.timedelta(minutes=1)


def test_huge_table_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_tables, "MAX_CELLS", 1000)

    assert len(run_step("csv.parse", {"csv": "="}, "a,b\n" * 500).results["data"]) == 500
    with pytest.raises(StepError, match="the table has more than 1000 cells"):
        run_step("csv.parse", {"csv": "="}, "a,b\n" * 501)


def test_large_cell_is_rejected_whatever_the_limit_of_the_process() -> None:
    before = csv.field_size_limit(10**6)
    try:
        with pytest.raises(StepError, match="invalid CSV in line 1: field larger than field limit"):
            run_step("csv.parse", {"csv": "="}, "x" * 200_000)
    finally:
        csv.field_size_limit(before)
