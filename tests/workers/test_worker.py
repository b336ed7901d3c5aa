"""Runs that are submitted to a database and performed by a worker."""

from __future__ import annotations

import itertools
import logging
import re
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import JournalError, UsageError
from connector.flows import resume, runs, settle, timeline, undo
from connector.flows.run.prepare import check_flow
from connector.flows.run.submitted import perform_submitted, store_submission
from connector.flows.steps.trigger import webhook_request
from connector.journal.past_runs import PastRun, past_run
from connector.journal.reader import read_history
from connector.journal.writer import JournalWriter
from connector.workers import Worker, cancel, submit, submit_again, wait
from connector.workers.queue import RunQueue
from tests.flows.support import TOKEN, ServerResponse, Service, flow_of, step
from tests.support.server import ReceivedRequest
from tests.workers.conftest import TIMEOUT, Submit, file_contents, until

CREATE = step("Create", "workshop.createThing", {"name": "=trigger.results.body.data.name"})
LIST = step("List", "workshop.listThings")
FLOW = flow_of(CREATE, step("Tell", "workshop.echo", {"value": "=create.results.thing.id"}))
LISTING = flow_of(CREATE, LIST)
WAITING = flow_of(
    step("Sleep", "sleep.sleep", {"ms": "3600000"}),
    CREATE,
)
FAILED = ServerResponse({"error": "no"}, status=422)
PAYLOAD = {"name": "a"}


@pytest.mark.usefixtures("worker")
def test_submitted_run_is_performed_with_the_connection_of_the_worker(
    submitted: Submit, database: str, service: Service
) -> None:
    assert submitted(FLOW, "order-1", payload=PAYLOAD).id == "order-1"
    run = wait("order-1", database=database, timeout=TIMEOUT)
    assert (run.status, run.writes, run.error) == ("done", 1, "")
    history = read_history(f"{database}#order-1")
    assert history.run_results == {"value": next(iter(service.things))}
    host = service.server.url.removeprefix("http://")
    assert timeline(f"{database}#order-1").resumed == []
    assert history.header["connections"] == {"Workshop": {"component": "workshop", "key": "key", "host": host}}
    assert TOKEN.encode() not in file_contents(database)


@pytest.mark.usefixtures("worker")
def test_same_id_again_makes_no_second_run(submitted: Submit, database: str, service: Service) -> None:
    for _ in range(3):
        submitted(FLOW, "same", payload=PAYLOAD)
    wait("same", database=database, timeout=TIMEOUT)
    assert submitted(FLOW, "same", payload=PAYLOAD).status == "done"
    assert len(service.requests("POST")) == 1
    with pytest.raises(UsageError, match='run ID "same" was used with another flow'):
        submitted(FLOW, "same", payload={"name": "b"})


@pytest.mark.usefixtures("worker")
def test_failed_run_goes_on_when_it_is_submitted_again(
    submitted: Submit, database: str, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "connector.workers")
    service.answers["GET"] = [FAILED]
    submitted(LISTING, "failing", payload=PAYLOAD)
    failed = wait("failing", database=database, timeout=TIMEOUT)
    assert failed.status == "failed"
    until(lambda: any("run failing: failed: " in message for message in caplog.messages))
    assert 'step "List"' in next(message for message in caplog.messages if "run failing: failed" in message)
    assert 'step "List"' in failed.error
    assert submit_again("failing", database=database).status in {"queued", "running", "done"}
    assert wait("failing", database=database, timeout=TIMEOUT).status == "done"
    assert len(service.requests("POST")) == 1
    assert len(timeline(f"{database}#failing").resumed) == 1
    with pytest.raises(JournalError, match="has already finished"):
        submit_again("failing", database=database)


@pytest.mark.usefixtures("worker")
def test_write_of_unknown_outcome_ends_the_run_until_it_is_settled(
    submitted: Submit, database: str, service: Service, workshop: Component
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    submitted(FLOW, "doubtful", payload=PAYLOAD)
    failed = wait("doubtful", database=database, timeout=TIMEOUT)
    assert (failed.status, failed.unknown) == ("failed", 1)
    with pytest.raises(JournalError, match=r'with an unknown outcome(.|\n)*in step "Create" .name "a".'):
        submit_again("doubtful", workshop, database=database)
    assert past_run(f"{database}#doubtful").status == "failed"
    settle(failed.journal, "Create", workshop, happened=True, results={"thing": {"id": "t7"}})
    submit_again("doubtful", database=database)
    assert wait("doubtful", database=database, timeout=TIMEOUT).status == "done"
    assert read_history(failed.journal).run_results == {"value": "t7"}
    assert len(service.requests("POST")) == 1


@pytest.mark.usefixtures("worker")
def test_decision_to_retry_is_recorded_with_the_submission(
    submitted: Submit, database: str, service: Service, workshop: Component
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    submitted(FLOW, "retried", payload=PAYLOAD)
    wait("retried", database=database, timeout=TIMEOUT)
    submit_again("retried", workshop, database=database, unknown="retry")
    assert wait("retried", database=database, timeout=TIMEOUT).status == "done"
    assert len(service.requests("POST")) == 2


@pytest.mark.usefixtures("worker")
def test_cancelled_run_ends_in_its_wait_and_can_go_on(submitted: Submit, database: str, service: Service) -> None:
    submitted(WAITING, "waiting", payload=PAYLOAD)
    until(lambda: past_run(f"{database}#waiting").status == "running")
    assert cancel("waiting", database=database).status == "cancelled"
    assert not service.requests("POST")
    with pytest.raises(JournalError, match="has already ended: cancelled"):
        cancel("waiting", database=database)
    submit_again("waiting", database=database)
    until(lambda: past_run(f"{database}#waiting").status == "running")
    cancel("waiting", database=database)


def test_worker_that_gets_its_own_run_again_performs_it_once(
    submitted: Submit, worker: Worker, database: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_taken_twice, executions = threading.Event(), []

    def answer(request: ReceivedRequest) -> ServerResponse:
        is_taken_twice.wait(TIMEOUT)
        return service.answer(request)

    def perform(*arguments: Any) -> PastRun:
        executions.append(arguments)
        if len(executions) == 2:
            is_taken_twice.set()
        return perform_submitted(*arguments)

    monkeypatch.setattr("connector.workers.worker.perform_submitted", perform)
    monkeypatch.setattr(service.server, "script", answer)
    submitted(FLOW, "again", payload=PAYLOAD)
    until(lambda: service.requests("POST"))
    with closing(RunQueue(database)) as queue:
        queue.give_back("again")  # as another worker does, for which this one seems to be dead
        until(lambda: not queue.places("again")[0].is_open)
        assert [(place.status, place.worker) for place in queue.places("again")] == [("SUCCESS", worker.id)]
    assert past_run(f"{database}#again").status == "done"
    assert (len(executions), len(service.requests("POST"))) == (2, 1)


@pytest.mark.usefixtures("worker")
def test_execution_that_loses_its_run_at_the_end_waits_for_what_becomes_of_it(
    submitted: Submit, database: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, attempts = JournalWriter.ended, itertools.count()

    def end(self: JournalWriter, *arguments: Any, **options: Any) -> None:
        if next(attempts):
            ended(self, *arguments, **options)

    monkeypatch.setattr(JournalWriter, "ended", end)
    submitted(FLOW, "lost", payload=PAYLOAD)
    assert wait("lost", database=database, timeout=TIMEOUT).status == "done"
    with closing(RunQueue(database)) as queue:
        until(lambda: not queue.places("lost")[0].is_open)
        assert queue.places("lost")[0].status == "SUCCESS"
    assert len(service.requests("POST")) == 1


def test_run_that_was_never_taken_can_be_cancelled(submitted: Submit, database: str) -> None:
    assert submitted(FLOW, "later", payload=PAYLOAD, delay=3600).status == "queued"
    assert [run.id for run in runs(database, status="queued")] == ["later"]
    assert cancel("later", database=database).status == "cancelled"


@pytest.mark.usefixtures("worker")
def test_profile_is_named_by_the_submission(submitted: Submit, database: str) -> None:
    for profile, status in (("other", "done"), ("missing", "failed")):
        submitted(FLOW, f"as-{profile}", payload=PAYLOAD, profiles={"Workshop": profile})
        run = wait(f"as-{profile}", database=database, timeout=TIMEOUT)
        assert run.status == status
    assert 'this worker has no profile "missing" for connection "Workshop"' in run.error


@pytest.mark.usefixtures("worker")
def test_run_is_undone_by_its_id(
    submitted: Submit, database: str, service: Service, workshop: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_DATABASE", database)
    submitted(FLOW, "undone", payload=PAYLOAD)
    wait("undone", timeout=TIMEOUT)
    assert [write.step for write in undo("undone", workshop, connections=service.connections).deleted] == ["Create"]
    assert not service.things
    with pytest.raises(JournalError, match="was undone and cannot be resumed"):
        resume("undone", workshop, connections=service.connections)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"priority": 0}, "priority must be an integer from 1 to 2147483647, got 0"),
        ({"priority": True}, "priority must be an integer from 1 to 2147483647, got True"),
        ({"delay": "5m"}, "delay must be a number of seconds, 0 or more, got '5m'"),
        ({"delay": -1}, "delay must be a number of seconds, 0 or more, got -1"),
        ({"delay": float("nan")}, "delay must be a number of seconds, 0 or more, got nan"),
        ({"profiles": {"Workshpo": "other"}}, 'profiles: unknown connection "Workshpo"'),
        ({"profiles": {"Workshop": None}}, "profiles must be names of profiles by the name of the connection"),
    ],
)
def test_invalid_argument_stores_no_run(
    submitted: Submit, database: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        submitted(FLOW, "ghost", **options)
    with pytest.raises(JournalError, match='unknown run "ghost"'):
        past_run(f"{database}#ghost")


def test_flow_with_stubs_cannot_be_submitted(database: str, workshop: Component) -> None:
    checked = check_flow(FLOW.integration, FLOW.definition(), {"workshop": workshop}, {}, stubs={"Create": {}})
    with pytest.raises(UsageError, match="stubs and submitted runs"):
        store_submission(checked, webhook_request(PAYLOAD), database=database, run_id="stubbed", profiles={})


def test_run_that_was_not_submitted_is_not_queued(database: str, service: Service, workshop: Component) -> None:
    FLOW.run(workshop, id="mine", journal=database, payload=PAYLOAD, connections=service.connections)
    with pytest.raises(JournalError, match="run mine was not submitted"):
        submit_again("mine", database=database)
    with pytest.raises(UsageError, match='run ID "mine" was used'):
        submit(FLOW, workshop, database=database, id="mine", payload=PAYLOAD)


@pytest.mark.usefixtures("worker")
def test_second_worker_in_a_process_is_rejected(database: str, service: Service, workshop: Component) -> None:
    with pytest.raises(UsageError, match="this process has a worker already"):
        Worker(database, components=workshop).run()


def test_database_must_be_one() -> None:
    with pytest.raises(UsageError, match="invalid database"):
        Worker("mysql://x")


def test_files_of_the_queue_are_private(database: str, submitted: Submit) -> None:
    submitted(FLOW, "private", payload=PAYLOAD, delay=3600)
    for path in Path(database.removeprefix("sqlite:///")).parent.rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0, path
    cancel("private", database=database)
