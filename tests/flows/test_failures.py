"""Failed steps, limits and dry runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from connector import Context, Display, Inputs, Payload, action
from connector.component.definitions import Action
from connector.errors import (
    FlowDeadlineError,
    FlowLimitError,
    InputError,
    NoChangesError,
    OutcomeUnknownError,
    PolicyError,
    StepError,
    UsageError,
)
from connector.flows import Limits, Run, StepCall, runs
from connector.flows.run.events import Event, StepEvent
from connector.hookspecs import hookimpl
from tests.flows import support
from tests.flows.support import (
    ServerResponse,
    Service,
    echo,
    flow_of,
    loop,
    step,
)

Runs = Callable[..., Run]


BROKEN = ServerResponse({"error": "no"}, status=404)


def test_missing_input_says_which_reference_led_to_nothing(run: Runs) -> None:
    create = step("Create", "workshop.createThing", {"name": "=trigger.results.body.data.name"})
    with pytest.raises(StepError, match=r'name.*: is required, but "trigger.results.body.data.name" has no value'):
        run(create, payload={})


@pytest.mark.parametrize("milliseconds", ["soon", "-1"])
def test_sleep_rejects_an_invalid_duration(run: Runs, milliseconds: str) -> None:
    with pytest.raises(StepError, match='"ms" must be a number of milliseconds, got'):
        run(step("Wait", "sleep.sleep", {"ms": milliseconds}))


@pytest.mark.parametrize("name", ["max_wait", "deadline"])
def test_limit_that_is_not_a_number_is_rejected_before_the_run(run: Runs, service: Service, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be a number of 0 or more, got '5'"):
        run(step("List", "workshop.listThings"), **{name: "5"})
    assert service.requests("GET") == []


def failing(kind: str, **config: Any) -> dict[str, Any]:
    more = {"errorHandlerType": kind, **config}
    return step("List", "workshop.listThings", errorConfig=more)


def test_failed_step_fails_the_flow(run: Runs, service: Service) -> None:
    service.answers["GET"] = [BROKEN]
    with pytest.raises(StepError, match=r'flow "Main", step "List"') as caught:
        run(step("List", "workshop.listThings"), echo("Never", "x"))
    assert caught.value.exit_code == 4
    assert caught.value.run.status == "failed"
    assert caught.value.run.steps["Never"].state == "skipped"
    assert caught.value.to_dict()["error"]["cause"]["status"] == 404


def test_ignored_error_goes_on_without_results(run: Runs, service: Service) -> None:
    service.answers["GET"] = [BROKEN]
    done = run(failing("ignore"), echo("After", "~[{{$list.results.things}}]"))
    assert done.results == {"value": "[]"}
    assert done.steps["List"].state == "ignored"


def test_repeated_step_may_succeed(run: Runs, service: Service, events: list[Event]) -> None:
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
    assert len(service.requests("GET")) == 2


def test_write_that_may_have_happened_is_not_repeated(run: Runs, service: Service) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    config = {"errorHandlerType": "retry", "maxAttempts": 5}
    with pytest.raises(StepError) as caught:
        run(step("Create", "workshop.createThing", {"name": "a"}, errorConfig=config))
    assert isinstance(caught.value.cause, OutcomeUnknownError)
    assert len(service.requests("POST")) == 1


def test_write_that_is_idempotent_is_repeated(run: Runs, service: Service) -> None:
    service.things["t1"] = {"id": "t1"}
    service.answers["PATCH"] = [ServerResponse(cut=True)]
    config = {"errorHandlerType": "retry", "maxAttempts": 1}
    run(step("Update", "workshop.updateThing", {"thingId": "t1", "name": "b"}, errorConfig=config))
    assert service.things["t1"]["name"] == "b"


def test_ignored_error_of_a_loop_ends_the_loop_only(run: Runs, service: Service) -> None:
    service.answers["GET"] = [BROKEN]
    done = run(
        loop("Loop", "[1, 2]", step("List", "workshop.listThings"), errorConfig={"errorHandlerType": "ignore"}),
        echo("After", "x"),
    )
    assert done.results == {"value": "x"}
    assert done.steps["List"].count == 1


def test_dry_run_rejects_a_write_of_an_action_that_says_it_reads(service: Service) -> None:
    @action("sneak", display=Display(label="Sneak", description="Says that it reads."), has_example=False)
    def sneak(context: Context, inputs: Inputs) -> Payload:
        return context.api.post("things", json={"name": "sneaked"})

    class Bringing:
        @hookimpl
        def register_actions(self, component_key: str, register: Callable[[Action[Any]], None]) -> None:
            register(sneak)

    component = support.workshop()
    component.add_plugin(Bringing())
    with pytest.raises(StepError) as caught:
        flow_of(step("Sneak", "workshop.sneak")).run(component, connections=service.connections, dry_run=True)
    assert isinstance(caught.value.cause, PolicyError)
    assert not service.requests("POST")


def test_update_without_any_field_is_skipped_with_the_reason(service: Service, events: list[Event]) -> None:
    class Checking:
        @hookimpl(tryfirst=True)
        def perform_action(self, action: Action[Any], inputs: Inputs) -> None:
            if action.key == "updateThing" and not inputs.body("name"):
                raise NoChangesError("nothing to update: no field is set")

    component = support.workshop()
    component.add_plugin(Checking())
    update = step("Update", "workshop.updateThing", {"thingId": "t1", "name": "=trigger.results.body.data.name"})
    flow = flow_of(update, echo("After", "~[{{$update.results.thing}}]"))
    done = flow.run(component, connections=service.connections, payload={}, on_event=events.append)
    assert (done.results, done.steps["Update"].state) == ({"value": "[]"}, "skipped")
    assert not service.requests("PATCH")
    (skipped,) = [event for event in events if isinstance(event, StepEvent) and event.state == "skipped"]
    assert (skipped.step, skipped.reason, skipped.error) == ("Update", "nothing to update: no field is set", "")
    assert runs()[0].unknown == 0


def test_wrong_value_is_named_and_no_reference_is_blamed(run: Runs, service: Service) -> None:
    values = {"name": "a", "size": "=trigger.results.body.data.size"}
    with pytest.raises(StepError) as caught:
        run(step("Create", "workshop.createThing", values), payload={"size": "huge"})
    assert isinstance(caught.value.cause, InputError)
    (problem,) = caught.value.cause.problems
    assert problem.location == "size"
    assert "trigger" not in str(caught.value)
    assert not service.requests("POST")


def test_dry_run_sends_reads_and_returns_examples_for_writes(run: Runs, service: Service) -> None:
    service.things["t9"] = {"id": "t9", "name": "there"}
    done = run(
        step("List", "workshop.listThings"),
        step("Create", "workshop.createThing", {"name": "=list.results.things.0.name"}),
        echo("After", "=create.results.thing.id"),
        step("Wait", "sleep.sleep", {"ms": "60000"}),
        dry_run=True,
    )
    assert done.skipped_writes == [{"step": "Create", "action": "workshop.createThing", "inputs": {"name": "there"}}]
    assert done.steps["After"].results == {"value": "t1"}
    assert not service.requests("POST")
    assert done.journal is None


def test_limits_of_a_run_are_named(run: Runs) -> None:
    with pytest.raises(FlowLimitError, match=r'loop "Forever" exceeds the limit of 100000 iterations') as caught:
        run(step("Forever", "loop.loopNTimes", {"iterationCount": "1e12"}, steps=[echo("Tell", "x")]))
    assert caught.value.hint == (
        "Do less in one step. In Python, limits=Limits(iterations=N) raises the limit; "
        "the command line has no option for it."
    )
    with pytest.raises(FlowLimitError, match=r'loop "Loop" exceeds the limit of 2 iterations'):
        run(loop("Loop", "[1, 2, 3]", echo("Tell", "x")), limits=Limits(iterations=2))
    nested = loop("Outer", "[1, 2, 3]", loop("Inner", "[1, 2, 3]", echo("Tell", "x")))
    with pytest.raises(FlowLimitError, match=r"the run exceeds the limit of 5 steps"):
        run(nested, limits=Limits(steps=5))
    with pytest.raises(FlowLimitError, match=r'step "Wait" exceeds the limit of 3600 seconds of sleep'):
        run(step("Wait", "sleep.sleep", {"ms": "1e15"}))


def test_limit_is_never_ignored(run: Runs) -> None:
    forgiving = {"errorHandlerType": "ignore"}
    inner = loop("Inner", "[1, 2, 3]", echo("Tell", "x"), errorConfig=forgiving)
    with pytest.raises(FlowLimitError, match="limit of 2 iterations"):
        run(loop("Outer", "[1]", inner, errorConfig=forgiving), limits=Limits(iterations=2))


def test_no_plugin_around_a_loop_swallows_a_limit(run: Runs) -> None:
    class Swallowing:
        @hookimpl(wrapper=True)
        def perform_step(self, step: StepCall) -> Generator[None, Any, Any]:
            try:
                return (yield)
            except Exception:
                return None

    with pytest.raises(FlowLimitError, match="the run exceeds the limit of 3 steps"):
        run(loop("Loop", "[1, 2, 3]", echo("Tell", "x")), plugins=[Swallowing()], limits=Limits(steps=3))


def test_step_is_not_started_after_the_deadline(run: Runs, service: Service) -> None:
    with pytest.raises(FlowDeadlineError, match="run deadline") as caught:
        run(step("Wait", "sleep.sleep", {"ms": "200"}), step("List", "workshop.listThings"), deadline=0.1)

    assert caught.value.exit_code == 5
    assert "Resume it later." in str(caught.value)
    assert not service.server.requests


def test_step_that_sends_nothing_is_not_started_after_the_deadline_either(run: Runs, events: list[Event]) -> None:
    def dawdle(event: Event) -> None:
        events.append(event)
        if isinstance(event, StepEvent) and event.state == "done":
            time.sleep(0.15)

    with pytest.raises(FlowDeadlineError, match='run deadline exceeded before step "Two"'):
        run(echo("One", "x"), echo("Two", "x"), deadline=0.1, on_event=dawdle)
    assert {event.step for event in events if isinstance(event, StepEvent)} == {"One"}


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}, lambda value: (value,)])
def test_payload_nested_too_deeply_is_rejected(run: Runs, wrap: Callable[[Any], Any]) -> None:
    deep: Any = 1
    for _ in range(200):
        deep = wrap(deep)
    assert run(echo("Echo", "x"), payload=deep).status == "done"
    with pytest.raises(FlowLimitError, match="payload is nested more than 200 levels deep"):
        run(echo("Echo", "x"), payload=wrap(deep))


def test_unknown_step_name_suggests_the_nearest(run: Runs) -> None:
    with pytest.raises(KeyError, match=r"Did you mean Echo"):
        run(echo("Echo", "x")).steps["Ehco"]


def test_server_error_of_a_write_leaves_its_outcome_open(run: Runs, service: Service) -> None:
    service.answers["POST"] = [ServerResponse({}, status=500)] * 9
    config = {"errorHandlerType": "retry", "maxAttempts": 3}
    with pytest.raises(StepError) as caught:
        run(step("Create", "workshop.createThing", {"name": "a"}, errorConfig=config), max_wait=0)
    assert isinstance(caught.value.cause, OutcomeUnknownError)
    assert len(service.requests("POST")) == 1


def test_bad_inputs_are_not_tried_again(run: Runs, events: list[Event]) -> None:
    config = {"errorHandlerType": "retry", "maxAttempts": 5, "delaySeconds": 60}
    create = step("Create", "workshop.createThing", {"name": "=trigger.results.body.data.name"}, errorConfig=config)
    with pytest.raises(StepError):
        run(create, payload={})
    assert [event.state for event in events if isinstance(event, StepEvent)] == ["running", "failed"]
