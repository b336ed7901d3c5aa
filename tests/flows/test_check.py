"""The static check of flows."""

from __future__ import annotations

from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import InvalidFlowError
from connector.flows import Flow, FlowProblem
from tests.flows import support
from tests.flows.support import TRIGGER, branches, flow_of, step, value


def problems_of(component: Component, *steps: dict[str, Any], target: Any = None, **more: Any) -> list[str]:
    problems = flow_of(*steps, **more).check(component, target=target)
    return [f"{f.severity} {f.rule} {f.step}: {f.message} {f.hint}".strip() for f in problems]


def echo(name: str, text: Any) -> dict[str, Any]:
    return step(name, "workshop.echo", {"value": text})


def loop(name: str, *steps: dict[str, Any], items: str = "[1]") -> dict[str, Any]:
    return step(name, "loop.loopOverItems", {"items": items}, steps=list(steps))


def branch(name: str, *steps: dict[str, Any], mapped: str = "A", way: str = "A") -> dict[str, Any]:
    mapping = {"type": "complex", "value": [{"name": mapped, "type": "value", "value": "a"}]}
    inputs = {"inputValue": "a", "branchValueMappings": mapping}
    ways = [{"name": way, "steps": list(steps)}, {"name": "Else", "steps": [echo(f"{name} Else", "x")]}]
    return step(name, "branch.branchOnValue", inputs, branches=ways)


def test_flow_without_faults_has_no_findings(workshop: Component) -> None:
    assert (
        problems_of(workshop, step("List", "workshop.listThings"), loop("Loop", echo("Tell", "=loop.currentItem.name")))
        == []
    )


CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "an unknown action": (
        [step("Create", "workshop.createThings", {"name": "x"})],
        'error unknown-action Create: unknown action "createThings" of workshop Did you mean createThing',
    ),
    "an unknown component": (
        [step("Post", "slack.postMessage")],
        'note not-installed Post: not checked: component "slack" is not installed',
    ),
    "a JavaScript step without code": (
        [step("Compute", "code.runCode")],
        "error missing-input Compute: code: is required",
    ),
    "an unknown step in JavaScript": (
        [
            step(
                "Run",
                "code.runCode",
                {"code": "// stepResults.old\nmodule.exports = (c, s) => stepResults.triger.results"},
            )
        ],
        'warning unknown-step Run: the code refers to unknown step "triger" Did you mean trigger?',
    ),
    "a syntax error in JavaScript": (
        [step("Run", "code.runCode", {"code": "module.exports = async () => {\n\n  return {{ data: 1 };\n};"})],
        (
            "error code-syntax Run: syntax error in line 3 of the code: invalid property name "
            "Correct the code of the step."
        ),
    ),
    "an unknown config variable in JavaScript": (
        [step("Run", "code.runCode", {"code": 'module.exports = ({configVars}) => configVars["Regoin"]'})],
        'warning unknown-config-variable Run: the code refers to unknown config variable "Regoin"',
    ),
    "a connection in JavaScript": (
        [step("Run", "code.runCode", {"code": "module.exports = ({configVars}) => configVars.Workshop.fields"})],
        'warning secret Run: the code refers to connection "Workshop", which is not available in a local run',
    ),
    "another flow": (
        [step("Go", "cross-flow.invokeFlow")],
        "error unsupported Go: cross-flow.invokeFlow is not supported: a flow cannot start another flow",
    ),
    "an unknown built-in step": (
        [step("Loop", "loop.loopForever")],
        'error unknown-action Loop: unknown action "loopForever" of loop Did you mean loopOverItems?',
    ),
    "an unknown input": (
        [step("Create", "workshop.createThing", {"name": "x", "color": "red"})],
        'error unknown-input Create: unknown input "color" of workshop.createThing Did you mean colour?',
    ),
    "a missing input": (
        [step("Create", "workshop.createThing", {"colour": "red", "name": ""})],
        "error missing-input Create: name: is required",
    ),
    "a value outside its choices": (
        [step("Create", "workshop.createThing", {"name": "x", "colour": "green"})],
        "error value Create: colour: must be one of red (Red), blue (Blue)",
    ),
    "a value outside its limits": (
        [step("Create", "workshop.createThing", {"name": "x", "size": "11"})],
        "error value Create: size: must be at most 10",
    ),
    "an unknown step": (
        [echo("Tell", "=lst.results"), step("List", "workshop.listThings")],
        'error unknown-step Tell: "lst.results" refers to unknown step "lst" Did you mean list?',
    ),
    "a step that comes later": (
        [echo("Tell", "=list.results"), step("List", "workshop.listThings")],
        'error not-yet-run Tell: "list.results" refers to step "List", which runs later Refer to an earlier step.',
    ),
    "its own step": (
        [echo("Tell", "~{{$tell.results}}")],
        'error not-yet-run Tell: "tell.results" refers to its own step',
    ),
    "a step in a finished loop": (
        [loop("Loop", echo("Inside", "x")), echo("Tell", "=inside.results")],
        'error not-yet-run Tell: "inside.results" refers to step "Inside" in another loop or branch',
    ),
    "the item of a finished loop": (
        [loop("Loop", echo("Inside", "x")), echo("Tell", "=loop.currentItem")],
        'error unknown-property Tell: "loop.currentItem" is available only inside the loop',
    ),
    "the results of a loop inside the loop": (
        [loop("Loop", echo("Inside", "=loop.results"))],
        'error unknown-property Inside: "loop.results" is available only after the loop',
    ),
    "a step in another branch": (
        [branch("Branch", echo("First", "x")), echo("After", "x")],
        "",
    ),
    "a step in a branch that may not have run": (
        [branch("Branch", echo("First", "x")), echo("After", "=first.results")],
        'warning may-not-have-run After: "first.results" refers to step "First" in a branch, which may not run',
    ),
    "an unknown property": (
        [step("List", "workshop.listThings"), echo("Tell", "=list.result.things")],
        'error unknown-property Tell: "list.result.things": step "List" has no property "result" Did you mean results?',
    ),
    "a path missing from the example": (
        [step("List", "workshop.listThings"), echo("Tell", "=list.results.thing.0.id")],
        'warning path Tell: the results of "List" have no "thing.0.id" Did you mean things?',
    ),
    "a path without an index": (
        [step("List", "workshop.listThings"), echo("Tell", "=list.results.things.id")],
        'warning path Tell: the results of "List" have no "things.id" The value is a list: add an index',
    ),
    "a path missing from the items": (
        [
            step("List", "workshop.listThings"),
            loop("Loop", echo("Tell", "=loop.currentItem.nam"), items="=list.results.things"),
        ],
        'warning path Tell: the results of "Loop" have no "nam" Did you mean name?',
    ),
    "an unknown config variable": (
        [echo("Tell", "#Envi")],
        'error unknown-config-variable Tell: unknown config variable "Envi" Available: Workshop.',
    ),
    "a connection in a template": (
        [echo("Tell", "~{{#Workshop}}")],
        'error secret Tell: connection "Workshop" cannot be used as a value',
    ),
    "a connection as a value": ([echo("Tell", "#Workshop")], "error secret Tell"),
    "a string as a connection": (
        [step("List", "workshop.listThings", {"connection": "Workshop"})],
        "error connection List: connection: must be a config variable",
    ),
    "a break without a loop": (
        [step("Break", "loop.breakLoop")],
        "error break Break: breakLoop is not inside a loop",
    ),
    "steps outside a loop": (
        [step("List", "workshop.listThings", steps=[echo("Tell", "x")])],
        "error block List: workshop.listThings is not a loop, but has steps",
    ),
    "branches of a step that does not branch": (
        [step("List", "workshop.listThings", branches=[{"name": "A", "steps": []}])],
        "error block List: workshop.listThings does not branch, but has branches",
    ),
    "an unknown branch": (
        [branch("Branch", echo("First", "x"), mapped="B", way="Else")],
        'error branch Branch: unknown branch "B" Available branches: Else, Else.',
    ),
    "an unreachable branch": (
        [branch("Branch", echo("First", "x"), way="Z", mapped="Else")],
        'warning branch Branch: no condition selects branch "Z"',
    ),
    "an invalid number of iterations": (
        [step("Loop", "loop.loopNTimes", {"iterationCount": "often"}, steps=[echo("Tell", "x")])],
        'error value Loop: iterationCount: must be an integer, got "often"',
    ),
    "a missing input of a built-in step": (
        [step("Loop", "loop.loopOverItems", {"items": ""}, steps=[echo("Tell", "x")])],
        "error missing-input Loop: items: is required",
    ),
    "an unknown input of a built-in step": (
        [step("Wait", "sleep.sleep", {"ms": "1", "seconds": "2"})],
        'error unknown-input Wait: unknown input "seconds" of sleep.sleep',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_problem_is_reported(workshop: Component, case: str) -> None:
    steps, expected = CASES[case]
    problems = problems_of(workshop, *steps)
    if expected:
        assert len(problems) == 1
        assert problems[0].startswith(expected)
    else:
        assert problems == []


def test_step_of_another_branch_is_not_visible(workshop: Component) -> None:
    choose = branch("Branch", echo("First", "x"))
    choose["branches"][1]["steps"] = [echo("Second", "=first.results")]
    assert problems_of(workshop, choose)[0].startswith(
        'error not-yet-run Second: "first.results" refers to step "First" in another loop or branch'
    )


def test_select_executed_step_result_may_refer_to_branches(workshop: Component) -> None:
    both = {"type": "complex", "value": [{"type": "reference", "value": "first.results"}]}
    select = step("Select", "branch.selectExecutedStepResult", {"stepResult": both})
    assert problems_of(workshop, branch("Branch", echo("First", "x")), select) == []


def test_invalid_condition_is_reported(workshop: Component) -> None:
    entry = {"name": "A", "type": "complex", "value": ["and", ["equals", {"type": "value", "value": "1"}]]}
    choose = step(
        "Choose",
        "branch.branchOnExpression",
        {"conditions": {"type": "complex", "value": [entry]}},
        branches=[{"name": "A", "steps": []}],
    )
    assert 'unknown operator "equals" (Did you mean equal' in problems_of(workshop, choose)[0]


def test_values_known_only_at_run_time_are_not_checked(workshop: Component) -> None:
    steps = step("List", "workshop.listThings"), step("Create", "workshop.createThing", {"name": "=list.results.next"})
    assert problems_of(workshop, *steps) == []


def test_unset_config_variable_is_a_warning_without_config(workshop: Component) -> None:
    flow = flow_of(echo("Tell", "#Env"), config=[{"key": "Env", "dataType": "string"}])
    assert [f.severity for f in flow.check(workshop)] == ["warning"]
    assert [f.severity for f in flow.check(workshop, config={})] == ["error"]
    assert flow.check(workshop, config={"Env": "prod"}) == []


def test_default_outside_its_choices_is_an_error(workshop: Component) -> None:
    variable = {"key": "Env", "dataType": "picklist", "pickList": ["a", "b"], "defaultValue": "c"}
    assert "is not one of its choices" in problems_of(workshop, echo("Tell", "#Env"), config=[variable])[0]


def test_secret_in_the_file_is_a_warning(workshop: Component) -> None:
    variable = {
        "key": "Other",
        "dataType": "connection",
        "connection": {"key": "key", "component": {"key": "workshop"}},
        "inputs": {"apiKey": {"type": "value", "value": "oh-no"}},
    }
    problems = problems_of(workshop, config=[variable])
    assert len(problems) == 1
    assert problems[0].startswith(
        'warning secret : file contains the secret "apiKey" of connection "Other" Remove it and pass it at run time.'
    )


def test_unknown_connection_of_a_component_is_an_error(workshop: Component) -> None:
    variable = {"key": "O", "dataType": "connection", "connection": {"key": "oauth", "component": {"key": "workshop"}}}
    listing = step("List", "workshop.listThings", {"connection": "#O"})
    assert 'unknown workshop connection "oauth"' in problems_of(workshop, listing, config=[variable])[0]


def test_target_prismatic_reports_missing_inputs_and_broken_actions(workshop: Component) -> None:
    steps = (
        step("Echo", "workshop.echo", {"fetchAll": "true"}),
        step("Update", "workshop.updateThing", {"thingId": "x"}),
    )
    assert problems_of(workshop, *steps) == []
    problems = problems_of(workshop, *steps, target="prismatic")
    assert 'Prismatic\'s workshop.echo has no input "fetchAll"' in problems[0]
    assert "Prismatic's workshop.updateThing is broken: it changes another thing" in problems[1]


def test_problem_has_flow_step_line_message_and_hint(workshop: Component) -> None:
    problem = flow_of(step("List", "workshop.listThing")).check(workshop)[0]
    assert isinstance(problem, FlowProblem)
    assert problem.to_dict() == {
        "severity": "error",
        "rule": "unknown-action",
        "location": "flow.yaml:15",
        "flow": "Main",
        "step": "List",
        "message": 'unknown action "listThing" of workshop',
        "hint": "Did you mean listThings or deleteThing or updateThing?",
    }
    assert str(problem).startswith('error: Main / List (flow.yaml:15): unknown action "listThing" of workshop')


def test_check_covers_all_flows_or_the_named_one(workshop: Component) -> None:
    flow = Flow.parse(
        "name: x\ndefinitionVersion: 7\nflows:\n"
        + "".join(
            f"  - name: {name}\n    steps:\n"
            "      - {name: Trigger, isTrigger: true, action: {key: webhook, component: {key: webhook-triggers}}}\n"
            f"      - {{name: {name} Step, action: {{key: runCode, component: {{key: code}}}}}}\n"
            for name in ("One", "Two")
        )
    )
    assert [problem.flow for problem in flow.check(workshop)] == ["One", "Two"]
    assert [problem.flow for problem in flow.check(workshop, flow="Two")] == ["Two"]


def test_check_accepts_components_in_every_form(workshop: Component) -> None:
    flow = flow_of(step("List", "workshop.listThings"))
    for values in (workshop, [workshop], {"workshop": workshop}):
        assert flow.check(values) == []
    assert [problem.rule for problem in flow.check()] == ["not-installed"]


def test_blocked_action_is_an_error() -> None:
    component = support.workshop()
    component.block("noop")
    assert "error blocked Step: workshop.noop is blocked" in problems_of(component, step("Step", "workshop.noop"))[0]


def lines_of(flow: Flow, problems: list[FlowProblem]) -> list[str]:
    """Return the lines of the file that the problems point to."""
    lines = flow.integration.text.splitlines()
    return [lines[int(problem.location.rpartition(":")[2]) - 1].strip() for problem in problems]


def test_component_that_is_not_installed_is_a_note_and_does_not_run(workshop: Component) -> None:
    flow = flow_of(
        step("Post", "slack.postMessage", {"channel": "=missing.results"}), echo("Tell", "=post.results.any")
    )
    note, error = flow.check(workshop, target="prismatic")
    assert (note.severity, note.message) == ("note", 'not checked: component "slack" is not installed')
    assert error.rule == "unknown-step"
    with pytest.raises(InvalidFlowError, match=r'component "slack" is not installed'):
        flow_of(step("Post", "slack.postMessage")).run(workshop)


def test_step_that_cannot_run_locally_is_an_error_only_for_a_local_run(workshop: Component) -> None:
    flow = flow_of(step("Compute", "cross-flow.invokeFlow"))
    assert [problem.severity for problem in flow.check(workshop)] == ["error"]
    assert [problem.severity for problem in flow.check(workshop, target="prismatic")] == ["note"]


def test_connection_input_has_any_key(workshop: Component) -> None:
    other = step("Post", "slack.postMessage", {"slackConnection": "#Workshop"})
    own = step("List", "workshop.listThings", {"workshopConnection": "#Workshop"})
    assert problems_of(workshop, own, other) == [
        'note not-installed Post: not checked: component "slack" is not installed'
    ]
    assert flow_of(own).connections(workshop) == [("workshop", "Workshop")]


@pytest.mark.parametrize(
    "leaking",
    [
        step("Loop", "loop.loopOverItems", {"items": "#Workshop"}, steps=[echo("Tell", "x")]),
        step("Log", "log.writeLog", {"message": "#Workshop"}),
        step("Post", "slack.postMessage", {"text": "~{{#Workshop}}"}),
        step("Post", "slack.postMessage", {"parts": {"type": "complex", "value": [value("#Workshop")]}}),
    ],
    ids=lambda leaking: leaking["inputs"] and next(iter(leaking["inputs"])),
)
def test_connection_in_an_input_for_values_is_an_error(workshop: Component, leaking: dict[str, Any]) -> None:
    reported = flow_of(leaking).check(workshop)
    assert [problem.rule for problem in reported if problem.severity == "error"] == ["secret"]


def test_branches_of_a_trigger_are_checked() -> None:
    trigger = {**TRIGGER, "branches": [{"name": "Notification", "steps": [echo("Inside", "=nothing.results")]}]}
    flow = flow_of(echo("After", "=inside.results"), flow={"steps": [trigger, echo("After", "=inside.results")]})
    reported = flow.check(support.workshop(), target="prismatic")
    assert [f"{problem.severity} {problem.rule} {problem.step}" for problem in reported] == [
        "error unknown-step Inside",
        "warning may-not-have-run After",
    ]


def test_branches_of_an_action_are_checked_against_those_that_it_declares(workshop: Component) -> None:
    sort = step("Sort", "workshop.sort", {"value": "a"}, branches=branches(Small=[], Bigg=[], Else=[]))
    wrong = step("Echo", "workshop.echo", {"value": "a"}, branches=branches(Yes=[]))
    reported = flow_of(sort, wrong).check(workshop)
    assert [(problem.location, problem.message, problem.hint) for problem in reported] == [
        ("flow.yaml:25", 'workshop.sort has no branch "Bigg"', "Did you mean Big?"),
        ("flow.yaml:38", "workshop.echo does not branch, but has branches", "Remove the branches."),
    ]


def test_inputs_of_a_trigger_are_checked(workshop: Component) -> None:
    trigger = step("Trigger", "webhook-triggers.webhook", {"body": "#Nothing"}, isTrigger=True)
    flow = flow_of(flow={"steps": [trigger]})
    assert [problem.rule for problem in flow.check(workshop)] == ["unknown-config-variable"]


def test_branches_of_a_component_that_is_not_installed_are_checked(workshop: Component) -> None:
    ways = [{"name": "Spam", "steps": [echo("Inside", "=nothing.results")]}, {"name": "Else", "steps": []}]
    reported = flow_of(step("Classify", "openai.classifyAndBranch", branches=ways)).check(workshop)
    assert [f"{problem.severity} {problem.rule}" for problem in reported] == [
        "note not-installed",
        "error unknown-step",
    ]


def test_select_executed_step_result_may_refer_to_a_step_in_a_loop_that_has_ended(workshop: Component) -> None:
    results = {"type": "complex", "value": [value("=inside.results")]}
    select = step("Select", "branch.selectExecutedStepResult", {"stepResults": results})
    (problem,) = flow_of(loop("Loop", echo("Inside", "x")), select).check(workshop, target="prismatic")
    assert (problem.severity, problem.rule) == ("warning", "may-not-have-run")


def test_select_executed_step_result_may_not_refer_to_an_unknown_property(workshop: Component) -> None:
    results = {"type": "complex", "value": [value("=inside.currentItem")]}
    select = step("Select", "branch.selectExecutedStepResult", {"stepResults": results})
    (problem,) = flow_of(loop("Loop", echo("Inside", "x")), select).check(workshop, target="prismatic")
    assert (problem.severity, problem.rule) == ("error", "unknown-property")


CONDITION = {
    "type": "complex",
    "value": [{"name": "A", "type": "complex", "value": ["and", ["equal", value("=lst.results"), value("#Envi")]]}],
}


def test_problem_in_a_nested_expression_has_the_line_of_the_part(workshop: Component) -> None:
    choose = step(
        "Choose", "branch.branchOnExpression", {"conditions": CONDITION}, branches=[{"name": "A", "steps": []}]
    )
    pairs = {"type": "complex", "value": [{"name": value("~{{$lsd.results}}"), **value("=trigger.result")}]}
    flow = flow_of(choose, step("Echo", "workshop.echo", {"value": "x", "pairs": pairs}))
    assert lines_of(flow, flow.check(workshop)) == [
        "value: lst.results",
        "value: Envi",
        "value: '{{$lsd.results}}'",
        "value: trigger.result",
    ]


def test_unknown_branch_has_the_line_of_its_name(workshop: Component) -> None:
    flow = flow_of(branch("Branch", echo("First", "x"), mapped="Bee"))
    unknown = [problem for problem in flow.check(workshop) if problem.severity == "error"]
    assert lines_of(flow, unknown) == ["- name: Bee"]


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ({"dataType": "number", "defaultValue": "many"}, 'must be a number, got "many"'),
        ({"dataType": "number", "defaultValue": "5.5"}, ""),
        ({"dataType": "boolean", "defaultValue": "yes"}, 'must be true or false, got "yes"'),
        ({"dataType": "boolean", "defaultValue": "true"}, ""),
        ({"dataType": "date", "defaultValue": "31.1.2026"}, 'must be a date such as 2026-01-31, got "31.1.2026"'),
        ({"dataType": "date", "defaultValue": "2026-01-31"}, ""),
        ({"dataType": "timestamp", "defaultValue": "soon"}, "must be a date and time such as 2026-01-31T12:00:00Z"),
        ({"dataType": "timestamp", "defaultValue": "2026-01-31T12:00:00Z"}, ""),
        ({"dataType": "jsonForm", "defaultValue": "{"}, 'must be JSON, got "{"'),
        ({"dataType": "jsonForm", "defaultValue": '{"a": 1}'}, ""),
        ({"dataType": "picklist", "defaultValue": "c", "pickList": ["a", "b"]}, '"c" is not one of its choices'),
        ({"dataType": "string", "defaultValue": "a", "collectionType": "valuelist"}, 'must be a list, got "a"'),
        ({"dataType": "string", "defaultValue": '["a"]', "collectionType": "valuelist"}, ""),
        ({"dataType": "string", "defaultValue": "anything"}, ""),
        ({"dataType": "code", "defaultValue": ""}, ""),
    ],
    ids=lambda case: f"{case['dataType']} {case.get('defaultValue')}" if isinstance(case, dict) else "",
)
def test_default_of_a_config_variable_has_its_type(workshop: Component, variable: dict[str, Any], message: str) -> None:
    flow = flow_of(echo("Tell", "x"), config=[{"key": "Setting", **variable}])
    reported = flow.check(workshop)
    if message:
        assert reported[0].message.startswith(f'default of "Setting": {message}')
        assert lines_of(flow, reported)[0].startswith("defaultValue:")
    else:
        assert reported == []


def test_passed_value_of_a_config_variable_has_its_type(workshop: Component) -> None:
    flow = flow_of(echo("Tell", "#Setting"), config=[{"key": "Setting", "dataType": "number"}])
    assert flow.check(workshop, config={"Setting": "7"}) == []
    (problem,) = flow.check(workshop, config={"Setting": "seven"})
    assert problem.message == 'value of "Setting": must be a number, got "seven"'
    with pytest.raises(InvalidFlowError, match=r'Setting: must be a number, got "seven"'):
        flow.run(workshop, config={"Setting": "seven"})


@pytest.mark.parametrize(
    ("text", "hint"),
    [("{{trigger.results}}", "Write {{$trigger.results}}."), ("a {{ Name }} b", "Write {{#Name}}.")],
)
def test_slot_of_a_template_without_its_sign_is_a_warning(workshop: Component, text: str, hint: str) -> None:
    named = {"key": "Name", "dataType": "string", "defaultValue": "x"}
    reported = flow_of(step("Echo", "workshop.echo", {"value": f"~{text}"}), config=[named]).check(workshop)
    assert [(problem.severity, problem.rule, problem.hint) for problem in reported] == [("warning", "template", hint)]


def test_braces_of_a_literal_and_slots_with_their_sign_are_not_a_problem(workshop: Component) -> None:
    echoes = [
        step("One", "workshop.echo", {"value": "{{x}}"}),
        step("Two", "workshop.echo", {"value": "~{{$one.results}}"}),
    ]
    assert flow_of(*echoes).check(workshop) == []


def test_action_of_prismatics_component_that_is_not_supported_is_a_note_for_prismatic() -> None:
    flow = flow_of(step("Trim", "text-manipulation.trimWhitespace"), step("Join", "text-manipulation.jion"))
    local = [(problem.rule, problem.hint) for problem in flow.check({})]
    there = [(problem.severity, problem.rule) for problem in flow.check({}, target="prismatic")]
    misspelled = "Did you mean join?"
    assert local == [("unsupported", "Pass a stub: --stub 'Trim=FILE'."), ("unknown-action", misspelled)]
    assert there == [("note", "not-checked"), ("error", "unknown-action")]


def test_config_variable_of_the_trigger_alone_needs_no_value_in_a_run(workshop: Component) -> None:
    trigger = step("Trigger", "dropbox.webhook", {"signingSecret": "#Secret"}, isTrigger=True)
    log = step("Log", "log.writeLog", {"message": "x"})
    flow = flow_of(flow={"steps": [trigger, log]}, config=[{"key": "Secret", "dataType": "string"}])
    reported = flow.check(workshop, config={})
    assert [(problem.severity, problem.rule) for problem in reported] == [("warning", "unset-config-variable")]
    assert flow.run(workshop, journal=False).status == "done"
