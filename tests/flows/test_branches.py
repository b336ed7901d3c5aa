"""Branches of triggers and of actions: those of Prismatic's own branch component are in test_run.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector import Component
from connector.describe.prismatic import server_form
from connector.errors import HandlerError, StepError, UsageError
from connector.flows import Run, read_trace, resume, tree
from connector.flows.run.events import Event, StepEvent
from tests.flows.support import TRIGGER, Service, branches, echo, flow_of, step

Runs = Callable[..., Run]

BRANCHING_TRIGGER = {
    **TRIGGER,
    "branches": branches(**{"URL Verify": [echo("Verify", "challenge")], "Notification": [echo("Notify", "note")]}),
}
FLOW = {"steps": [BRANCHING_TRIGGER, echo("After", "~{{$verify.results.value}}{{$notify.results.value}}")]}


def sorting(text: str, **more: Any) -> dict[str, Any]:
    inside = branches(Small=[echo("Inside Small", "=sort.results")], Big=[echo("Inside Big", "=sort.results")])
    return step("Sort", "workshop.sort", {"value": text}, branches=inside, **more)


def test_start_takes_the_branch_of_the_trigger_and_then_the_steps_after_it(run: Runs) -> None:
    done = run(flow_settings=FLOW, branch="Notification")
    assert done.results == {"value": "note"}
    assert [done.steps[name].state for name in ("Verify", "Notify", "After")] == ["skipped", "done", "done"]


def test_start_without_a_branch_is_rejected_with_the_names(run: Runs, service: Service) -> None:
    with pytest.raises(UsageError, match='trigger "Trigger" has branches') as caught:
        run(flow_settings=FLOW)
    assert caught.value.hint == "Pass --branch NAME (branch=NAME in Python): URL Verify or Notification."


@pytest.mark.parametrize(
    ("flow", "hint"),
    [(FLOW, "Did you mean Notification?"), (None, "Available branches: none.")],
    ids=["branches", "no branches"],
)
def test_unknown_branch_is_rejected(run: Runs, flow: Any, hint: str) -> None:
    with pytest.raises(UsageError, match='unknown branch "Notificaton" of trigger "Trigger"') as caught:
        run(echo("Echo", "x"), flow_settings=flow, branch="Notificaton")
    assert caught.value.hint == hint


def test_trigger_with_empty_branches_needs_no_name(run: Runs) -> None:
    trigger = {**TRIGGER, "branches": branches(Notification=[])}
    assert run(flow_settings={"steps": [trigger, echo("After", "x")]}).results == {"value": "x"}


def test_payload_is_visible_in_and_after_the_branch_of_a_trigger(run: Runs) -> None:
    trigger = {**TRIGGER, "branches": branches(Only=[echo("Inside", "=trigger.results.body.data")])}
    after = echo("After", "~{{$inside.results.value}} {{$trigger.results.body.data}}")
    assert run(flow_settings={"steps": [trigger, after]}, branch="Only", payload="a").results == {"value": "a a"}


def test_failed_run_resumes_in_the_branch_of_its_trigger(run: Runs, workshop: Component, service: Service) -> None:
    create = step("Create", "workshop.createThing", {"name": "one"})
    trigger = {**TRIGGER, "branches": branches(First=[echo("No", "x")], Second=[create, sorting("broken")])}
    with pytest.raises(StepError) as caught:
        run(flow_settings={"steps": [trigger]}, branch="Second")
    failed = caught.value.run
    fixed = flow_of(flow={"steps": [{**trigger, "branches": branches(First=[], Second=[create, sorting("long")])}]})

    resumed = resume(failed.journal, workshop, flow=fixed, connections=service.connections)

    assert [resumed.steps[name].state for name in ("Create", "Inside Big")] == ["reused", "done"]
    assert len(service.things) == 1


@pytest.mark.parametrize(("text", "taken"), [("a", "Inside Small"), ("abcd", "Inside Big")])
def test_action_takes_the_branch_that_its_payload_names(run: Runs, text: str, taken: str) -> None:
    done = run(sorting(text), echo("After", "=sort.results"))
    assert {name for name, summary in done.steps.items() if summary.state == "done"} == {"Sort", taken, "After"}
    assert done.steps[taken].results == done.results == {"value": text}


def test_action_that_names_no_branch_of_its_own_fails(run: Runs) -> None:
    with pytest.raises(StepError, match='payload names branch "broken", which is not one of: Small, Big') as caught:
        run(sorting("broken"))
    assert isinstance(caught.value.cause, HandlerError)


def test_error_in_the_branch_of_an_action_does_not_repeat_the_action(run: Runs, events: list[Event]) -> None:
    retry = {"errorHandlerType": "retry", "maxAttempts": 2, "delaySeconds": 0}
    failing = step("Update", "workshop.updateThing", {"thingId": "none", "name": "x"})
    sort = step("Sort", "workshop.sort", {"value": "a"}, branches=branches(Small=[failing]), errorConfig=retry)
    with pytest.raises(StepError, match="Update"):
        run(sort)
    ends = [(e.step, e.state) for e in events if isinstance(e, StepEvent) and e.state in ("done", "failed", "retrying")]
    assert ends == [("Sort", "done"), ("Update", "failed")]


def test_resumed_run_takes_the_branch_that_the_action_took(run: Runs, workshop: Component, service: Service) -> None:
    with pytest.raises(StepError) as caught:
        run(sorting("long enough"), step("Update", "workshop.updateThing", {"thingId": "t9", "name": "x"}))
    service.things["t9"] = {"id": "t9"}

    resumed = resume(caught.value.run.journal, workshop, connections=service.connections)

    states = {name: summary.state for name, summary in resumed.steps.items()}
    assert states == {"Sort": "reused", "Inside Small": "skipped", "Inside Big": "reused", "Update": "done"}


def test_trace_and_drawing_have_the_branch(run: Runs, tmp_path: Path) -> None:
    run(sorting("a"), trace=tmp_path / "trace.jsonl")
    lines = read_trace(tmp_path / "trace.jsonl")
    assert [line["branch"] for line in lines if line.get("step") == "Sort"] == ["Small"]
    drawing = tree(flow_of(flow=FLOW).definition())
    assert "├─ Trigger (webhook-triggers.webhook)\n│  ├─ [URL Verify]\n│  │  └─ Verify (workshop.echo)" in drawing


def test_branches_are_part_of_the_prismatic_definition(workshop: Component) -> None:
    exported = server_form(workshop)["actions"]
    assert exported["sort"]["allowsBranching"] is True
    assert exported["sort"]["staticBranchNames"] == ["Small", "Big"]
    assert "allowsBranching" not in exported["echo"]
