"""`flow check --target prismatic`: an action that Prismatic's component lacks is an error there."""

from __future__ import annotations

from typing import Literal

import pytest

import connector
from connector.flows import Flow
from tests.flows.support import flow_of, step


def messages_for(component: connector.Component) -> list[str]:
    """Return what the check says about a flow with one step."""
    flow: Flow = flow_of(step("List", "segment.listSources"))
    return [str(problem) for problem in flow.check(component, target="prismatic")]


def test_hand_made_action_that_prismatic_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    component = connector.load_component()
    assert not any("has no action" in message for message in messages_for(component))

    # Undone at the end: the definitions of a component are shared by everything in the process that loads it.
    monkeypatch.setattr(component.actions["listSources"], "in_prismatic", False)

    assert any('has no action "listSources"' in message for message in messages_for(component))


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"name": "Shop"}, ["sends {} if settings is not set; this component sends nothing then"]),
        (
            {"settings": '{"a": 1}'},
            ["sends the values of settings as strings; this component accepts nested values in JSON"],
        ),
    ],
)
def test_defect_of_prismatics_action_is_a_note_where_it_matters(inputs: dict[str, str], expected: list[str]) -> None:
    update = step("Update", "segment.updateSource", {"sourceId": "s", "region": "api", **inputs})
    reported = flow_of(update).check(connector.load_component(), target="prismatic")
    notes = [problem.message for problem in reported if problem.rule == "prismatic-difference"]
    assert notes == [f"Prismatic's segment.updateSource {text}" for text in expected]
    assert {problem.severity for problem in reported} == {"note"}


@pytest.mark.parametrize(("target", "severity"), [(None, "error"), ("prismatic", "warning")])
def test_syntax_that_the_local_engine_does_not_know_is_only_a_warning_for_prismatic(
    target: Literal["prismatic"] | None, severity: str
) -> None:
    flow = flow_of(step("Run", "code.runCode", {"code": "module.exports = () => ;"}))
    problems = flow.check(connector.load_component(), target=target)

    assert [problem.severity for problem in problems if problem.rule == "code-syntax"] == [severity]


def test_defects_of_prismatics_actions_are_named_only_for_prismatic() -> None:
    flow = flow_of(step("Remove", "segment.deleteUser", {"userIds": '["a"]'}))
    component = connector.load_component()
    assert not [problem for problem in flow.check(component) if problem.rule == "prismatic-difference"]
    (note,) = [p for p in flow.check(component, target="prismatic") if p.rule == "prismatic-difference"]
    assert (note.step, note.location) == ("Remove", "flow.yaml:14")


def test_every_difference_names_an_input_of_its_action() -> None:
    component = connector.load_component()
    for action in component.actions.values():
        for difference in action.differences:
            named = {difference.unset, difference.input} - {""}
            assert named <= action.inputs.definitions().keys(), (action.key, difference)
