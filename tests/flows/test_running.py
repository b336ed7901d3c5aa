"""What steps do, and what they see of one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.component import Component
from connector.connections import Connection
from connector.errors import (
    ConnectionInputError,
    FlowFileError,
    FlowLimitError,
    OutcomeUnknownError,
    ServerError,
    StepError,
    UsageError,
)
from connector.flows import Limits, Run
from connector.flows.events import Event, LogEvent, StepEvent
from connector.runner import Runner
from tests.flows.support import CONNECTION, TRIGGER, Answer, Service, flow_of, step

Runs = Callable[..., Run]


def echo(name: str, text: Any, **more: Any) -> dict[str, Any]:
    return step(name, "workshop.echo", {"value": text}, **more)


def loop(name: str, items: Any, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return step(name, "loop.loopOverItems", {"items": items}, steps=list(steps), **more)


def branches(**by_name: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "steps": steps} for name, steps in by_name.items()]


def mappings(**by_name: str) -> dict[str, Any]:
    return {"type": "complex", "value": [{"name": n, "type": "value", "value": v} for n, v in by_name.items()]}


def test_a_step_sees_what_an_earlier_one_gave(run: Runs) -> None:
    done = run(echo("First Step", "hello"), echo("Second", "=firstStep.results.value"))
    assert done.results == {"value": "hello"}


def test_an_action_goes_to_the_service_of_its_connection(run: Runs) -> None:
    done = run(step("Create", "workshop.createThing", {"connection": "#Workshop", "name": "shop", "size": "3"}))
    assert done.results == {"thing": {"id": "t1", "name": "shop", "size": 3}}


def test_the_payload_is_the_body_of_the_trigger(run: Runs) -> None:
    done = run(
        echo("Body", "=trigger.results.body.data.name"),
        echo("Header", "=trigger.results.headers.x-id"),
        echo("Query", "=trigger.results.queryParameters.page"),
        payload={"name": "shop"},
        headers={"x-id": "7"},
        query={"page": "2"},
    )
    assert [done.steps[name].results["value"] for name in ("Body", "Header", "Query")] == ["shop", "7", "2"]


def test_pairs_and_lists_reach_the_action_as_collections(run: Runs) -> None:
    pairs = {"type": "complex", "value": [{"name": "a", "type": "value", "value": "1"}]}
    many = {"type": "complex", "value": [{"type": "value", "value": "x"}]}
    assert run(step("Echo", "workshop.echo", {"pairs": pairs, "many": many})).results == {
        "pairs": {"a": "1"},
        "many": ["x"],
    }


def test_a_reference_to_nothing_leaves_the_input_out(run: Runs, service: Service) -> None:
    service.things["t1"] = {"id": "t1", "name": "kept"}
    run(
        step("Update", "workshop.updateThing", {"thingId": "t1", "name": "=trigger.results.body.data.name"}), payload={}
    )
    assert service.asked("PATCH")[0].json == {}


def test_a_missing_input_says_which_reference_led_to_nothing(run: Runs) -> None:
    create = step("Create", "workshop.createThing", {"name": "=trigger.results.body.data.name"})
    with pytest.raises(StepError, match=r'Name .name.: is required. "trigger.results.body.data.name" led to nothing'):
        run(create, payload={})


def test_a_loop_gives_item_and_index_to_its_steps_and_its_results_to_later_ones(run: Runs) -> None:
    done = run(
        loop("Loop", "=trigger.results.body.data", echo("Tell", "~{{$loop.index}}:{{$loop.currentItem.name}}")),
        echo("After", "=loop.results"),
        payload=[{"name": "a"}, {"name": "b"}],
    )
    assert done.results == {"value": [{"value": "0:a"}, {"value": "1:b"}]}


def test_a_loop_over_an_object_goes_over_its_values(run: Runs) -> None:
    done = run(
        loop("Loop", "=trigger.results.body.data", echo("Tell", "=loop.currentItem")),
        echo("After", "=loop.results"),
        payload={"x": 1, "y": 2},
    )
    assert done.results == {"value": [{"value": 1}, {"value": 2}]}


def test_a_loop_goes_over_json_text(run: Runs) -> None:
    run_ = run(loop("Loop", "[1, 2]", echo("Tell", "=loop.currentItem")))
    assert [execution.results["value"] for execution in run_.steps["Tell"].executions] == [1, 2]


def test_a_loop_over_nothing_is_an_error_that_says_so(run: Runs) -> None:
    with pytest.raises(StepError, match=r"items must be a list or an object, and is nothing"):
        run(loop("Loop", "=trigger.results.body.data.missing", echo("Tell", "x")), payload={})


def test_a_loop_so_many_times_counts_from_zero(run: Runs) -> None:
    times = step("Times", "loop.loopNTimes", {"iterationCount": "3"}, steps=[echo("Tell", "=times.currentItem")])
    done = run(times, echo("After", "=times.results"))
    assert done.results == {"value": [{"value": 0}, {"value": 1}, {"value": 2}]}


def test_break_loop_ends_the_innermost_loop_only(run: Runs) -> None:
    condition = {
        "type": "complex",
        "value": [
            {
                "name": "Stop",
                "type": "complex",
                "value": [
                    "and",
                    ["equal", {"type": "reference", "value": "inner.index"}, {"type": "value", "value": "1"}],
                ],
            }
        ],
    }
    inner = loop(
        "Inner",
        "[1, 2, 3]",
        step(
            "Enough",
            "branch.branchOnExpression",
            {"conditions": condition},
            branches=branches(Stop=[step("Break", "loop.breakLoop")], Else=[]),
        ),
        echo("Tell", "x"),
    )
    done = run(loop("Outer", "[1, 2]", inner, echo("Outside", "y")))
    assert (done.steps["Tell"].count, done.steps["Outside"].count) == (2, 2)


def test_steps_of_an_iteration_do_not_see_those_of_the_one_before(run: Runs) -> None:
    choose = step(
        "Choose",
        "branch.branchOnValue",
        {"inputValue": "=loop.currentItem", "branchValueMappings": mappings(One="1")},
        branches=branches(One=[echo("Inside", "seen")], Else=[]),
    )
    select = step(
        "Select",
        "branch.selectExecutedStepResult",
        {"stepResult": {"type": "complex", "value": [{"type": "reference", "value": "inside.results.value"}]}},
    )
    done = run(loop("Loop", "[1, 2]", choose, select))
    assert [execution.results for execution in done.steps["Select"].executions] == ["seen", None]


@pytest.mark.parametrize(("given", "chosen"), [("b", "B"), ("zzz", "Else"), (1, "One"), (True, "Yes")])
def test_branch_on_value_goes_the_way_of_the_value(run: Runs, given: Any, chosen: str) -> None:
    names = ("A", "B", "One", "Yes")
    choose = step(
        "Choose",
        "branch.branchOnValue",
        {
            "inputValue": "=trigger.results.body.data",
            "branchValueMappings": mappings(A="a", B="b", One="1", Yes="true"),
        },
        branches=branches(**{name: [echo(f"In {name}", name)] for name in (*names, "Else")}),
    )
    done = run(choose, echo("After", "=choose.results"), payload=given)
    assert done.results == {"value": chosen}
    assert [name for name in (*names, "Else") if done.steps[f"In {name}"].count] == [chosen]


def test_branch_on_expression_goes_the_first_way_that_holds(run: Runs) -> None:
    def condition(name: str, bound: str) -> dict[str, Any]:
        size = {"name": "", "type": "reference", "value": "trigger.results.body.data.size"}
        terms = ["greaterThan", size, {"name": "", "type": "value", "value": bound}]
        return {"name": name, "type": "complex", "value": ["and", terms]}

    choose = step(
        "Choose",
        "branch.branchOnExpression",
        {"conditions": {"type": "complex", "value": [condition("Big", "100"), condition("Medium", "10")]}},
        branches=branches(Big=[], Medium=[], Else=[]),
    )
    chosen = [run(choose, payload={"size": size}).steps["Choose"].results for size in (500, 50, 5)]
    assert chosen == ["Big", "Medium", "Else"]


def test_stop_execution_ends_the_flow_with_an_answer(run: Runs) -> None:
    stop = {"statusCode": "201", "contentType": "application/json", "jsonBody": '{"id": 5}'}
    done = run(loop("Loop", "[1, 2]", step("Stop", "stop-execution.stopExecution", stop)), echo("Never", "x"))
    assert done.status == "stopped"
    assert done.results == {"id": 5}
    assert done.response == {"statusCode": 201, "contentType": "application/json", "headers": {}, "body": {"id": 5}}
    assert done.steps["Never"].state == "skipped"


def test_write_log_writes_its_message_without_secrets(run: Runs, events: list[Event]) -> None:
    say = step("Say", "log.writeLog", {"level": "warn", "message": "token secret-token-of-the-workshop!"})
    run(step("List", "workshop.listThings"), say)
    logged = [event for event in events if isinstance(event, LogEvent)]
    assert [(event.level, event.message) for event in logged] == [("warn", "token ***!")]


def test_sleep_waits(run: Runs, events: list[Event]) -> None:
    done = run(step("Wait", "sleep.sleep", {"ms": "30"}))
    assert done.steps["Wait"].seconds >= 0.03
    assert done.steps["Wait"].waited == 0.03
    waits = [event for event in events if isinstance(event, StepEvent) and event.state == "waiting"]
    assert [(event.step, event.seconds, event.reason) for event in waits] == [("Wait", 0.03, "sleep")]


@pytest.mark.parametrize("milliseconds", ["soon", "-1"])
def test_sleep_refuses_what_is_no_time(run: Runs, milliseconds: str) -> None:
    with pytest.raises(StepError, match=r"ms is no number of milliseconds"):
        run(step("Wait", "sleep.sleep", {"ms": milliseconds}))


def failing(kind: str, **config: Any) -> dict[str, Any]:
    more = {"errorHandlerType": kind, **config}
    return step("List", "workshop.listThings", errorConfig=more)


BROKEN = Answer({"error": "no"}, status=404)


def test_a_failed_step_fails_the_flow(run: Runs, service: Service) -> None:
    service.answers["GET"] = [BROKEN]
    with pytest.raises(StepError, match=r'the step "List" of the flow "Main" failed') as caught:
        run(step("List", "workshop.listThings"), echo("Never", "x"))
    assert caught.value.exit_code == 4
    assert caught.value.run.status == "failed"
    assert caught.value.run.steps["Never"].state == "skipped"
    assert caught.value.to_dict()["error"]["cause"]["status"] == 404


def test_an_ignored_error_goes_on_without_results(run: Runs, service: Service) -> None:
    service.answers["GET"] = [BROKEN]
    done = run(failing("ignore"), echo("After", "~[{{$list.results.things}}]"))
    assert done.results == {"value": "[]"}
    assert done.steps["List"].state == "ignored"


def test_a_repeated_step_may_succeed(run: Runs, service: Service, events: list[Event]) -> None:
    service.answers["GET"] = [BROKEN, BROKEN]
    done = run(failing("retry", maxAttempts=2, delaySeconds=0.01, usesExponentialBackoff=True))
    assert done.results == {"things": []}
    assert done.steps["List"].attempts == 3
    waits = [event.seconds for event in events if isinstance(event, StepEvent) and event.state == "waiting"]
    assert waits == [0.01, 0.02]


@pytest.mark.parametrize("ignored", [False, True])
def test_after_the_last_repetition_the_step_fails_or_is_ignored(run: Runs, service: Service, ignored: bool) -> None:
    service.answers["GET"] = [BROKEN, BROKEN]
    steps = failing("retry", maxAttempts=1, ignoreFinalError=ignored), echo("After", "x")
    if ignored:
        assert run(*steps).results == {"value": "x"}
    else:
        with pytest.raises(StepError):
            run(*steps)
    assert len(service.asked("GET")) == 2


def test_a_write_that_may_have_happened_is_not_repeated(run: Runs, service: Service) -> None:
    service.answers["POST"] = [Answer(cut=True)]
    config = {"errorHandlerType": "retry", "maxAttempts": 5}
    with pytest.raises(StepError) as caught:
        run(step("Create", "workshop.createThing", {"name": "a"}, errorConfig=config))
    assert isinstance(caught.value.cause, OutcomeUnknownError)
    assert len(service.asked("POST")) == 1


def test_a_write_that_is_idempotent_is_repeated(run: Runs, service: Service) -> None:
    service.things["t1"] = {"id": "t1"}
    service.answers["PATCH"] = [Answer(cut=True)]
    config = {"errorHandlerType": "retry", "maxAttempts": 1}
    run(step("Update", "workshop.updateThing", {"thingId": "t1", "name": "b"}, errorConfig=config))
    assert service.things["t1"]["name"] == "b"


def test_an_ignored_error_of_a_loop_ends_the_loop_only(run: Runs, service: Service) -> None:
    service.answers["GET"] = [BROKEN]
    done = run(
        loop("Loop", "[1, 2]", step("List", "workshop.listThings"), errorConfig={"errorHandlerType": "ignore"}),
        echo("After", "x"),
    )
    assert done.results == {"value": "x"}
    assert done.steps["List"].count == 1


def test_config_variables_have_their_default_until_they_are_given(run: Runs) -> None:
    variables = [
        {"key": "Env", "dataType": "string", "defaultValue": "dev"},
        {"key": "Tags", "dataType": "string", "collectionType": "valuelist", "defaultValue": '["a", "b"]'},
    ]
    steps = echo("Env", "#Env"), echo("Tags", "#Tags")
    done = run(*steps, config_variables=variables)
    assert [done.steps[name].results["value"] for name in ("Env", "Tags")] == ["dev", ["a", "b"]]
    assert run(*steps, config_variables=variables, config={"Env": "prod"}).steps["Env"].results == {"value": "prod"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"Colour": "green"}, 'Colour: "green" is none of its choices. Use one of red, blue.'),
        ({"Color": "red"}, "Color: is no config variable of the integration. Did you mean Colour?"),
        ({"Workshop": "x"}, "Workshop: is a connection, not a value."),
        ({}, 'the config variable "Colour" has no value.'),
    ],
)
def test_config_that_does_not_fit_runs_nothing(
    run: Runs, config: dict[str, str], message: str, service: Service
) -> None:
    variable = {"key": "Colour", "dataType": "picklist", "pickList": ["red", "blue"]}
    with pytest.raises(FlowFileError, match=message.replace("(", r"\(")):
        run(step("Create", "workshop.createThing", {"name": "#Colour"}), config_variables=[variable], config=config)
    assert not service.server.asked


def test_nothing_runs_when_a_step_is_not_supported_and_all_such_steps_are_named_first(
    run: Runs, service: Service
) -> None:
    steps = (
        step("Create", "workshop.createThing", {"nam": "x"}),
        step("Compute", "code.runCode", {"code": "module.exports = ..."}),
        step("Post", "slack.postMessage"),
    )
    with pytest.raises(FlowFileError, match=r"nothing was run") as caught:
        run(*steps)
    labels = [problem.label for problem in caught.value.problems]
    assert labels == ["Main / Compute", "Main / Post", "Main / Create", "Main / Create"]
    assert "JavaScript" in caught.value.problems[0].message
    assert not service.server.asked


def test_the_only_connection_serves_steps_that_name_none(workshop: Component, service: Service) -> None:
    flow = flow_of(step("List", "workshop.listThings", {"connection": "#"}), requiredConfigVars=[])
    assert flow.run(workshop, connections={"any name": service.connection}).results == {"things": []}


def test_two_workshops_in_one_flow_are_told_apart(workshop: Component, service: Service) -> None:
    other = {"key": "Other", "dataType": "connection", "connection": {"key": "key", "component": {"key": "workshop"}}}
    flow = flow_of(
        step("One", "workshop.createThing", {"connectionInput": "#Workshop", "name": "a"}),
        step("Two", "workshop.createThing", {"connectionInput": "#Other", "name": "b"}),
        config=[other],
    )
    second = {"fields": {"apiKey": "the-other-token", "baseUrl": service.server.url}}
    flow.run(workshop, connections={CONNECTION: service.connection, "Other": second})
    tokens = [asked.headers["Authorization"] for asked in service.asked("POST")]
    assert tokens == ["Bearer secret-token-of-the-workshop", "Bearer the-other-token"]


def test_a_connection_is_given_as_fields_as_open_connection_or_as_runner(workshop: Component, service: Service) -> None:
    flow = flow_of(step("List", "workshop.listThings"))
    fields = service.connection["fields"]
    with Runner(workshop, service.connection, read_only=True) as runner:
        for given in (fields, Connection(workshop.connection(), fields), runner):
            assert flow.run(workshop, connections={CONNECTION: given}).results == {"things": []}
        create = flow_of(step("Create", "workshop.createThing", {"name": "a"}))
        with pytest.raises(StepError, match=r"this runner only reads"):
            create.run(workshop, connections={CONNECTION: runner})


def test_fields_of_a_connection_that_the_file_sets_are_used(workshop: Component, service: Service) -> None:
    preset = {
        "key": CONNECTION,
        "dataType": "connection",
        "connection": {"key": "key", "component": {"key": "workshop"}},
        "inputs": {"baseUrl": {"type": "value", "value": service.server.url}},
    }
    flow = flow_of(step("List", "workshop.listThings"), requiredConfigVars=[preset])
    assert flow.run(workshop, connections={CONNECTION: {"fields": {"apiKey": "x"}}}).results == {"things": []}


def test_missing_connections_are_all_named_before_anything_runs(workshop: Component, service: Service) -> None:
    other = {"key": "Other", "dataType": "connection", "connection": {"key": "key", "component": {"key": "workshop"}}}
    flow = flow_of(
        step("One", "workshop.listThings", {"connection": "#Workshop"}),
        step("Two", "workshop.listThings", {"connection": "#Other"}),
        config=[other],
    )
    with pytest.raises(ConnectionInputError) as caught:
        flow.run(workshop)
    assert [problem.where for problem in caught.value.problems] == ["Workshop", "Other"]
    with pytest.raises(UsageError, match=r'no connection "Workshp".\nDid you mean Workshop'):
        flow.run(workshop, connections={"Workshp": service.connection})


def test_a_dry_run_reads_and_answers_writes_with_their_examples(run: Runs, service: Service) -> None:
    service.things["t9"] = {"id": "t9", "name": "there"}
    done = run(
        step("List", "workshop.listThings"),
        step("Create", "workshop.createThing", {"name": "=list.results.things.0.name"}),
        echo("After", "=create.results.thing.id"),
        step("Wait", "sleep.sleep", {"ms": "60000"}),
        dry_run=True,
    )
    assert done.pretended == [{"step": "Create", "action": "workshop.createThing", "inputs": {"name": "there"}}]
    assert done.steps["After"].results == {"value": "t1"}
    assert not service.asked("POST")
    assert done.journal is None


def test_a_read_after_a_pretended_write_is_answered_with_its_example_when_nothing_is_there(
    run: Runs, service: Service
) -> None:
    steps = step("Create", "workshop.createThing", {"name": "a"}), step("List", "workshop.listThings")
    service.answers["GET"] = [BROKEN]
    assert run(*steps, dry_run=True).results["things"][0]["id"] == "t1"
    service.answers["GET"] = [BROKEN]
    with pytest.raises(StepError):
        run(step("List", "workshop.listThings"), dry_run=True)


def test_the_limits_of_a_run_are_named(run: Runs) -> None:
    with pytest.raises(FlowLimitError, match=r'loop "Forever" goes beyond the limit `iterations` .100000.'):
        run(step("Forever", "loop.loopNTimes", {"iterationCount": "1e12"}, steps=[echo("Tell", "x")]))
    with pytest.raises(FlowLimitError, match=r'loop "Loop" goes beyond the limit `iterations` .2.'):
        run(loop("Loop", "[1, 2, 3]", echo("Tell", "x")), limits=Limits(iterations=2))
    nested = loop("Outer", "[1, 2, 3]", loop("Inner", "[1, 2, 3]", echo("Tell", "x")))
    with pytest.raises(FlowLimitError, match=r'step "Inner" goes beyond the limit `steps` .5.'):
        run(nested, limits=Limits(steps=5))
    with pytest.raises(FlowLimitError, match=r'step "Wait" goes beyond the limit `sleep` .3600.'):
        run(step("Wait", "sleep.sleep", {"ms": "1e15"}))


def test_a_limit_is_never_ignored(run: Runs) -> None:
    forgiving = {"errorHandlerType": "ignore"}
    inner = loop("Inner", "[1, 2, 3]", echo("Tell", "x"), errorConfig=forgiving)
    with pytest.raises(FlowLimitError, match=r"limit `iterations`"):
        run(loop("Outer", "[1]", inner, errorConfig=forgiving), limits=Limits(iterations=2))


def test_nothing_is_begun_after_the_deadline(run: Runs, service: Service) -> None:
    with pytest.raises(FlowLimitError, match=r"the deadline of the run"):
        run(step("Wait", "sleep.sleep", {"ms": "200"}), step("List", "workshop.listThings"), deadline=0.1)
    assert not service.server.asked


def test_the_results_of_a_last_loop_are_kept_for_a_caller_who_waits(run: Runs) -> None:
    tell = loop("Loop", "[1, 2]", echo("Tell", "x"))
    assert run(tell).results == []
    assert run(tell, flow_settings={"isSynchronous": True}).results == [{"value": "x"}, {"value": "x"}]


def test_a_flow_is_named_when_the_file_has_several(workshop: Component, service: Service) -> None:
    content = [{"name": name, "steps": [TRIGGER, echo("Echo", name)]} for name in ("One", "Two")]
    flow = flow_of(flows=content)
    assert flow.flows == ["One", "Two"]
    assert flow.run(workshop, flow="Two", connections=service.connections).results == {"value": "Two"}
    with pytest.raises(UsageError, match=r"the file has several flows.\nName one of them: One, Two."):
        flow.run(workshop)
    with pytest.raises(UsageError, match=r'no flow "Tow".\nDid you mean Two?'):
        flow.definition("Tow")


def test_a_step_that_is_asked_for_by_a_wrong_name_gets_the_nearest_told(run: Runs) -> None:
    with pytest.raises(KeyError, match=r"Did you mean Echo"):
        run(echo("Echo", "x")).steps["Ehco"]


def test_a_server_error_of_a_write_leaves_its_outcome_open(run: Runs, service: Service) -> None:
    service.answers["POST"] = [Answer({}, status=500)] * 9
    config = {"errorHandlerType": "retry", "maxAttempts": 3}
    with pytest.raises(StepError) as caught:
        run(step("Create", "workshop.createThing", {"name": "a"}, errorConfig=config), max_wait=0)
    assert isinstance(caught.value.cause, ServerError)
    assert len(service.asked("POST")) == 1


def test_a_component_without_connections_needs_none(run: Runs) -> None:
    assert run(step("Wait", "sleep.sleep", {"ms": "0"}), connections={}).status == "done"


def test_a_flow_that_names_no_connection_says_what_to_give(workshop: Component, service: Service) -> None:
    flow = flow_of(step("List", "workshop.listThings"), requiredConfigVars=[])
    with pytest.raises(ConnectionInputError, match="no connection is given, and the flow names none"):
        flow.run(workshop)
    with pytest.raises(ConnectionInputError, match="steps name no connection, and several are given"):
        flow.run(workshop, connections={"One": service.connection, "Two": service.connection})


def test_steps_with_and_without_a_name_share_the_connection(workshop: Component, service: Service) -> None:
    steps = step("One", "workshop.listThings", {"connection": "#Workshop"}), step("Two", "workshop.listThings")
    assert flow_of(*steps).run(workshop, connections=service.connections).status == "done"


def test_fields_of_a_connection_that_do_not_fit_are_named(workshop: Component) -> None:
    with pytest.raises(ConnectionInputError, match=r"API Key \(apiKey\): is required"):
        flow_of(step("List", "workshop.listThings")).run(workshop, connections={CONNECTION: {"fields": {}}})


def test_a_value_that_no_branch_is_for_goes_nowhere_without_else(run: Runs) -> None:
    only = branches(A=[echo("In A", "x")])
    choose = step(
        "Choose", "branch.branchOnValue", {"inputValue": "b", "branchValueMappings": mappings(A="a")}, branches=only
    )
    done = run(choose, echo("After", "x"))
    assert (done.steps["Choose"].results, done.steps["In A"].state, done.status) == (None, "skipped", "done")


def test_bad_inputs_are_not_tried_again(run: Runs, events: list[Event]) -> None:
    config = {"errorHandlerType": "retry", "maxAttempts": 5, "delaySeconds": 60}
    create = step("Create", "workshop.createThing", {"name": "=trigger.results.body.data.name"}, errorConfig=config)
    with pytest.raises(StepError):
        run(create, payload={})
    assert [event.state for event in events if isinstance(event, StepEvent)] == ["running", "failed"]
