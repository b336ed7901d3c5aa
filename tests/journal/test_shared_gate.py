"""The gate that processes share: in SQLite and PostgreSQL, and used by every run whose journal is there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.component.connections import Connection
from connector.component.shared_limits import shared_gate
from connector.errors import JournalError, RateLimitError, StepError
from connector.flows import Run, undo
from connector.flows.run.events import Event, RunEvent, StepEvent
from connector.journal import postgres as postgres_journal
from connector.journal.journals import database_of, reopen_journal
from connector.journal.leases import now
from connector.journal.limit_queue import SPARE
from connector.journal.limit_stores import LimitStore, PostgresLimits, SqliteLimits, limit_store
from connector.journal.postgres import Database
from connector.journal.reader import read_history
from connector.journal.shared_gate import SharedGate
from connector.rest.rate_limits import new_ticket
from tests.flows.support import TOKEN, ServerResponse, Service, step
from tests.support.postgres import PostgresServer

Runs = Callable[..., Run]

CREATE = step("Create", "workshop.createThing", {"name": "a"})
LIST = step("List", "workshop.listThings")


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    yield postgres.url
    database = Database(postgres.url)
    database.fetch("TRUNCATE connector_journal, connector_holders, connector_limits")
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/runs.db"
    server_url: str = request.getfixturevalue("postgres_url")
    return server_url


def opened(url: str) -> LimitStore:
    """Open a store of its own, as another process does."""
    database = database_of(url)
    return PostgresLimits(url) if database is None else SqliteLimits(database[0])


@pytest.fixture
def stores(url: str) -> Iterator[list[LimitStore]]:
    two = [opened(url), opened(url)]
    yield two
    for store in two:
        store.close()


@pytest.fixture
def gates(stores: list[LimitStore]) -> list[SharedGate]:
    """The gates of two processes for one token and an operation with two requests per minute."""
    return [SharedGate(store, "token", lambda key: [(2, 60.0)] if key == "limited" else []) for store in stores]


def limited() -> str:
    return "limited"


def seconds_to_wait(gate: SharedGate, own_limit: Callable[[], str] = limited) -> float:
    """Ask for a new call and, if it may go, send it."""
    ticket = new_ticket()
    seconds = gate.delay(ticket, own_limit)
    if not seconds:
        gate.sent(ticket, own_limit)
        gate.leave(ticket, own_limit)
    return seconds


def test_published_limit_holds_for_all_processes_together(gates: list[SharedGate]) -> None:
    one, two = gates
    assert [seconds_to_wait(one), seconds_to_wait(two)] == [0, 0]
    waits = [seconds_to_wait(gate) for gate in (one, two, two)]
    assert [50 < wait < 61 + SPARE for wait in waits] == [True, True, False]
    assert waits[2] > 100
    assert seconds_to_wait(one, str) == 0


def test_rate_limit_that_one_process_meets_holds_all(gates: list[SharedGate]) -> None:
    one, two = gates
    assert seconds_to_wait(two, str) == 0
    one.hold(new_ticket(), 30, str)
    waits = [seconds_to_wait(two, str), seconds_to_wait(one, str)]
    assert [20 < wait < 31 for wait in waits] == [True, True]
    assert seconds_to_wait(two) == 0


def test_call_that_is_sent_again_needs_another_turn(gates: list[SharedGate]) -> None:
    gate, ticket = gates[0], new_ticket()
    assert gate.delay(ticket, limited) == 0
    assert gate.delay(ticket, limited) == 0
    gate.sent(ticket, limited)
    assert seconds_to_wait(gate) == 0, "the first call has used one turn"
    assert gate.delay(ticket, limited) > 50


def test_turn_that_is_not_used_at_once_still_counts(gates: list[SharedGate], monkeypatch: pytest.MonkeyPatch) -> None:
    gate, ticket = gates[0], new_ticket()
    assert gate.delay(ticket, limited) == 0
    passed = now()
    monkeypatch.setattr("connector.journal.shared_gate.now", lambda: passed + 1)
    assert gate.delay(ticket, limited) == 0
    assert seconds_to_wait(gates[1]) > 50, "both turns are used"


def test_call_that_gives_up_leaves_its_turn_to_the_next(gates: list[SharedGate]) -> None:
    one, two = gates
    assert [seconds_to_wait(one), seconds_to_wait(one)] == [0, 0]
    ticket = new_ticket()
    wait = one.delay(ticket, limited)
    one.leave(ticket, limited)
    assert seconds_to_wait(two) <= wait


def test_salt_is_the_same_for_all(stores: list[LimitStore]) -> None:
    assert stores[0].salt() == stores[1].salt()
    assert len(stores[0].salt()) == 16


def connection_of(component: Component, token: str, host: str = "http://127.0.0.1:1") -> Connection:
    return Connection(component.connection(None), {"apiKey": token, "baseUrl": host})


def test_tokens_and_hosts_have_gates_of_their_own(stores: list[LimitStore], workshop: Component) -> None:
    store = stores[0]

    def gate(token: str, host: str = "http://127.0.0.1:1") -> SharedGate:
        created = shared_gate(store, workshop, connection_of(workshop, token, host))
        assert created is not None
        return created

    gate("a").hold(new_ticket(), 30, str)
    assert seconds_to_wait(gate("a"), str) > 0
    assert seconds_to_wait(gate("b"), str) == 0
    assert seconds_to_wait(gate("a", "http://127.0.0.1:2"), str) == 0


def test_connection_without_a_database_has_no_shared_gate(workshop: Component) -> None:
    assert shared_gate(None, workshop, connection_of(workshop, "a")) is None


def test_published_limits_come_from_the_description_of_the_api(stores: list[LimitStore], segment: Component) -> None:
    gate = shared_gate(stores[0], segment, connection_of(segment, "sgp_a"))
    assert gate is not None
    assert [seconds_to_wait(gate, lambda: "createDestinationSubscription") for _ in range(5)] == [0] * 5
    assert seconds_to_wait(gate, lambda: "createDestinationSubscription") > 50
    assert seconds_to_wait(gate, lambda: "createInvites") == 0


def test_processes_share_one_connection_to_the_database_per_process(url: str) -> None:
    with limit_store(url) as first, limit_store(url) as second:
        assert first is second
    with limit_store(url) as third:
        assert third is not first


def hold(url: str, workshop: Component, service: Service, seconds: float) -> None:
    """Meet a rate limit in another process."""
    with ExitStack() as stack:
        store = opened(url)
        stack.callback(store.close)
        gate = shared_gate(store, workshop, Connection(workshop.connection(None), service.connection["fields"]))
        assert gate is not None
        gate.hold(new_ticket(), seconds, str)


def release(url: str) -> None:
    """Let the time of all rate limits pass."""
    store = opened(url)
    for name, _ in all_rows(store):
        if "/" in name:
            store.change(name, lambda queue: setattr(queue, "open_at", 0.0))
            store.change(name, lambda queue: queue.slots.clear())
    store.close()


def read_types(run: Run) -> list[str]:
    """Return the types of the records of a run, without those about times."""
    journal = reopen_journal(str(run.journal))
    try:
        return [record["type"] for _, record in journal.records() if record["type"] != "notes"]
    finally:
        journal.close()


def waits_of(events: list[Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, StepEvent) and event.state == "waiting"]


def test_run_waits_before_its_intent_for_a_rate_limit_that_another_met(
    run: Runs, url: str, workshop: Component, service: Service, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(url, workshop, service, 60)
    intents: list[int] = []

    class Clock:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def sleep(seconds: float) -> None:
            assert 40 < seconds <= 61
            started = next(event for event in events if isinstance(event, RunEvent))
            intents.append(len(read_history(started.journal).intents))
            release(url)

    monkeypatch.setattr("connector.flows.run.executor.time", Clock)
    done = run(CREATE, journal=url)
    assert waits_of(events) == ["rate limit"]
    assert intents == [0]
    assert read_types(done) == ["run", "start", "intent", "done", "end"]
    assert len(service.requests("POST")) == 1


def test_read_waits_for_a_rate_limit_that_another_met(
    run: Runs,
    url: str,
    workshop: Component,
    service: Service,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold(url, workshop, service, 60)

    def sleep(seconds: float, _cancelled: object) -> bool:
        assert 40 < seconds <= 61
        assert service.requests("GET") == []
        release(url)
        return False

    monkeypatch.setattr("connector.rest.rate_limits.sleep", sleep)
    run(LIST, journal=url)
    assert waits_of(events) == ["rate limit"]
    assert len(service.requests("GET")) == 1


def test_run_without_a_database_does_not_ask_it(
    run: Runs, url: str, workshop: Component, service: Service, events: list[Event], state_home: Path
) -> None:
    hold(url, workshop, service, 60)
    assert run(LIST, CREATE).status == "done"
    assert waits_of(events) == []


def test_run_tells_the_others_of_its_rate_limit(run: Runs, url: str, service: Service) -> None:
    service.answers["POST"] = [ServerResponse({}, status=429, headers={"Retry-After": "60"})]
    for _ in range(2):
        with pytest.raises(StepError) as caught:
            run(CREATE, journal=url, max_wait=0)
        assert isinstance(caught.value.cause, RateLimitError)
    assert len(service.requests("POST")) == 1, "the second run sent nothing"


def test_undo_waits_for_a_rate_limit_that_another_met(
    run: Runs, url: str, workshop: Component, service: Service
) -> None:
    done = run(CREATE, journal=url)
    hold(url, workshop, service, 60)
    assert done.journal is not None
    result = undo(done.journal, workshop, connections=service.connections, max_wait=0)
    assert [type(error) for _, error in result.failed] == [RateLimitError]
    assert service.requests("DELETE") == []


def test_token_is_not_in_the_database(run: Runs, url: str, service: Service) -> None:
    service.answers["POST"] = [ServerResponse({}, status=429, headers={"Retry-After": "0"})]
    run(CREATE, journal=url)
    with limit_store(url) as store:
        rows = all_rows(store)
    assert any("/" in name for name, _ in rows)
    assert TOKEN not in json.dumps(rows)


def all_rows(store: LimitStore) -> list[tuple[str, str]]:
    if isinstance(store, SqliteLimits):
        rows = store._database.execute("SELECT name, content FROM limits").fetchall()
    else:
        assert isinstance(store, PostgresLimits)
        rows = store._database.fetch("SELECT name, content FROM connector_limits")
    return [(name, repr(bytes(content))) for name, content in rows]


def test_run_sends_nothing_while_the_database_is_away(
    run: Runs, postgres_url: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(_store: PostgresLimits, _name: str) -> tuple[float, float]:
        raise JournalError("the database is away")

    monkeypatch.setattr(PostgresLimits, "busy_until", is_away)
    with pytest.raises(StepError, match="the database is away") as caught:
        run(CREATE, journal=postgres_url)
    assert service.requests("POST") == []
    assert caught.value.run is not None
    assert read_types(caught.value.run) == ["run", "start", "failed", "end"]


def test_gate_waits_for_a_database_that_comes_back(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    store = PostgresLimits(postgres_url)
    gate = SharedGate(store, "returns", lambda _key: [(2, 60.0)])
    fetch_once, failures = Database.fetch_once, iter([psycopg.OperationalError("terminated")] * 2)

    def failing(self: Database, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        if (error := next(failures, None)) is not None:
            raise error
        return fetch_once(self, statement, values)

    monkeypatch.setattr(postgres_journal, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(Database, "fetch_once", failing)
    assert [seconds_to_wait(gate), seconds_to_wait(gate)] == [0, 0]
    assert seconds_to_wait(gate) > 50
    assert next(failures, None) is None
    store.close()
