"""The journal in PostgreSQL: fenced by its key, held by a lease, and patient with a database that is away."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import responses
import yaml

from connector.component.component import Component
from connector.component.context import Context
from connector.errors import JournalError, SetupError, StepError, UsageError
from connector.flows import Run, prune, resume, runs, settle, undo
from connector.flows.run.events import Event, RunEvent, StepEvent
from connector.hookspecs import hookimpl
from connector.journal import leases, postgres, postgres_address
from connector.journal.journals import create_journal, reopen_journal
from connector.journal.postgres import Database, PostgresJournal
from connector.journal.postgres_address import location_of, resolve_host, unresolved_hosts
from connector.journal.protocol import JournalExistsError, JournalHeldError
from connector.journal.waiting import reporting_waits
from connector.journal.writer import first_records
from connector.rest import Request, Response
from tests.flows import support
from tests.flows.support import ServerResponse, Service, document, flow_of, step
from tests.support.postgres import PostgresServer

Runs = Callable[..., Run]

CREATE = step("Create", "workshop.createThing", {"name": "a"})
LIST = step("List", "workshop.listThings")
TELL = step("Tell", "workshop.echo", {"value": "=create.results.thing.id"})
RECORDS = first_records({"id": "r", "flow": "Main", "integration": "Tests", "started": 1}, {"text": ""})
INTENT = {"type": "intent", "path": "w", "step": "", "action": "", "connection": "", "inputs": {}}


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    yield postgres.url
    database = Database(postgres.url)
    database.fetch("TRUNCATE connector_journal, connector_holders")
    database.close()


@pytest.fixture
def journal(url: str) -> Iterator[PostgresJournal]:
    created = PostgresJournal.create(url, "r", RECORDS)
    yield created
    created.close()


def die(journal: PostgresJournal) -> None:
    """Let the holder of a journal renew its lease no more, as if its machine were gone."""
    lease = journal._lease
    assert lease is not None
    journal._leases._all.pop(lease.id)


@pytest.fixture(autouse=True)
def own_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that renewed the leases of an earlier test may still wake up, and must not renew those of this one."""
    monkeypatch.setattr(leases, "_LEASES", {})


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1.5)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(postgres, "LEASE_SECONDS", 1.5)


def reopened(url: str, run: str = "r") -> PostgresJournal:
    """Wait for the end of the lease of the holder before."""
    until = time.monotonic() + 20
    while True:
        try:
            return PostgresJournal.reopen(url, run)
        except JournalHeldError:
            assert time.monotonic() < until
            time.sleep(0.02)


def test_run_has_one_journal(journal: PostgresJournal, url: str) -> None:
    with pytest.raises(JournalExistsError, match='run "r" already exists'):
        create_journal(url, "r", RECORDS)
    with pytest.raises(JournalHeldError, match="run r is still running"):
        reopen_journal(f"{url}#r")
    with pytest.raises(JournalError, match='unknown run "other"'):
        reopen_journal(f"{url}#other")
    journal.close()
    again = reopen_journal(url, "r")
    assert [record["type"] for _, record in again.records()] == ["run", "start"]
    again.close()


def test_two_processes_that_create_a_run_at_once_make_one(url: str) -> None:
    first, second = PostgresJournal(url, "r"), PostgresJournal(url, "r")
    first._begin(RECORDS)
    with pytest.raises(JournalExistsError):
        second._begin(RECORDS)
    first.close()
    second.close()
    assert len(list(postgres.read_history_records(url, "r"))) == 2


@pytest.mark.usefixtures("short_leases")
def test_run_is_taken_over_once_the_lease_of_its_holder_is_over(journal: PostgresJournal, url: str) -> None:
    die(journal)
    began = time.monotonic()
    second = reopened(url)
    assert time.monotonic() - began < 5
    second.append({"type": "resumed"}, "synced")
    with pytest.raises(JournalError, match="was taken over by another process"):
        journal.append(INTENT, "synced")
    second.append(INTENT, "synced")
    second.close()
    assert [record["type"] for _, record in postgres.read_history_records(url, "r")] == [
        "run",
        "start",
        "resumed",
        "intent",
    ]


@pytest.mark.usefixtures("short_leases")
def test_lease_is_renewed_while_the_process_lives(journal: PostgresJournal, url: str) -> None:
    time.sleep(2)
    journal.check_held()
    with pytest.raises(JournalHeldError):
        PostgresJournal.reopen(url, "r")


@pytest.mark.usefixtures("short_leases")
def test_lease_that_was_over_once_is_never_renewed(journal: PostgresJournal) -> None:
    lease = journal._lease
    assert lease is not None
    die(journal)
    time.sleep(1.7)
    journal._leases._all[lease.id] = lease  # the thread goes on, as after SIGCONT
    lease.renewed(leases.now())
    assert not lease.is_valid()
    assert not journal._leases.is_alive(lease.id)
    with pytest.raises(JournalError, match="was not renewed in time"):
        journal.check_held()


@pytest.mark.usefixtures("short_leases")
def test_holder_goes_on_after_its_lease_was_over_if_nobody_took_over(journal: PostgresJournal) -> None:
    die(journal)
    time.sleep(1.7)
    journal.append(INTENT, "synced")
    journal.check_held()
    assert [record["type"] for _, record in journal.records()] == ["run", "start", "intent"]


def test_of_two_that_take_over_a_run_the_first_to_record_wins(journal: PostgresJournal, url: str) -> None:
    journal.close()
    first, second = (PostgresJournal.reopen(url, "r") for _ in range(2))
    first.append({"type": "resumed"}, "synced")
    with pytest.raises(JournalHeldError, match="was taken over by another process"):
        second.append({"type": "resumed"}, "synced")
    first.close()
    second.close()


def test_record_whose_confirmation_was_lost_is_known_to_be_ours(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    fetch_once, lost = Database.fetch_once, [True]

    def losing(self: Database, statement: str, values: Any = ()) -> Any:
        rows = fetch_once(self, statement, values)
        if statement == postgres._INSERT and lost.pop():
            lost.append(False)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return rows

    monkeypatch.setattr(Database, "fetch_once", losing)
    journal.append(INTENT, "synced")
    journal.append({"type": "done", "path": "w", "results": 1}, "written")
    assert [seq for seq, _ in journal.records()] == [1, 2, 3, 4]


class Restart:
    """Stops the server when a step is done, and starts it when the run waits for it."""

    def __init__(self, server: PostgresServer, step: str = "") -> None:
        self.server = server
        self.step = step
        self.waits: list[RunEvent] = []
        self.guard = threading.Lock()

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepEvent) and (event.step, event.state) == (self.step, "done"):
            self.server.stop()
        if isinstance(event, RunEvent) and event.state == "waiting":
            with self.guard:  # the thread that writes the journal may wait too
                self.waits.append(event)
                if len(self.waits) == 1:
                    self.server.start()


def test_run_goes_on_while_the_database_restarts(
    postgres: PostgresServer, url: str, run: Runs, service: Service
) -> None:
    restart = Restart(postgres, "Create")
    done = run(CREATE, CREATE | {"name": "Again"}, TELL, journal=url, on_event=restart)
    assert done.results == {"value": "t1"}
    assert len(service.requests("POST")) == 2
    assert [(past.status, past.writes) for past in runs(url)] == [("done", 2)]
    wait = restart.waits[0]
    assert (wait.run, wait.journal, wait.seconds) == (done.id, done.journal, 60)
    assert wait.reason.startswith(f'database "{url}": ')


def test_run_starts_while_the_database_is_away(postgres: PostgresServer, url: str, run: Runs) -> None:
    postgres.stop()
    restart = Restart(postgres)
    assert run(LIST, journal=url, on_event=restart).status == "done"
    assert [(wait.run, wait.flow, wait.seconds) for wait in restart.waits] == [("", "Main", 60)]
    postgres.stop()
    assert run(LIST, journal=url, on_event=Restart(postgres), id="r").status == "done"


def test_database_that_stays_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "AWAY_SECONDS", 0.05)
    url = "postgresql://me:secret-password@127.0.0.1:1/x"
    with pytest.raises(
        JournalError, match=r'cannot use the database of journal "postgresql://me@127\.0\.0\.1:1/x"'
    ) as e:
        create_journal(url, "r", RECORDS)
    assert "secret-password" not in str(e.value)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("SSL connection has been closed unexpectedly", False),
        ("consuming input failed: SSL SYSCALL error: EOF detected", False),
        ("could not send SSL negotiation packet: Broken pipe", False),
        ("connection to server failed: FATAL:  the database system is starting up", False),
        ("server does not support SSL, but SSL was required", True),
        ("SSL error: certificate verify failed", True),
        ('FATAL:  password authentication failed for user "x"', True),
        ("permission denied for schema public", True),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "x", database "y", SSL encryption', True),
    ],
)
def test_connection_that_breaks_in_a_restart_comes_back(message: str, expected: bool) -> None:
    assert postgres.is_permanent(message) is expected


def test_database_that_does_not_exist_is_an_error_at_once(postgres: PostgresServer) -> None:
    began = time.monotonic()
    with pytest.raises(JournalError, match='database "missing" does not exist'):
        create_journal(postgres.url.replace("/postgres", "/missing"), "r", RECORDS)
    assert time.monotonic() - began < 10


class Stopped:
    """Comes once between the intent and the bytes of a write, and lasts longer than the lease, like SIGSTOP."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leases, "LEASE_SECONDS", 0.2)
        monkeypatch.setattr(leases, "RENEW_SECONDS", 60)
        self._monkeypatch = monkeypatch

    @hookimpl(wrapper=True)
    def send_request(self, context: Context, request: Request) -> Generator[None, Response, Response]:
        if request.method == "POST" and leases.LEASE_SECONDS < 60:
            time.sleep(0.3)
            self._monkeypatch.setattr(leases, "LEASE_SECONDS", 60)
        return (yield)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Component:
    component = support.workshop()  # of its own, since no plugin can be removed
    component.add_plugin(Stopped(monkeypatch))
    return component


@pytest.mark.parametrize("patched", [False, True], ids=["socket", "patched adapter"])
def test_nothing_is_sent_after_the_lease_was_over(
    url: str, service: Service, stopped: Component, patched: bool
) -> None:
    ignoring = {"errorHandlerType": "ignore"}
    flow = flow_of(CREATE | {"errorConfig": ignoring}, LIST)
    mocked = responses.RequestsMock() if patched else nullcontext()
    with mocked, pytest.raises(JournalError, match="was not renewed in time"):
        flow.run(stopped, connections=service.connections, journal=url)
    assert not service.server.requests


def test_nothing_is_sent_shortly_before_the_end_of_a_lease(journal: PostgresJournal) -> None:
    journal.check_held()
    lease = journal._lease
    assert lease is not None
    journal._leases._all.pop(lease.id)
    lease._end = leases.now() + leases.LEASE_SECONDS / 5

    with pytest.raises(JournalHeldError, match="was not renewed in time"):
        journal.check_held()


def test_run_with_an_id_is_resumed_after_its_lease_was_over(url: str, service: Service, stopped: Component) -> None:
    assert flow_of(CREATE, LIST).run(stopped, connections=service.connections, journal=url, id="r").status == "done"
    assert [request.method for request in service.server.requests] == ["POST", "GET"]


def test_notes_of_another_thread_renew_no_lease_that_is_over(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.01)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 60)
    journal = PostgresJournal.create(url, "r", RECORDS)
    assert journal._lease is not None
    while journal._lease.is_valid():
        time.sleep(0.01)
    journal.notes.append(("create", 1.0))

    journal._store_late()

    with pytest.raises(JournalError, match="was not renewed in time"):
        journal.check_held()
    assert len(list(postgres.read_history_records(url, "r"))) == len(RECORDS)
    journal.close()


def test_run_in_a_database_is_settled_resumed_and_undone(
    url: str, run: Runs, service: Service, workshop: Component
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    with pytest.raises(StepError) as caught:
        run(CREATE, TELL, journal=url)
    name = f"{url}#{caught.value.run.id}"
    assert caught.value.run.journal == name
    (past,) = runs(url)
    assert (past.status, past.unknown, past.journal) == ("failed", 1, name)
    service.things["t7"] = {"id": "t7"}
    settle(name, "Create", workshop, happened=True, results={"thing": {"id": "t7"}})
    assert resume(name, workshop, connections=service.connections).results == {"value": "t7"}
    assert len(undo(name, workshop, connections=service.connections).deleted) == 1
    assert [past.id for past in prune(0, place=url)] == [caught.value.run.id]
    assert runs(url) == []


def test_many_results_are_read_in_blocks(
    url: str, run: Runs, service: Service, workshop: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "PAGE_SIZE", 3)
    service.answers["POST"] = [ServerResponse({}, status=422)]
    echoes = [step(f"Echo {n}", "workshop.echo", {"value": str(n)}) for n in range(8)]
    with pytest.raises(StepError):
        run(*echoes, CREATE, journal=url)
    (past,) = runs(url)
    done = resume(past.journal, workshop, connections=service.connections, keep_values=True)
    steps = [done.steps[f"Echo {n}"] for n in range(8)]
    assert [(each.state, each.results) for each in steps] == [("reused", {"value": str(n)}) for n in range(8)]


def test_secrets_of_a_finished_run_are_removed(url: str, run: Runs) -> None:
    settings = {"password": "s3cret-of-the-customer"}
    create = step("Create", "workshop.createThing", {"name": "a", "settings": "=trigger.results.body.data"})
    run(create, payload=settings, journal=url)
    (past,) = runs(url)
    records = list(postgres.read_history_records(url, past.id))
    assert [record["type"] for _, record in records if record["type"] != "notes"] == [
        "run",
        "start",
        "intent",
        "done",
        "end",
    ]
    assert "s3cret-of-the-customer" not in str(records)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (
            "postgresql://me:pass@db.example:5433/flows?sslmode=verify-full",
            "postgresql://me@db.example:5433/flows?sslmode=verify-full",
        ),
        ("postgres:///flows?password=pass&user=me", "postgres:///flows?user=me"),
    ],
)
def test_location_has_no_password(url: str, location: str) -> None:
    assert location_of(url) == location


@pytest.mark.parametrize("query", ["", "?sslmode=require", "?sslmode=disable"])
def test_database_of_another_machine_needs_a_verified_certificate(query: str) -> None:
    with pytest.raises(UsageError, match=r'database on "db\.example" is used without a verified certificate'):
        create_journal(f"postgresql://me@db.example/x{query}", "r", RECORDS)
    Database("postgresql://me@db.example/x?sslmode=verify-full")


@pytest.mark.parametrize(
    ("url", "environment", "host"),
    [
        ("postgresql:///runs?host=db.example", {}, "db.example"),
        ("postgresql://u@localhost/runs?hostaddr=10.255.255.1", {}, "10.255.255.1"),
        ("postgresql://localhost,db.example/runs", {}, "db.example"),
        ("postgresql:///runs", {"PGHOST": "db.example"}, "db.example"),
        ("postgresql://u@localhost/runs", {"PGHOSTADDR": "10.255.255.1"}, "10.255.255.1"),
        ("postgresql://u@localhost/runs", {"PGSERVICE": "elsewhere"}, "10.255.255.1"),
        ("postgresql://u@localhost/runs?service=elsewhere", {"PGSSLMODE": "verify-full"}, "elsewhere"),
        ("postgresql://u@db.example/runs?sslmode=require", {"PGSSLMODE": "verify-full"}, "db.example"),
    ],
)
def test_every_way_to_name_another_machine_needs_a_verified_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], host: str
) -> None:
    services = tmp_path / "services"
    services.write_text("[elsewhere]\nhostaddr=10.255.255.1\n")
    for name, value in {"PGSERVICEFILE": str(services), **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f'database on "{re.escape(host)}" is used without a verified certificate'):
        Database(url)
    if "sslmode" not in url:
        Database(f"{url}{'&' if '?' in url else '?'}sslmode=verify-full")


def test_mode_in_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    Database("postgresql://me@db.example/x")


@pytest.mark.parametrize(
    "url", ["postgresql:///runs", "postgresql://[::1]/runs", "postgresql:///runs?host=/run/postgresql"]
)
def test_database_of_this_machine_needs_no_certificate(url: str) -> None:
    Database(url)


def test_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SetupError, match="needs psycopg") as caught:
        create_journal("postgresql://127.0.0.1/x", "r", RECORDS)
    assert "segment-connector[workers]" in caught.value.hint


def test_run_without_a_database_imports_nothing_for_one(tmp_path: Path) -> None:
    import subprocess

    flow = tmp_path / "flow.yaml"
    flow.write_text(yaml.safe_dump(document(step("Log", "log.writeLog", {"message": "a"}))))
    code = (
        "import sys; from connector.flows import Flow;"
        f"Flow.load({str(flow)!r}).run(connections={{}}, journal={str(tmp_path / 'x.jsonl')!r});"
        "names = {'psycopg', 'dbos', 'connector.journal.shared_gate', 'connector.journal.limit_stores'};"
        "print(names & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"


def test_no_value_is_persisted_after_the_lease_was_over(
    url: str, run: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.2)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 60)
    count = step("Count", "persist-data.incrementInstanceValue", {"keyInput": "n"})

    def dawdle(event: Event) -> None:
        if isinstance(event, StepEvent) and event.state == "running":
            time.sleep(0.3)

    with pytest.raises(StepError, match="was not renewed in time"):
        run(count, journal=url, on_event=dawdle, state=tmp_path / "state")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("me@db.example/x", []),
        ("me@db.exmaple/x", ["db.exmaple"]),
        ("me@db.exmaple:5432,other.example/x", ["db.exmaple", "other.example"]),
        ("me@db.exmaple,db.example/x", []),
        ("me@/x?host=db.exmaple", ["db.exmaple"]),
        ("me@/x?host=db.exmaple&hostaddr=10.0.0.1", []),
        ("me@db.exmaple/x?service=elsewhere", []),
        ("me@/x?host=/run/postgresql", []),
        ("me@db..example/x", ["db..example"]),
        ("me@/x", []),
    ],
)
def test_hosts_are_unresolved_if_no_name_is_known(
    monkeypatch: pytest.MonkeyPatch, address: str, hosts: list[str]
) -> None:
    def resolve(host: str, _port: None) -> list[str]:
        host.encode("idna")
        if host != "db.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [host]

    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(postgres_address, "socket", SimpleNamespace(getaddrinfo=resolve))
    assert unresolved_hosts(f"postgresql://{address}") == hosts


def test_name_of_a_host_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    unresolved = iter([["db.exmaple"], ["db.exmaple"], []])
    waits: list[tuple[float, str]] = []
    pauses: list[float] = []
    monkeypatch.setattr(postgres_address, "unresolved_hosts", lambda _url: next(unresolved))
    monkeypatch.setattr(postgres_address, "_RESOLVED", set())
    url = "postgresql://me:p4ss@db.exmaple/x"
    with reporting_waits(lambda seconds, reason: waits.append((seconds, reason))):
        for _ in range(2):  # it is not looked up again
            resolve_host(url, pauses.append)
    assert waits == [(5, 'database "postgresql://me@db.exmaple/x": cannot resolve host "db.exmaple"')]
    assert pauses == [0.5, 0.5]


def test_wait_for_the_name_of_a_host_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_address, "unresolved_hosts", lambda _url: ["db.exmaple"])
    monkeypatch.setattr(postgres_address, "_RESOLVED", set())
    url = "postgresql://me@db.exmaple/x"
    resolve_host(url, lambda _seconds: True)
    monkeypatch.setattr(postgres_address, "NAME_SECONDS", 0)
    with pytest.raises(JournalError, match=r'cannot resolve host "db\.exmaple" of the database'):
        resolve_host(url)
    resolve_host("sqlite:///runs.sqlite")
