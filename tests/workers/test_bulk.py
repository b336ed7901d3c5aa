"""Rows that are submitted in shards and performed by a worker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import JournalError, UsageError
from connector.journal.journals import reopen_journal
from connector.journal.past_runs import past_run
from connector.journal.writer import JournalWriter
from connector.workers import bulk, submit_each
from connector.workers.bulk import SubmittedRows, split
from tests.flows.support import ServerResponse, Service
from tests.workers.conftest import TIMEOUT, until

Each = Callable[..., SubmittedRows]
ROWS = [{"name": f"thing {number}"} for number in range(1, 8)]


@pytest.fixture
def each(database: str, workshop: Component, monkeypatch: pytest.MonkeyPatch) -> Each:
    monkeypatch.setattr(bulk, "ROWS", 3)

    def submit_rows(run_id: str, rows: Iterable[Mapping[str, Any]] = ROWS, **options: Any) -> SubmittedRows:
        options = {"profiles": {"": "Workshop"}, **options}
        return submit_each(workshop, "createThing", rows, database=database, id=run_id, **options)

    return submit_rows


def test_rows_are_split_by_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS", 3)
    shards = [(shard.run, shard.first, len(rows)) for shard, rows in split("r", ROWS)]
    assert shards == [("r.1", 1, 3), ("r.2", 4, 3), ("r.3", 7, 1)]
    monkeypatch.setattr(bulk, "BYTES", 30)
    assert [shard.rows for shard, _ in split("r", ROWS)] == [2, 2, 2, 1]
    assert list(split("r", [])) == []


@pytest.mark.usefixtures("worker")
def test_results_of_all_shards_come_in_the_order_of_the_rows(each: Each, service: Service) -> None:
    results = list(each("order").results(TIMEOUT))
    assert [result.row for result in results] == list(range(1, 8))
    assert {result.status for result in results} == {"done"}
    assert [result.to_dict()["payload"]["data"]["thing"]["name"] for result in results] == [row["name"] for row in ROWS]
    assert sorted(thing["name"] for thing in service.things.values()) == [row["name"] for row in ROWS]


@pytest.mark.usefixtures("worker")
def test_rows_that_are_submitted_again_are_not_performed_again(each: Each, service: Service) -> None:
    list(each("twice").results(TIMEOUT))
    assert len(list(each("twice").results(TIMEOUT))) == 7
    assert len(service.requests("POST")) == 7
    with pytest.raises(UsageError, match=r'^ID "twice" was used with other rows, another action'):
        each("twice", [{"name": "other"}])


@pytest.mark.usefixtures("worker")
def test_shard_ends_at_a_row_that_fails_and_goes_on_there(each: Each, service: Service) -> None:
    service.answers["POST"] = [ServerResponse({}, status=422)]
    submitted = each("failing", ROWS[:3])
    results = [result.to_dict() for result in submitted.results(TIMEOUT)]
    assert [result["status"] for result in results] == ["failed", "pending", "pending"]
    assert results[0]["error"]["type"] == "UnprocessableError"
    assert "error" not in results[2]
    assert submitted.submit_again() == ["failing.1"]
    assert [result.status for result in submitted.results(TIMEOUT)] == ["done"] * 3
    assert submitted.submit_again() == []
    assert len(service.requests("POST")) == 4


@pytest.mark.usefixtures("worker")
def test_run_that_keeps_going_performs_the_rows_after_one_that_fails(each: Each, service: Service) -> None:
    service.answers["POST"] = [ServerResponse({}, status=422), ServerResponse(cut=True)]
    results = list(each("going", ROWS[:3], on_error="keep-going").results(TIMEOUT))
    assert [result.status for result in results] == ["failed", "unknown", "done"]
    assert results[0].to_dict()["error"].items() >= {"status": 422, "method": "POST", "path": "/things"}.items()
    assert results[1].to_dict()["error"]["type"] == "OutcomeUnknownError"


@pytest.mark.usefixtures("worker")
def test_rows_of_a_shard_that_did_not_start_have_its_error(each: Each) -> None:
    results = [result.to_dict() for result in each("early", ROWS[:2], profiles={"": "missing"}).results(TIMEOUT)]
    assert [result["status"] for result in results] == ["pending", "pending"]
    assert results[0]["error"]["message"] == 'this worker has no profile "missing" for connection "workshop"'
    assert results[1]["error"]["hint"].startswith("Add it to the file of --profiles")


def test_write_of_a_worker_that_died_is_in_doubt_and_says_why(each: Each, database: str) -> None:
    submitted = each("killed", ROWS[:2], delay=3600)
    journal = reopen_journal(f"{database}#killed.1")
    writer = JournalWriter(journal)
    writer.write_started("rows.0/call", "call", "workshop.createThing", "", {})
    writer.ended("failed", "a write has an unknown outcome")
    journal.close()
    first, second = (result.to_dict() for result in submitted.results(TIMEOUT))
    assert (first["status"], second) == ("unknown", {"row": 2, "status": "pending"})
    assert first["error"]["message"] == "the worker ended between the request and its response"


def test_rows_of_a_shard_that_was_cancelled_after_a_failed_row_say_so(each: Each, database: str) -> None:
    submitted = each("halted", ROWS[:2], on_error="keep-going", delay=3600)
    journal = reopen_journal(f"{database}#halted.1")
    JournalWriter(journal).step_failed("rows.0/call", UsageError("no"), ignored=True, unknown=False)
    JournalWriter(journal).ended("cancelled", "cancelled")
    journal.close()
    assert [(row.status, row.error and row.error["message"]) for row in submitted.results(TIMEOUT)] == [
        ("failed", "no"),
        ("pending", "cancelled"),
    ]


@pytest.mark.usefixtures("worker")
def test_row_of_unknown_outcome_waits_for_a_decision(each: Each, service: Service, workshop: Component) -> None:
    service.answers["POST"] = [ServerResponse(cut=True), ServerResponse(cut=True)]
    submitted = each("doubtful", ROWS[:2])
    assert [result.status for result in submitted.results(TIMEOUT)] == ["unknown", "pending"]
    with pytest.raises(JournalError, match="with an unknown outcome"):
        submitted.submit_again(workshop, unknown={1: "stop"})
    submitted.submit_again(workshop, unknown={1: "skip"})
    assert [result.status for result in submitted.results(TIMEOUT)] == ["skipped", "unknown"]
    submitted.submit_again(workshop, unknown="retry")
    assert [result.status for result in submitted.results(TIMEOUT)] == ["skipped", "done"]
    assert len(service.requests("POST")) == 3


@pytest.mark.usefixtures("worker")
def test_row_leaves_out_inputs_that_it_does_not_have(each: Each, service: Service) -> None:
    list(each("sparse", [{"name": "a"}, {"name": "b", "kind": "round"}]).results(TIMEOUT))
    bodies = [json.loads(request.body) for request in service.requests("POST")]
    assert len(bodies) == 2
    assert "kind" not in bodies[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "x"}, 'on_error must be "stop" or "keep-going", got \'x\''),
        ({"rows": [{"name": "a"}, "b"]}, "row 2 must be inputs by key, got str"),
        ({"priority": 0}, "priority must be an integer"),
        ({"delay": -1}, "delay must be a number of seconds"),
        ({"profiles": {"Other": "x"}}, 'profiles: unknown connection "Other"'),
    ],
)
def test_invalid_argument_stores_no_shard(each: Each, database: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        each("ghost", **options)
    with pytest.raises(JournalError, match="unknown run"):
        past_run(f"{database}#ghost.1")


def test_shards_that_were_submitted_before_a_kill_are_not_submitted_twice(each: Each, database: str) -> None:
    def rows() -> Iterable[Mapping[str, Any]]:
        yield from ROWS[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each("half", rows(), delay=3600)
    assert past_run(f"{database}#half.1").status == "queued"
    submitted = each("half", delay=3600)
    assert [shard.run for shard in submitted.shards] == ["half.1", "half.2", "half.3"]
    until(lambda: past_run(f"{database}#half.3").status == "queued")
