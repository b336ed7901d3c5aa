"""What steps do, and what they see of one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.errors import (
    StepError,
)
from connector.flows import Run
from connector.flows.run.events import Event, LogEvent, StepEvent
from tests.flows.support import (
    Service,
    branches,
    echo,
    loop,
    mappings,
    step,
)

Runs = Callable[..., Run]


def test_step_sees_what_an_earlier_one_gave(run: Runs) -> None:
    done = run(echo("First Step", "hello"), echo("Second", "=firstStep.results.value"))
    assert done.results == {"value": "hello"}


def test_payload_is_the_body_of_the_trigger(run: Runs) -> None:
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


def test_reference_without_a_value_leaves_the_input_unset(run: Runs, service: Service) -> None:
    service.things["t1"] = {"id": "t1", "name": "kept"}
    run(
        step("Update", "workshop.updateThing", {"thingId": "t1", "name": "=trigger.results.body.data.name"}), payload={}
    )
    assert service.requests("PATCH")[0].json == {}


def test_loop_gives_item_and_index_to_its_steps_and_its_results_to_later_ones(run: Runs) -> None:
    done = run(
        loop("Loop", "=trigger.results.body.data", echo("Tell", "~{{$loop.index}}:{{$loop.currentItem.name}}")),
        echo("After", "=loop.results"),
        payload=[{"name": "a"}, {"name": "b"}],
    )
    assert done.results == {"value": [{"value": "0:a"}, {"value": "1:b"}]}


def test_loop_over_an_object_goes_over_its_values(run: Runs) -> None:
    done = run(
        loop("Loop", "=trigger.results.body.data", echo("Tell", "=loop.currentItem")),
        echo("After", "=loop.results"),
        payload={"x": 1, "y": 2},
    )
    assert done.results == {"value": [{"value": 1}, {"value": 2}]}


def test_loop_goes_over_json_text(run: Runs) -> None:
    run_ = run(loop("Loop", "[1, 2]", echo("Tell", "=loop.currentItem")))
    assert [execution.results["value"] for execution in run_.steps["Tell"].executions] == [1, 2]


def test_loop_over_undefined_is_an_error(run: Runs) -> None:
    with pytest.raises(StepError, match='"items" must be a list or an object, got undefined'):
        run(loop("Loop", "=trigger.results.body.data.missing", echo("Tell", "x")), payload={})


def test_loop_n_times_counts_from_zero(run: Runs) -> None:
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


@pytest.mark.parametrize(("values", "chosen"), [("b", "B"), ("zzz", "Else"), (1, "One"), (True, "Yes")])
def test_branch_on_value_goes_the_way_of_the_value(run: Runs, values: Any, chosen: str) -> None:
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
    done = run(choose, echo("After", "=choose.results"), payload=values)
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


def test_stop_execution_ends_the_flow_with_a_response(run: Runs) -> None:
    stop = {"statusCode": "201", "contentType": "application/json", "jsonBody": '{"id": 5}'}
    done = run(loop("Loop", "[1, 2]", step("Stop", "stop-execution.stopExecution", stop)), echo("Never", "x"))
    assert done.status == "done"
    assert done.results == {"id": 5}
    assert done.response == {"statusCode": 201, "contentType": "application/json", "headers": {}, "body": {"id": 5}}
    assert done.steps["Never"].state == "skipped"


def test_steps_that_end_a_loop_or_the_flow_are_done(run: Runs) -> None:
    stop = step("Stop", "stop-execution.stopExecution", {"jsonBody": "1"})
    done = run(loop("Loop", "[1, 2]", step("Break", "loop.breakLoop")), loop("Last", "[1, 2]", stop))
    ended = {name: (done.steps[name].state, done.steps[name].count) for name in ("Loop", "Break", "Last", "Stop")}
    assert ended == {"Loop": ("done", 1), "Break": ("done", 1), "Last": ("done", 1), "Stop": ("done", 1)}


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


def test_results_of_a_last_loop_are_kept_for_a_waiting_caller(run: Runs) -> None:
    tell = loop("Loop", "[1, 2]", echo("Tell", "x"))
    assert run(tell).results == []
    assert run(tell, flow_settings={"isSynchronous": True}).results == [{"value": "x"}, {"value": "x"}]


def test_value_without_a_branch_is_skipped_without_else(run: Runs) -> None:
    only = branches(A=[echo("In A", "x")])
    choose = step(
        "Choose", "branch.branchOnValue", {"inputValue": "b", "branchValueMappings": mappings(A="a")}, branches=only
    )
    done = run(choose, echo("After", "x"))
    assert (done.steps["Choose"].results, done.steps["In A"].state, done.status) == (None, "skipped", "done")
