"""Workers that stop, and workers whose database is away."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from connector.component.component import Component
from connector.journal import postgres as journal_postgres
from connector.journal import postgres_address
from connector.journal.past_runs import past_run
from connector.journal.postgres import Database
from connector.journal.postgres_address import location_of
from connector.journal.reader import read_history
from connector.workers import Worker, cancel, submit, wait
from connector.workers.queue import RunQueue
from tests.flows.support import Service, flow_of, step
from tests.support.postgres import PostgresServer
from tests.workers.conftest import TIMEOUT, until, working

CREATE = step("Create", "workshop.createThing", {"name": "=trigger.results.body.data.name"})
LIST = step("List", "workshop.listThings")
PAYLOAD = {"name": "a"}


def test_worker_that_is_stopped_leaves_its_runs_to_the_next_one(
    tmp_path: Path, service: Service, workshop: Component
) -> None:
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    flow = flow_of(CREATE, step("Sleep", "sleep.sleep", {"ms": "3600000"}), LIST)
    submit(flow, workshop, database=database, id="long", payload=PAYLOAD)
    with working(database, service, workshop):
        until(lambda: read_history(f"{database}#long").writes)
    assert past_run(f"{database}#long").status == "queued"
    queue = RunQueue(database)
    assert [place.status for place in queue.places("long")] == ["ENQUEUED"]
    queue.close()
    with working(database, service, workshop):
        until(lambda: past_run(f"{database}#long").status == "running")
        cancel("long", database=database)
    assert len(service.requests("POST")) == 1


def test_worker_waits_for_a_database_that_is_away(
    postgres: PostgresServer,
    service: Service,
    workshop: Component,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # The name of its host is resolved by the second attempt, and never again, which does not matter to a worker.
    unresolved = iter([["db.example"], []])
    submit(flow_of(CREATE), workshop, database=postgres.url, id="away", payload=PAYLOAD)
    postgres.stop()
    monkeypatch.setattr(postgres_address, "unresolved_hosts", lambda _url: next(unresolved, ["db.example"]))
    monkeypatch.setattr(postgres_address, "_RESOLVED", set())  # as in a process of its own
    is_ready = threading.Event()
    with working(postgres.url, service, workshop, ready=is_ready):
        try:
            assert not is_ready.wait(0.3)
        finally:
            postgres.start()
        assert wait("away", database=postgres.url, timeout=TIMEOUT).status == "done"
        postgres.stop()
        postgres.start()
        submit(flow_of(CREATE), workshop, database=postgres.url, id="back", payload=PAYLOAD)
        assert wait("back", database=postgres.url, timeout=TIMEOUT).status == "done"
    assert len(service.requests("POST")) == 2
    location = location_of(postgres.url)
    assert f'waiting for database "{location}": cannot resolve host "db.example"' in caplog.text
    assert journal_postgres.AWAY_SECONDS == 60
    database = Database(postgres.url)
    database.fetch("TRUNCATE connector_journal, connector_holders")
    database.close()


def test_worker_of_a_database_that_refuses_it_ends(postgres: PostgresServer, workshop: Component) -> None:
    worker = Worker(postgres.url.replace("/postgres", "/missing"), components=workshop)
    with pytest.raises(Exception, match="does not exist"):
        worker.run()
