"""Taking back what a run created."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import connector
from connector.common.value_paths import parse_path
from connector.component.component import Component
from connector.errors import ForbiddenError, JournalError, StepError
from connector.flows import Run, resume, undo
from tests.flows import support
from tests.flows.support import CONNECTION, ServerResponse, Service, loop, step

Runs = Callable[..., Run]


def create(name: str) -> dict[str, Any]:
    return step(f"Create {name}", "workshop.createThing", {"connection": "#Workshop", "name": name})


def test_only_what_the_run_created_is_deleted_newest_first(run: Runs, workshop: Component, service: Service) -> None:
    service.things["old"] = {"id": "old"}
    done = run(create("a"), create("b"), step("Update", "workshop.updateThing", {"thingId": "old", "name": "x"}))
    undone = undo(done.id, workshop, connections=service.connections)
    assert [request.path for request in service.requests("DELETE")] == ["/things/t2", "/things/t1"]
    assert [write.step for write in undone.deleted] == ["Create b", "Create a"]
    assert [(write.step, why) for write, why in undone.not_undone] == [
        ("Update", "the record may have existed before this run")
    ]
    assert list(service.things) == ["old"]


def test_undo_does_not_delete_twice(run: Runs, workshop: Component, service: Service) -> None:
    done = run(create("a"))
    undo(done.id, workshop, connections=service.connections)
    assert undo(done.id, workshop, connections=service.connections).deleted == []
    assert len(service.requests("DELETE")) == 1


def test_undo_deletes_what_every_attempt_of_a_loop_created(run: Runs, workshop: Component, service: Service) -> None:
    retry = {"errorHandlerType": "retry", "maxAttempts": 1, "delaySeconds": 0}
    service.answers["PATCH"] = [ServerResponse({}, status=422)]
    update = step("Update", "workshop.updateThing", {"thingId": "t1", "name": "x"})
    done = run(loop("Loop", "[1]", create("a"), update, errorConfig=retry))
    assert list(service.things) == ["t1", "t2"]
    undone = undo(done.id, workshop, connections=service.connections)
    assert len(undone.deleted) == 2
    assert service.things == {}
    assert undo(done.id, workshop, connections=service.connections).deleted == []


def test_run_that_was_undone_is_not_resumed(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["PATCH"] = [ServerResponse({}, status=422)]
    with pytest.raises(StepError) as caught:
        run(create("a"), step("Update", "workshop.updateThing", {"thingId": "t1", "name": "x"}))
    journal = caught.value.run.journal
    undo(journal, workshop, connections=service.connections)
    with pytest.raises(JournalError, match="was undone and cannot be resumed"):
        resume(journal, workshop, connections=service.connections)
    assert len(service.requests("PATCH")) == 1


def test_undo_reports_what_is_already_deleted(run: Runs, workshop: Component, service: Service) -> None:
    done = run(create("a"))
    service.things.clear()
    undone = undo(done.id, workshop, connections=service.connections)
    assert [write.step for write in undone.already_deleted] == ["Create a"]


def test_undo_reports_failed_deletes_and_deletes_the_rest(run: Runs, workshop: Component, service: Service) -> None:
    done = run(create("a"), create("b"))
    service.answers["DELETE"] = [ServerResponse({}, status=403)]
    undone = undo(done.id, workshop, connections=service.connections)
    assert [(write.step, type(error)) for write, error in undone.failed] == [("Create b", ForbiddenError)]
    assert [write.step for write in undone.deleted] == ["Create a"]
    assert [write.step for write in undo(done.id, workshop, connections=service.connections).deleted] == ["Create b"]


def test_undo_reports_what_may_have_been_created(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    with pytest.raises(StepError) as caught:
        run(create("a"))
    undone = undo(caught.value.run.journal, workshop, connections=service.connections)
    assert "the outcome is unknown" in undone.not_undone[0][1]


def test_response_without_an_id_is_not_undone(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["POST"] = [ServerResponse({"done": True})]
    done = run(create("a"))
    undone = undo(done.id, workshop, connections=service.connections)
    assert undone.not_undone[0][1] == "the response does not contain the ID of the record"
    assert not service.requests("DELETE")


def test_dry_run_only_says_what_would_be_deleted(run: Runs, workshop: Component, service: Service) -> None:
    done = run(create("a"))
    planned = undo(done.id, workshop, connections=service.connections, dry_run=True)
    undone = undo(done.id, workshop, connections=service.connections)
    assert (planned.is_dry_run, undone.is_dry_run) == (True, False)
    for result in (planned, undone):
        (write,) = result.deleted
        deletion = result.deletions[write.number]
        assert (deletion.action, deletion.inputs) == ("deleteThing", {"thingId": "t1"})


def test_undo_deletes_nothing_on_another_host(run: Runs, workshop: Component, service: Service) -> None:
    done = run(create("a"))
    elsewhere = {CONNECTION: {"fields": {"apiKey": "x", "baseUrl": "https://elsewhere.example"}}}
    with pytest.raises(JournalError, match=r"points to elsewhere.example"):
        undo(done.id, workshop, connections=elsewhere)


def test_second_undo_after_one_that_had_nothing_left_sends_nothing(
    run: Runs, workshop: Component, service: Service
) -> None:
    done = run(create("a"))
    service.things.clear()
    undo(done.id, workshop, connections=service.connections)
    again = undo(done.id, workshop, connections=service.connections)
    assert (again.deleted, again.already_deleted) == ([], [])
    assert len(service.requests("DELETE")) == 1
    with pytest.raises(JournalError, match="was undone and cannot be resumed"):
        resume(done.id, workshop, connections=service.connections)


def test_failed_run_whose_creations_were_deleted_by_others_is_not_resumed_after_undo(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["PATCH"] = [ServerResponse({}, status=422)]
    with pytest.raises(StepError) as caught:
        run(create("a"), step("Update", "workshop.updateThing", {"thingId": "t1", "name": "x"}))
    service.things.clear()
    assert undo(caught.value.run.journal, workshop, connections=service.connections).already_deleted
    with pytest.raises(JournalError, match="was undone and cannot be resumed"):
        resume(caught.value.run.journal, workshop, connections=service.connections)


def test_write_of_an_action_that_the_component_no_longer_has_is_not_undone(run: Runs, service: Service) -> None:
    done = run(create("a"))
    component = support.workshop()
    del component.actions["createThing"]
    choices: list[Any] = [component, {}]
    for components in choices:
        undone = undo(done.id, components, connections=service.connections)
        assert [(write.step, why) for write, why in undone.not_undone] == [
            ("Create a", "the component no longer has createThing")
        ]
    assert not service.requests("DELETE")


def test_every_undo_of_the_bundled_component_names_an_action_and_its_required_inputs() -> None:
    component = connector.load_component(installed_plugins=False)
    undoable = {key: action for key, action in component.actions.items() if action.undo}
    assert undoable
    for action in undoable.values():
        assert action.undo is not None
        assert not action.idempotent
        deletion = component.action(action.undo.action)
        assert deletion.effect == "destructive"
        assert set(action.undo.inputs) == deletion.inputs.required_keys()
        for path in action.undo.inputs.values():
            root, *rest = parse_path(path)
            example = {
                "results": (action.example or {})["data"],
                "inputs": dict.fromkeys(action.inputs.definitions(), "x"),
            }
            value: Any = example[root]
            for segment in rest:
                value = value[segment]
            assert isinstance(value, str), json.dumps(path)
