"""The changes between two versions of an integration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.flows import flow_changes
from tests.flows.support import document, echo, flow_of, loop, step, value

EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"


def changes(before: list[dict[str, Any]], after: list[dict[str, Any]], **more: Any) -> list[str]:
    return [str(change) for change in flow_changes(flow_of(*before), flow_of(*after, **more))]


ONE, TWO, THREE = echo("One", "1"), echo("Two", "2"), echo("Three", "3")


def test_equal_files_have_no_changes() -> None:
    assert changes([ONE, loop("Loop", "[1]", TWO)], [ONE, loop("Loop", "[1]", TWO)]) == []


def test_layout_of_the_designer_is_not_a_change() -> None:
    annotated = step("One", "workshop.echo", {"value": {"type": "value", "value": "1", "meta": {"x": 5}}})
    assert changes([ONE], [annotated], configPages=[{"name": "Page"}]) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([ONE], [ONE, TWO], ['added flow "Main", step "Two"']),
        ([ONE, TWO], [TWO], ['removed flow "Main", step "One"']),
        (
            [ONE],
            [step("One", "workshop.echo", {"value": "=trigger.results.body"})],
            ['changed flow "Main", step "One": input value "1" is now {"reference": "trigger.results.body"}'],
        ),
        (
            [ONE],
            [step("One", "workshop.echo", {})],
            ['changed flow "Main", step "One": input value "1" is now not set'],
        ),
        (
            [echo("One", "~{{#Env}}")],
            [echo("One", "#Env")],
            ['changed flow "Main", step "One": input value {"template": "{{#Env}}"} is now {"configVar": "Env"}'],
        ),
        (
            [ONE],
            [step("One", "workshop.listThings", {"value": "1"})],
            ['changed flow "Main", step "One": action "workshop.echo" is now "workshop.listThings"'],
        ),
        (
            [ONE, loop("Loop", "[1]", TWO)],
            [loop("Loop", "[1]", ONE, TWO)],
            ['changed flow "Main", step "One": container "the flow" is now "step \\"Loop\\""'],
        ),
        ([ONE, TWO, THREE], [THREE, ONE, TWO], ['moved flow "Main", step "Three": after "Trigger"']),
        (
            [echo("One", "1", errorConfig={"errorHandlerType": "retry", "maxAttempts": 3})],
            [echo("One", "1", errorConfig={"errorHandlerType": "retry", "maxAttempts": 4})],
            ['changed flow "Main", step "One": errorConfig attempts 3 is now 4'],
        ),
    ],
)
def test_change_of_a_step_is_listed(
    before: list[dict[str, Any]], after: list[dict[str, Any]], expected: list[str]
) -> None:
    assert changes(before, after) == expected


def test_change_in_a_condition_is_listed() -> None:
    def choose(operator: str) -> dict[str, Any]:
        entry = {"name": "A", "type": "complex", "value": ["and", [operator, value("1"), value("=one.results")]]}
        conditions = {"type": "complex", "value": [entry]}
        branches = [{"name": "A", "steps": []}]
        return step("Choose", "branch.branchOnExpression", {"conditions": conditions}, branches=branches)

    (change,) = changes([ONE, choose("equal")], [ONE, choose("notEqual")])
    assert change == (
        'changed flow "Main", step "Choose": input conditions '
        '[{"name": "A", "value": ["and", ["equal", "1", {"reference": "one.results"}]]}] is now '
        '[{"name": "A", "value": ["and", ["notEqual", "1", {"reference": "one.results"}]]}]'
    )


def test_changes_of_config_variables_and_connections_are_listed() -> None:
    variable = {"key": "Env", "dataType": "picklist", "pickList": ["a", "b"], "defaultValue": "a"}
    before = flow_of(config=[variable, {"key": "Old", "dataType": "string"}])
    other = {"key": "Other", "dataType": "connection", "connection": {"key": "key", "component": {"key": "workshop"}}}
    after = flow_of(config=[{**variable, "defaultValue": "b"}, other])
    assert [str(change) for change in flow_changes(before, after)] == [
        'changed config variable "Env": defaultValue "a" is now "b"',
        'removed config variable "Old"',
        'added connection "Other"',
    ]


def test_values_of_connection_fields_are_left_out() -> None:
    def with_token(token: str) -> Any:
        content = document()["requiredConfigVars"][0] | {"inputs": {"apiKey": value(token)}}
        return flow_of(requiredConfigVars=[content])

    (change,) = flow_changes(with_token("first-secret"), with_token("second-secret"))
    assert change.to_dict() == {"kind": "changed", "subject": 'connection "Workshop"', "detail": "fields apiKey"}
    assert flow_changes(with_token("same"), with_token("same")) == []


def test_changes_of_flows_are_listed() -> None:
    content = document(ONE)
    before = flow_of(ONE)
    after = flow_of(flows=[{**content["flows"][0], "isSynchronous": True}, {**content["flows"][0], "name": "Second"}])
    assert [str(change) for change in flow_changes(before, after)] == [
        'changed flow "Main": isSynchronous false is now true',
        'added flow "Second"',
        'added flow "Second", step "Trigger"',
        'added flow "Second", step "One"',
    ]
