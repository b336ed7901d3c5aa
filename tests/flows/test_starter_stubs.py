"""Stubs to fill in: what is in them, and that a flow runs with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from connector import Component
from connector.flows import read_trace, starter_stubs
from connector.testing import run_flow
from tests.flows.support import TRIGGER, branches, echo, flow_of, loop, mappings, step, value


def stubs_of(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return starter_stubs(flow_of(*steps, **more), {})


GET = step("Get Issue", "jira.getIssue")


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], {}),
        ([echo("After", "=getIssue.results.fields.summary")], {"fields": {"summary": "example summary"}}),
        ([echo("After", "~{{$getIssue.results.key}}")], {"key": "example key"}),
        ([echo("After", "=getIssue.results.tags.0.name")], {"tags": [{"name": "example name"}]}),
        (
            [loop("Loop", "=getIssue.results.tags", echo("In", "=loop.currentItem.name"))],
            {"tags": [{"name": "example name"}]},
        ),
        ([step("Branch", "branch.branchOnValue", {"inputValue": "=getIssue.results.kind"})], {"kind": "example kind"}),
        (
            [
                step(
                    "Branch",
                    "branch.branchOnValue",
                    {"inputValue": "=getIssue.results.kind", "branchValueMappings": mappings(Bug="bug")},
                    branches=branches(Bug=[], Else=[]),
                )
            ],
            {"kind": "bug"},
        ),
        (
            [step("Code", "code.runCode", {"code": "const { a, b: c } = stepResults.getIssue.results.data;"})],
            {"data": {"a": "example a", "b": "example b"}},
        ),
        (
            [step("Code", "code.runCode", {"code": "for (const x of stepResults.getIssue.results) { x }"})],
            ["example getIssue"],
        ),
    ],
    ids=["none", "reference", "template", "list", "loop", "branch", "mapping", "code", "code loop"],
)
def test_stub_has_the_fields_that_later_steps_refer_to(later: list[dict[str, Any]], expected: Any) -> None:
    assert stubs_of(GET, *later)["getIssue"] == expected


def test_body_that_a_step_parses_as_a_form_has_its_fields() -> None:
    parse = step("Parse", "change-data-format.deserializeFormData", {"data": "=trigger.results.body"})
    files = stubs_of(parse, echo("After", "=parse.results.text"))
    assert files["trigger"] == {"body": {"data": "text=example+text"}}


def test_value_that_a_step_returns_in_another_form_has_the_fields() -> None:
    convert = step("Convert", "change-data-format.binaryToJson", {"data": "=getIssue.results.file"})
    last = step("Last", "collection-tools.last", {"listInput": "=getIssue.results.tags"})
    files = stubs_of(GET, convert, last, echo("After", "~{{$convert.results.id}} {{$last.results.name}}"))
    assert files["getIssue"] == {"file": {"id": "example id"}, "tags": [{"name": "example name"}]}


def test_value_matches_the_json_schema_that_a_step_validates() -> None:
    schema = """{"type": "object", "required": ["id"], "properties": {
        "kind": {"enum": ["bug", "task"]}, "size": {"type": "integer", "minimum": 3},
        "tags": {"type": "array", "items": {"type": "object", "required": ["name"]}}}}"""
    inputs = {"jsonInput": "=getIssue.results", "jsonSchema": schema}
    files = stubs_of(GET, step("Validate", "collection-tools.validateJsonSchema", inputs))
    assert files["getIssue"] == {"kind": "bug", "size": 3, "tags": [{"name": "example name"}], "id": "example id"}


def test_operand_of_a_calculation_is_a_number() -> None:
    numbers = {"type": "complex", "value": [value("=getIssue.results.votes"), value("12")]}
    assert stubs_of(GET, step("Add", "math.add", {"numbers": numbers}))["getIssue"] == {"votes": 1}


def test_stub_of_a_string_that_a_step_parses_has_its_fields() -> None:
    parse = step("Parse", "change-data-format.deserializeFromJson", {"data": "=getIssue.results.text"})
    files = stubs_of(GET, parse, echo("After", "=parse.results.id"))
    assert files["getIssue"] == {"text": '{"id": "example id"}'}


@pytest.mark.parametrize(
    ("condition", "sample"),
    [
        (["equal", value("=getIssue.results.x"), "open"], "open"),
        (["greaterThan", value("=getIssue.results.x"), "5"], 1),
        (["dateTimeAfter", value("=getIssue.results.x"), "2026-01-01"], "2026-01-31T12:00:00Z"),
    ],
)
def test_value_fits_the_condition_that_uses_it(condition: list[Any], sample: Any) -> None:
    entry = {"name": "Yes", "type": "complex", "value": condition}
    branch = step("Branch", "branch.branchOnExpression", {"conditions": {"type": "complex", "value": [entry]}})
    assert stubs_of(GET, branch)["getIssue"] == {"x": sample}


def test_step_with_branches_takes_one_that_has_steps() -> None:
    classify = step("Classify", "openai.classify", branches=branches(Empty=[], Full=[echo("In", "x")]))
    assert stubs_of(classify)["classify"] == {"branch": "Full", "data": {}}


def test_http_steps_have_responses_for_their_urls() -> None:
    def http(name: str, action: str, url: str, **inputs: str) -> dict[str, Any]:
        return step(name, f"http.{action}", {"url": url, **inputs})

    files = stubs_of(
        http("One", "httpGet", "https://a.example/items"),
        http("Two", "httpGet", "https://a.example/items", includeFullResponse="true"),
        http("Three", "httpPostFormData", "~https://a.example/{{$one.results.id}}/files"),
        http("Four", "httpPost", "=two.results.data.link"),
        echo("After", "=two.results.status"),
    )
    assert files["responses"] == {
        "GET https://a.example/items": {"status": 200, "body": {"id": "example id", "link": ANY}},
        "POST https://a.example/*/files": {"status": 200, "body": {}},
        "POST *": {"status": 200, "body": {}},
    }


def test_trigger_has_a_stub_if_steps_refer_to_it() -> None:
    assert stubs_of(echo("After", "=trigger.results.body.data.id"))["trigger"] == {
        "body": {"data": {"id": "example id"}}
    }
    assert "trigger" not in stubs_of(echo("After", "x"))
    trigger = {**TRIGGER, "branches": branches(Notify=[echo("In", "x")])}
    assert stubs_of(flow={"steps": [trigger]})["trigger"] == {"branch": "Notify", "data": {}}


def test_installed_components_and_steps_that_run_locally_have_no_stub(workshop: Component) -> None:
    flow = flow_of(echo("Echo", "x"), step("Log", "log.writeLog", {"message": "x"}), GET)
    assert list(starter_stubs(flow, workshop)) == ["getIssue"]


def test_flow_runs_with_its_starter_stubs() -> None:
    flow = flow_of(GET, loop("Loop", "=getIssue.results.tags", step("Tag", "jira.tag", {"name": "=loop.currentItem"})))
    run = run_flow(flow, stubs=starter_stubs(flow, {}))
    assert [run.steps[name].stubbed for name in ("Get Issue", "Tag")] == [True, True]
    assert run.steps["Tag"].inputs == {"name": "example tags"}


def test_results_of_a_trace_fill_the_stubs(tmp_path: Path) -> None:
    flow = flow_of(GET, step("Other", "jira.other"), echo("After", "=getIssue.results.id"))
    run_flow(flow, stubs={"jira.getIssue": {"id": "7"}, "Other": 1, "After": 2}, trace=tmp_path / "trace.jsonl")
    files = starter_stubs(flow, {}, trace=read_trace(tmp_path / "trace.jsonl"))
    assert (files["getIssue"], files["other"], files["after"]) == ({"id": "7"}, 1, 2)
