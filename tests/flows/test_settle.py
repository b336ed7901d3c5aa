"""Decisions about writes of unknown outcome: what they need, and how they are corrected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import InputError, JournalError, NotFoundError, StepError, UnknownKeyError, UsageError
from connector.flows import Run, resume, runs, settle, undo
from connector.journal.file import FileJournal
from tests.flows.support import CONNECTION, ServerResponse, Service, step

Runs = Callable[..., Run]

FAILED = ServerResponse({"error": "no"}, status=422)
CREATE = step("Create", "workshop.createThing", {"name": "a"})
TELL = step("Tell", "workshop.echo", {"value": "=create.results.thing.id"})
LIST = step("List", "workshop.listThings")
RESULTS = {"thing": {"id": "t7", "name": "a"}}


@pytest.fixture
def doubtful(run: Runs, service: Service) -> Callable[..., str]:
    """Runs steps whose first write gets no response; returns the journal."""

    def run_steps(*steps: dict[str, Any]) -> str:
        service.answers["POST"] = [ServerResponse(cut=True)]
        service.answers["PATCH"] = [ServerResponse(cut=True)] * 3
        with pytest.raises(StepError) as caught:
            run(*steps, max_wait=0)
        assert caught.value.run.journal
        return str(caught.value.run.journal)

    return run_steps


def test_settled_results_are_seen_by_later_steps_and_can_be_undone(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    journal = doubtful(CREATE, TELL)
    service.things["t7"] = {"id": "t7", "name": "a"}
    wrong_results: list[Any] = [{"thing": {"id": 7}}, {"thin": {}}, "text", []]
    for wrong in wrong_results:
        with pytest.raises(InputError, match="results do not match the output schema"):
            settle(journal, "Create", workshop, happened=True, results=wrong)
    settle(journal, "create", workshop, happened=True, results={"thing": {"id": "t7", "name": "a"}})
    assert resume(journal, workshop, connections=service.connections).results == {"value": "t7"}
    assert [write.step for write in undo(journal, workshop, connections=service.connections).deleted] == ["Create"]
    assert service.things == {}
    assert len(service.requests("POST")) == 1


def test_write_is_not_settled_while_its_run_goes_on(doubtful: Callable[..., str], workshop: Component) -> None:
    journal = doubtful(CREATE)
    holder = FileJournal.reopen(Path(journal))
    try:
        with pytest.raises(JournalError, match="is still running"):
            settle(journal, "Create", workshop, happened=False)
    finally:
        holder.close()


def test_write_that_did_not_happen_is_sent_again_and_then_known(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    journal = doubtful(CREATE, LIST)
    settle(journal, "Create", workshop, happened=False)
    service.answers["POST"] = [FAILED]
    with pytest.raises(StepError):
        resume(journal, workshop, connections=service.connections)
    # The retry was rejected, and nothing else can have been applied.
    assert runs()[0].unknown == 0
    with pytest.raises(JournalError, match=r'no write with an unknown outcome in step "Create"'):
        settle(journal, "Create", workshop, happened=True, results=RESULTS)
    assert resume(journal, workshop, connections=service.connections).status == "done"
    assert len(service.requests("POST")) == 3


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([CREATE], r"undo needs results\.thing\.id"),
        (
            [
                step("Create", "workshop.updateThing", {"thingId": "t1", "name": "a"}),
                step("Tell", "workshop.echo", {"value": "~{{$create.results.thing.name}}!"}),
            ],
            "a later step refers to them",
        ),
    ],
)
def test_results_are_required_where_something_needs_them(
    steps: list[dict[str, Any]], reason: str, doubtful: Callable[..., str], workshop: Component
) -> None:
    journal = doubtful(*steps)
    with pytest.raises(JournalError, match=f'missing results of step "Create": {reason}'):
        settle(journal, "Create", workshop, happened=True)
    assert runs()[0].unknown == 1


def test_results_are_optional_where_nothing_needs_them(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    journal = doubtful(step("Update", "workshop.updateThing", {"thingId": "t1", "name": "a"}), LIST)
    settle(journal, "Update", workshop, happened=True)
    assert resume(journal, workshop, connections=service.connections).status == "done"
    assert len(service.requests("PATCH")) == 1
    undone = undo(journal, workshop, connections=service.connections)
    assert [(write.step, why) for write, why in undone.not_undone] == [
        ("Update", "the record may have existed before this run")
    ]


def test_decision_is_corrected_by_a_later_one(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    journal = doubtful(CREATE, TELL)
    settle(journal, "Create", workshop, happened=True, results={"thing": {"id": "wrong"}})
    settle(journal, "Create", workshop, happened=False)
    settle(journal, "create", workshop, happened=True, results=RESULTS)
    assert runs()[0].writes == 1
    assert resume(journal, workshop, connections=service.connections).results == {"value": "t7"}
    with pytest.raises(JournalError, match="no write with an unknown outcome"):
        settle(journal, "Create", workshop, happened=False)
    service.things["t7"] = {"id": "t7"}
    assert len(undo(journal, workshop, connections=service.connections).deleted) == 1
    assert [request.path for request in service.requests("DELETE")] == ["/things/t7"]


def test_decision_is_not_corrected_after_undo(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    journal = doubtful(CREATE)
    settle(journal, "Create", workshop, happened=True, results=RESULTS)
    undo(journal, workshop, connections=service.connections)
    with pytest.raises(JournalError, match="no write with an unknown outcome"):
        settle(journal, "Create", workshop, happened=False)


def test_corrected_decision_leaves_the_numbers_of_other_writes(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)] * 2
    ignoring = {"errorHandlerType": "ignore"}
    creates = [step(f"Create {n}", "workshop.createThing", {"name": "a"}, errorConfig=ignoring) for n in "ab"]
    done = run(*creates)
    assert (done.status, runs()[0].unknown) == ("done", 2)
    settle(done.id, "Create a", workshop, happened=True, results={"thing": {"id": "t8"}})
    settle(done.id, "Create b", workshop, happened=True, results={"thing": {"id": "t9"}})
    settle(done.id, "Create a", workshop, happened=True, results=RESULTS)
    undo(done.id, workshop, connections=service.connections)
    assert [request.path for request in service.requests("DELETE")] == ["/things/t7", "/things/t9"]
    again = undo(done.id, workshop, connections=service.connections)
    assert (again.deleted, again.already_deleted) == ([], [])


def test_skipped_write_is_listed_by_undo_and_gets_its_results_later(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    journal = doubtful(CREATE, LIST)
    assert resume(journal, workshop, connections=service.connections, unknown="skip").status == "done"
    undone = undo(journal, workshop, connections=service.connections)
    assert [(write.step, why) for write, why in undone.not_undone] == [
        ("Create", "it was skipped without results; check whether it was applied")
    ]
    with pytest.raises(JournalError, match="no write with an unknown outcome"):
        settle(journal, "Create", workshop, happened=False)
    service.things["t7"] = {"id": "t7"}
    settle(journal, "Create", workshop, happened=True, results=RESULTS)
    undone = undo(journal, workshop, connections=service.connections)
    assert ([write.step for write in undone.deleted], undone.not_undone) == (["Create"], [])
    assert service.things == {}


def test_skipped_write_gets_its_results_before_the_run_is_resumed(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    service.answers["GET"] = [FAILED]
    journal = doubtful(CREATE, LIST)
    with pytest.raises(StepError):
        resume(journal, workshop, connections=service.connections, unknown="skip")
    settle(journal, "Create", workshop, happened=True, results=RESULTS)
    assert resume(journal, workshop, connections=service.connections).status == "done"
    assert len(service.requests("POST")) == 1


def test_ignored_error_stays_ignored_when_its_decision_is_corrected(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    service.answers["GET"] = [FAILED]
    ignoring = {"errorHandlerType": "ignore"}
    with pytest.raises(StepError) as caught:
        run({**CREATE, "errorConfig": ignoring}, LIST)
    journal = caught.value.run.journal
    settle(journal, "Create", workshop, happened=True, results=RESULTS)
    settle(journal, "Create", workshop, happened=False)
    assert resume(journal, workshop, connections=service.connections).status == "done"
    assert len(service.requests("POST")) == 1


def test_results_are_looked_up(doubtful: Callable[..., str], workshop: Component, service: Service) -> None:
    journal = doubtful(CREATE, TELL)
    service.answers["GET"] = [ServerResponse(RESULTS), ServerResponse({}, status=404)]
    options: dict[str, Any] = {"happened": True, "connections": service.connections}
    with pytest.raises(UsageError, match='action "deleteThing" is not a read'):
        settle(journal, "Create", workshop, lookup=("deleteThing", {"thingId": "t7"}), **options)
    with pytest.raises(UnknownKeyError):
        settle(journal, "Create", workshop, lookup=("getThing", {}), **options)
    settle(journal, "Create", workshop, lookup=("listThings", {}), **options)
    with pytest.raises(NotFoundError):
        settle(journal, "Create", workshop, lookup=("listThings", {}), **options)
    service.answers["GET"] = [ServerResponse({"things": "text"})]
    with pytest.raises(InputError, match="results do not match the output schema"):
        settle(journal, "Create", workshop, lookup=("listThings", {}), **options)
    assert resume(journal, workshop, connections=service.connections).results == {"value": "t7"}


def test_nothing_is_looked_up_on_another_host(doubtful: Callable[..., str], workshop: Component) -> None:
    journal = doubtful(CREATE)
    elsewhere = {CONNECTION: {"fields": {"apiKey": "x", "baseUrl": "https://elsewhere.example"}}}
    with pytest.raises(JournalError, match=r"points to elsewhere\.example"):
        settle(journal, "Create", workshop, happened=True, lookup=("listThings", {}), connections=elsewhere)


def test_results_cannot_be_checked_without_the_component(doubtful: Callable[..., str]) -> None:
    journal = doubtful(CREATE)
    with pytest.raises(UsageError, match='component "workshop" is not installed'):
        settle(journal, "Create", {}, happened=True, results=RESULTS)


def test_decision_about_an_unknown_step_is_rejected(
    doubtful: Callable[..., str], workshop: Component, service: Service
) -> None:
    journal = doubtful(CREATE)
    with pytest.raises(JournalError, match=r'no write with an unknown outcome in step "Craete"') as caught:
        resume(journal, workshop, connections=service.connections, unknown={"Craete": "skip"})
    assert caught.value.hint == "Did you mean create?"
