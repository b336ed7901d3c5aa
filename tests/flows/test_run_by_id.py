"""Runs with an ID: started once, resumed, waited for, and returned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.component.component import Component
from connector.errors import FlowDeadlineError, FlowStoppedError, JournalError, StepError, UsageError
from connector.flows import Flow, Run, resume, runs, settle, undo
from connector.flows.run.events import StepEvent
from connector.journal import leases, postgres
from connector.journal.journals import create_journal, reopen_journal
from connector.journal.postgres import Database
from connector.journal.reader import read_history
from connector.journal.sqlite import SqliteJournal, read_records
from connector.journal.writer import first_records
from tests.flows.support import TOKEN, ServerResponse, Service, document, flow_of, step
from tests.support.amount import amount
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
FAILED = ServerResponse({"error": "no"}, status=422)
CREATE = step("Create", "workshop.createThing", {"name": "=trigger.results.body.data.name"})
FLOW = document(CREATE, step("Tell", "workshop.echo", {"value": "=create.results.thing.id"}))

Starts = Callable[..., Run]


@pytest.fixture(params=["default", "sqlite", "postgres"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[bool | str]:
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        yield server.url
        database = Database(server.url)
        database.fetch("TRUNCATE connector_journal, connector_holders")
        database.close()
    else:
        yield True if request.param == "default" else f"sqlite:///{tmp_path}/runs.sqlite"


@pytest.fixture
def start(workshop: Component, service: Service, journal: bool | str) -> Starts:
    def start_run(run_id: str = "order-1", *, flow: Flow | None = None, **options: Any) -> Run:
        defaults = {"connections": service.connections, "payload": {"name": "a"}, "journal": journal}
        return (flow or Flow.parse(yaml.safe_dump(FLOW))).run(workshop, id=run_id, **{**defaults, **options})

    return start_run


def test_second_start_returns_what_the_first_returned(start: Starts, service: Service) -> None:
    first, second = start(), start()
    assert first.id == second.id == "order-1"
    assert second.results == first.results == {"value": "t1"}
    assert (second.status, second.journal) == ("done", first.journal)
    assert len(service.requests("POST")) == 1


def test_response_of_stop_execution_is_returned_again(start: Starts) -> None:
    stop = step("Stop", "stop-execution.stopExecution", {"statusCode": "201", "jsonBody": '{"a": 1}'})
    responses = [start(flow=flow_of(stop)).response for _ in range(2)]
    assert responses[0] == responses[1]
    assert responses[1] is not None
    assert responses[1]["statusCode"] == 201


def test_start_resumes_a_failed_run(start: Starts, service: Service) -> None:
    service.answers["GET"] = [FAILED]
    flow = flow_of(CREATE, step("List", "workshop.listThings"))
    with pytest.raises(StepError):
        start(flow=flow)
    assert start(flow=flow).status == "done"
    assert len(service.requests("POST")) == 1


def test_other_ids_are_other_runs(start: Starts, service: Service) -> None:
    assert [start(run_id).id for run_id in ("a", "b")] == ["a", "b"]
    assert len(service.requests("POST")) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"payload": {"name": "b"}},
        {"headers": {"x": "y"}},
        {"query": {"x": "y"}},
        {"flow": flow_of(CREATE)},
    ],
)
def test_id_of_another_flow_or_payload_is_rejected(start: Starts, service: Service, other: dict[str, Any]) -> None:
    start()
    with pytest.raises(UsageError, match='run ID "order-1" was used with another flow'):
        start(**other)
    assert len(service.requests("POST")) == 1


@pytest.mark.parametrize("run_id", ["", ".", "../x", "a/b", "a b", "x" * 129, "-x", "ü", "a\n"])
def test_invalid_id_is_rejected(start: Starts, run_id: str, service: Service) -> None:
    with pytest.raises(UsageError, match="invalid run ID"):
        start(run_id)
    assert not service.server.requests


def test_id_needs_a_journal(start: Starts) -> None:
    with pytest.raises(UsageError, match="needs a journal"):
        start(journal=False)


def test_write_of_unknown_outcome_is_reported_until_it_is_settled(
    start: Starts, service: Service, workshop: Component, journal: bool | str
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    with pytest.raises(StepError):
        start()
    with pytest.raises(JournalError, match="with an unknown outcome"):
        start()
    (past,) = runs(None if journal is True else str(journal))
    settle(past.journal, "Create", workshop, happened=True, results={"thing": {"id": "t7"}})
    assert start().results == {"value": "t7"}
    assert len(service.requests("POST")) == 1


def test_start_waits_for_a_run_that_goes_on(start: Starts, service: Service) -> None:
    entered, release = threading.Event(), threading.Event()

    def hold(event: object) -> None:
        if isinstance(event, StepEvent) and event.step == "Tell" and event.state == "running":
            entered.set()
            release.wait(20)

    first = threading.Thread(target=start, kwargs={"on_event": hold})
    first.start()
    assert entered.wait(20)
    with pytest.raises(FlowDeadlineError, match='while another process runs "order-1"'):
        start(deadline=0.15)
    threading.Timer(0.3, release.set).start()
    assert start().results == {"value": "t1"}
    first.join()
    assert len(service.requests("POST")) == 1


CHILD = """
import os, sys
from connector.flows import Flow
from tests.flows.support import CONNECTION, TOKEN, workshop
file, url, base_url, processes, starts = sys.argv[1:]
component, flow = workshop(), Flow.load(file)
connections = {CONNECTION: {"fields": {"apiKey": TOKEN, "baseUrl": base_url}}}
journal = True if url == "file" else url
others = []
for _ in range(int(processes) - 1):
    others.append(os.fork())
    if not others[-1]:
        others = []
        break
for _ in range(int(starts)):
    run = flow.run(component, id="order-1", journal=journal, connections=connections, payload={"name": "a"})
    assert run.results == {"value": "t1"}, run
sys.exit(any(os.waitpid(process, 0)[1] for process in others))
"""
AMOUNTS = str(amount(4, 2)), str(amount(5, 2))  # processes, and starts of each


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_processes_that_start_one_id_at_once_make_one_run(
    service: Service, journal: bool | str, tmp_path: Path
) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(yaml.safe_dump(FLOW))
    url = "file" if journal is True else str(journal)
    command = [sys.executable, "-c", CHILD, str(file), url, service.server.url, *AMOUNTS]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert len(service.requests("POST")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_start_resumes_a_run_whose_process_was_killed(
    service: Service, start: Starts, journal: bool | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(yaml.safe_dump(FLOW))
    service.answers["POST"] = [ServerResponse({}, hang=60)]
    url = "file" if journal is True else str(journal)
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(file), url, service.server.url, "1", "1"], cwd=ROOT)
    until = time.monotonic() + 30
    while not service.requests("POST") and time.monotonic() < until:
        time.sleep(0.01)
    place = None if journal is True else str(journal)
    assert [past.status for past in runs(place)] == ["running"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    if str(journal).startswith("postgresql"):
        monkeypatch.setattr(leases, "LEASE_SECONDS", 0.1)  # its lease would be over after five seconds
        monkeypatch.setattr(postgres, "LEASE_SECONDS", 0.1)
        time.sleep(1.2)  # longer than its last renewal can be ago
    assert [(past.status, past.unknown) for past in runs(place)] == [("killed", 1)]
    with pytest.raises(JournalError, match="with an unknown outcome"):
        start(flow=Flow.load(file))


def test_run_in_a_database_is_resumed_and_undone_by_its_url(
    start: Starts, service: Service, workshop: Component, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/more.sqlite"
    service.answers["GET"] = [FAILED]
    flow = flow_of(CREATE, step("List", "workshop.listThings"))
    with pytest.raises(StepError):
        start(flow=flow, journal=url)
    (past,) = runs(url)
    assert (past.id, past.status, past.finished, past.writes) == ("order-1", "failed", 1, 1)
    assert past.journal == f"{url}#order-1"
    assert resume(past.journal, workshop, connections=service.connections).status == "done"
    assert [write.step for write in undo(past.journal, workshop, connections=service.connections).deleted] == ["Create"]
    assert service.things == {}
    for unknown in (f"{url}#other", f"sqlite:///{tmp_path}/missing.sqlite#x"):
        with pytest.raises(JournalError, match="unknown run"):
            resume(unknown, workshop, connections=service.connections)
    assert not (tmp_path / "missing.sqlite").exists()


def test_file_that_is_not_a_database_is_named(start: Starts, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x" * 5000)
    with pytest.raises(JournalError, match="file is not a database"):
        start(journal=f"sqlite:///{tmp_path}/mine")
    assert (tmp_path / "mine").read_text() == "x" * 5000
    with pytest.raises(UsageError, match=r'invalid journal "sqlite:///"'):
        start(journal="sqlite:///")


def test_database_of_journals_is_private_and_has_no_credentials(start: Starts, tmp_path: Path) -> None:
    start(journal=f"sqlite:///{tmp_path}/private/runs.sqlite")
    files = [path for path in (tmp_path / "private").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        assert TOKEN.encode() not in path.read_bytes()


def journal_of(file: Path) -> SqliteJournal:
    return SqliteJournal.create(file, "x", first_records({"id": "x"}, {}))


def test_process_that_lost_a_run_can_record_nothing_more(tmp_path: Path) -> None:
    file = tmp_path / "runs.sqlite"
    first = journal_of(file)
    for claim in (tmp_path / "runs.sqlite.locks").iterdir():
        claim.unlink()  # as if the first process had been away for long, and its claim had lapsed
    second = SqliteJournal.reopen(file, "x")
    second.append({"type": "resumed"}, "synced")
    with pytest.raises(JournalError, match="was taken over by another process"):
        first.append({"type": "intent", "path": "a"}, "synced")
    first.append({"type": "done", "path": "b"}, "later")
    first.close()
    second.close()
    assert [record["type"] for _, record in read_records(file, "x")] == ["run", "start", "resumed"]


@pytest.mark.parametrize(
    ("count", "stored"),
    [(1, 0), (199, 0), (200, 200)],
)
def test_reads_are_stored_in_batches(tmp_path: Path, count: int, stored: int) -> None:
    first = journal_of(tmp_path / "runs.sqlite")
    for number in range(count):
        first.append({"type": "done", "path": f"p{number}", "results": 1}, "later")
    assert len(read_history(f"sqlite:///{tmp_path}/runs.sqlite#x").finished) == stored
    first.append({"type": "intent", "path": "w", "step": "", "action": "", "connection": "", "inputs": {}}, "synced")
    assert len(read_history(f"sqlite:///{tmp_path}/runs.sqlite#x").finished) == count
    first.close()


def test_reads_are_stored_after_a_while_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.journal.buffered.LATER_DELAY", 0.01)
    name = f"sqlite:///{tmp_path}/runs.sqlite#x"
    first = journal_of(tmp_path / "runs.sqlite")
    first.append({"type": "done", "path": "a", "results": 1}, "later")
    until = time.monotonic() + 20
    while not read_history(name).finished and time.monotonic() < until:
        time.sleep(0.01)
    assert read_history(name).finished.keys() == {"a"}
    first.append({"type": "done", "path": "b", "results": 1}, "later")
    first.close()
    assert read_history(name).finished.keys() == {"a", "b"}


def test_journal_of_an_id_exists_whole_or_not_at_all(tmp_path: Path, journal: bool | str) -> None:
    place = tmp_path / "x.jsonl" if journal is True else str(journal)
    created = create_journal(place, "x", first_records({"id": "x"}, {"text": "t" * 100_000}))
    with pytest.raises(JournalError):
        create_journal(place, "x", first_records({"id": "x"}, {}))
    with pytest.raises(JournalError, match="is still running"):
        reopen_journal(place, "x")
    created.close()
    again = reopen_journal(place, "x")
    assert [record["type"] for _, record in again.records()] == ["run", "start"]
    again.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the names of open files are not known")
def test_results_of_a_write_are_on_the_disk_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_of(tmp_path / "runs.sqlite")
    synced: list[str] = []
    monkeypatch.setattr("os.fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink().name))
    journal.append({"type": "done", "path": "a", "results": 1}, "written")
    assert synced == []
    until = time.monotonic() + 20
    while not synced and time.monotonic() < until:
        time.sleep(0.01)
    assert synced == ["runs.sqlite-wal"]
    journal.close()


def test_run_that_its_caller_stops_goes_on_later(start: Starts, service: Service, journal: bool | str) -> None:
    stop = threading.Event()

    def stop_after_create(event: object) -> None:
        if isinstance(event, StepEvent) and event.step == "Create" and event.state == "done":
            stop.set()

    with pytest.raises(FlowStoppedError, match="run was stopped before its end"):
        start(on_event=stop_after_create, stop=stop)
    assert [past.status for past in runs(None if journal is True else str(journal))] == ["killed"]
    with pytest.raises(FlowStoppedError):
        start(stop=stop)
    assert start().results == {"value": "t1"}
    assert len(service.requests("POST")) == 1
