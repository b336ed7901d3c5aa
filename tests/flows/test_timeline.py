"""The timeline of a run, from its journal: also of one that another process runs, or that was killed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import JournalError, StepError
from connector.flows import Flow, Run, follow_run, resume, timeline
from connector.flows.run.events import Event, RunEvent, StepEvent
from connector.flows.run.submitted import end_run
from connector.journal.file import FileJournal
from connector.journal.journals import create_journal
from connector.journal.protocol import VERSION
from tests.flows.support import ServerResponse, Service, branches, flow_of, mappings, step
from tests.support.postgres import PostgresServer

Runs = Callable[..., Run]

RETRY = {"errorHandlerType": "retry", "maxAttempts": 2, "delaySeconds": 0}
IGNORE = {"errorHandlerType": "ignore"}


@pytest.fixture(params=["file", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.url
    return f"sqlite:///{tmp_path}/runs.sqlite" if request.param == "sqlite" else str(tmp_path / "run.jsonl")


def write_journal(path: Path, *records: dict[str, Any], flow: Flow, **more: Any) -> Path:
    header = {"type": "run", "version": VERSION, "id": "r", "integration": "I", "flow": flow.flows[0], "started": 100.0}
    header |= more
    start = {"type": "start", "source": "flow.yaml", "text": flow.integration.text}
    path.write_text("".join(json.dumps(record) + "\n" for record in (header, start, *records)))
    return path


def test_run_has_its_timeline_afterwards_in_every_journal(run: Runs, service: Service, place: str) -> None:
    service.answers["GET"] = [ServerResponse({}, status=429, headers={"Retry-After": "0"})]
    loop = step("Loop", "loop.loopNTimes", {"iterationCount": "2"}, steps=[step("Echo", "workshop.echo")])
    done = run(step("List", "workshop.listThings"), loop, step("Log", "log.writeLog", {"message": "x"}), journal=place)

    result = timeline(done.journal or "")

    assert (result.id, result.status, result.flow and result.flow.name) == (done.id, "done", done.flow)
    assert [(row.path, row.step, row.state) for row in result.rows] == [
        ("list", "List", "done"),
        ("loop", "Loop", "done"),
        ("loop.0/echo", "Echo", "done"),
        ("loop.1/echo", "Echo", "done"),
        ("log", "Log", "done"),
    ]
    waits = result.by_step["List"].waits
    assert [wait.reason for wait in waits] == ["rate limit"]
    assert all(row.began is not None and row.ended is not None for row in result.rows)
    assert all(0 <= row.began <= row.ended <= result.seconds for row in result.rows)  # type: ignore[operator]
    assert (result.by_step["Echo"].ends, result.by_step["Echo"].attempts) == ({"done": 2}, 2)


def test_failed_attempts_and_ignored_errors_have_their_moment_and_text(run: Runs, service: Service) -> None:
    service.answers["GET"] = [ServerResponse({}, status=404)] * 4
    done = run(
        step("List", "workshop.listThings", errorConfig={**RETRY, "ignoreFinalError": True}),
        step("Again", "workshop.listThings", errorConfig=IGNORE),
    )

    first, second = timeline(done.id).rows

    assert (first.state, first.attempts, len(first.retries)) == ("ignored", 3, 2)
    assert (second.state, second.retries) == ("ignored", [])
    assert "404" in first.text


def test_failed_run_names_its_error_and_its_step(run: Runs, service: Service) -> None:
    service.answers["GET"] = [ServerResponse({}, status=404)]
    with pytest.raises(StepError) as caught:
        run(step("List", "workshop.listThings"), step("Echo", "workshop.echo"))
    assert caught.value.run is not None

    result = timeline(caught.value.run.id)

    assert (result.status, [(row.step, row.state) for row in result.rows]) == ("failed", [("List", "failed")])
    assert "404" in result.error


def test_resumed_run_leaves_out_the_time_between_its_processes(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [ServerResponse({}, status=404)]
    with pytest.raises(StepError) as caught:
        run(step("Echo", "workshop.echo"), step("Create", "workshop.createThing", {"name": "a"}))
    assert caught.value.run is not None
    journal = Path(str(caught.value.run.journal))
    later = [shifted(json.loads(line), -1000.0) for line in journal.read_text().splitlines()]
    journal.write_text("".join(json.dumps(record) + "\n" for record in later))
    resume(journal, workshop, connections=service.connections)

    result = timeline(journal)

    assert (result.status, len(result.resumed)) == ("done", 1)
    assert result.seconds < 900
    assert [(row.step, row.ends) for row in result.rows] == [
        ("Echo", {"done": 1}),
        ("Create", {"failed": 1, "done": 1}),
    ]


def test_steps_without_effect_that_a_resumed_run_performs_again_count_once(
    run: Runs, workshop: Component, service: Service
) -> None:
    create = step("Create", "workshop.createThing", {"name": "=loop.currentItem"})
    sort = step("Sort", "workshop.sort", {"value": "=loop.currentItem"}, branches=branches(Small=[create], Big=[]))
    nested = step("Twice", "loop.loopNTimes", {"iterationCount": "2"}, steps=[step("Log", "log.writeLog")])
    service.answers["POST"] = [
        *[ServerResponse({"thing": {"id": name}}) for name in "ab"],
        ServerResponse({}, status=422),
    ]
    choose = step(
        "Choose",
        "branch.branchOnValue",
        {"inputValue": "=loop.currentItem", "branchValueMappings": mappings(First="a")},
        branches=branches(First=[], Else=[]),
    )
    loop = step("Loop", "loop.loopOverItems", {"items": '["a", "b", "c", "d"]'}, steps=[nested, choose, sort])
    with pytest.raises(StepError) as caught:
        run(loop)
    assert caught.value.run is not None
    before = timeline(caught.value.run.id)
    resume(caught.value.run.id, workshop, connections=service.connections)

    result = timeline(caught.value.run.id)

    assert before.by_step["Log"].ends == {"done": 6}
    done = {row.step: row.ends["done"] for row in result.by_step.values()}
    assert done == {"Loop": 1, "Twice": 4, "Log": 8, "Choose": 4, "Sort": 4, "Create": 4}
    assert all(row.ends["done"] == 1 for row in result.rows)


def test_loop_whose_process_died_has_the_time_of_all_its_parts(tmp_path: Path) -> None:
    create = step("Create", "workshop.createThing", {"name": "a"})
    flow = flow_of(step("Loop", "loop.loopNTimes", {"iterationCount": "2"}, steps=[create]))
    first: dict[str, Any] = {"type": "notes", "notes": [["loop.0/create", 101.0, 3.0]]}
    resumed = {"type": "resumed", "time": 900.0}
    second: dict[str, Any] = {"type": "notes", "notes": [["loop.1/create", 900.5, 2.0], ["loop", 900.25, 2.25]]}
    path = write_journal(tmp_path / "r.jsonl", first, resumed, second, flow=flow)

    loop, *_ = timeline(path).rows

    assert (loop.path, loop.began, loop.ended, loop.seconds) == ("loop", 1.0, 6.5, 5.5)
    assert (loop.ends, loop.attempts) == ({"done": 1}, 1)


def test_time_until_another_process_records_the_end_does_not_count(tmp_path: Path) -> None:
    flow = flow_of(step("List", "workshop.listThings"))
    notes: dict[str, Any] = {"type": "notes", "notes": [["list", 101.0, 2.0]]}
    lines = write_journal(tmp_path / "r.jsonl", notes, flow=flow).read_text().splitlines()
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    create_journal(database, "r", [json.loads(line) for line in lines]).close()
    end_run(database, "r", "failed", "no process runs it")

    result = timeline(f"{database}#r")

    assert (result.status, result.seconds) == ("failed", 3.0)


def shifted(record: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return a record as if it had been written at another time."""
    record = {key: value + seconds if key in {"time", "started"} else value for key, value in record.items()}
    if record["type"] == "notes":
        record["notes"] = [[path, moment + seconds, *rest] for path, moment, *rest in record["notes"]]
    return record


def test_killed_run_shows_what_did_not_end(tmp_path: Path) -> None:
    flow = flow_of(step("Create", "workshop.createThing", {"name": "a"}), step("List", "workshop.listThings"))
    notes = [["create", 101.0, 2.0], ["list", 103.0], ["list", 104.0, 30.0, "waiting", 1, "rate limit"]]
    path = write_journal(tmp_path / "r.jsonl", {"type": "notes", "notes": notes}, flow=flow)

    result = timeline(path)

    assert result.status == "killed"
    assert [(row.step, row.state, row.began, row.ended) for row in result.rows] == [
        ("Create", "done", 1.0, 3.0),
        ("List", "killed", 3.0, 4.0),
    ]
    assert result.by_step["List"].waited == 30.0


def test_step_whose_end_was_lost_with_its_process_is_known_by_its_results(tmp_path: Path) -> None:
    flow = flow_of(step("Create", "workshop.createThing", {"name": "a"}))
    begun: dict[str, Any] = {"type": "notes", "notes": [["create", 101.0]]}
    done = {"type": "done", "path": "create", "results": {}}

    (row,) = timeline(write_journal(tmp_path / "r.jsonl", begun, done, flow=flow)).rows

    assert row.state == "done"


def test_timeline_of_many_paths_has_one_row_for_each_step(run: Runs) -> None:
    inner = step("Inner", "loop.loopNTimes", {"iterationCount": "20"}, steps=[step("Log", "log.writeLog")])
    done = run(step("Loop", "loop.loopNTimes", {"iterationCount": "10"}, steps=[inner]))

    rows = timeline(done.id).rows

    assert [(row.step, row.ends["done"], row.is_loop) for row in rows] == [
        ("Loop", 1, True),
        ("Inner", 10, True),
        ("Log", 200, False),
    ]


def test_secrets_are_in_no_timeline(run: Runs, service: Service) -> None:
    secret = "s3cret-of-the-customer"
    service.answers["POST"] = [ServerResponse({"error": f"bad {secret}"}, status=422)]
    settings = {"settings": "=trigger.results.body.data", "name": "a"}
    done = run(step("Create", "workshop.createThing", settings, errorConfig=IGNORE), payload={"password": secret})

    assert secret not in json.dumps(timeline(done.id).to_dict())
    assert secret not in Path(str(done.journal)).read_text()


def test_other_process_sees_a_step_while_it_waits_and_the_end(run: Runs, service: Service, place: str) -> None:
    service.answers["GET"] = [ServerResponse({}, status=429, headers={"Retry-After": "1"})]
    journals: list[str] = []

    def listen(event: Event) -> None:
        if event.type == "run" and event.journal:  # type: ignore[union-attr]
            journals.append(event.journal)  # type: ignore[union-attr]

    thread = threading.Thread(
        target=lambda: run(step("List", "workshop.listThings"), journal=place, on_event=listen, max_wait=60)
    )
    thread.start()
    while not journals:
        time.sleep(0.01)
    events: list[Event] = []
    statuses = []
    for state, happened in follow_run(journals[0]):
        events += happened
        statuses.append(state.status)
    thread.join(60)

    states = [event.state for event in events if isinstance(event, StepEvent)]
    assert (statuses[0], statuses[-1], events[-1].to_dict()["state"]) == ("running", "done", "done")
    assert [state for state in states if state != "running"] == ["waiting", "done"]


def test_follower_notices_that_secrets_were_removed_and_repeats_no_record(tmp_path: Path) -> None:
    from connector.journal.follow import JournalReader

    journal = FileJournal.create(tmp_path / "r.jsonl", [{"type": "run", "version": VERSION, "id": "r", "started": 1.0}])
    with JournalReader(tmp_path / "r.jsonl") as reader:
        first = [record["type"] for record in reader.new()]
        journal.append({"type": "done", "path": "a", "results": "secret" * 100}, "written")
        second = [record["type"] for record in reader.new()]
        journal.rewrite(lambda record: {**record, "results": "***"})
        journal.append({"type": "end", "status": "done", "error": "", "time": 2.0}, "synced")
        third = [record["type"] for record in reader.new()]
    journal.close()

    assert (first, second, third) == (["run"], ["done"], ["end"])


def test_follower_ends_when_the_process_of_the_run_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.journal.follow.IDLE_SECONDS", 0)
    flow = flow_of(step("List", "workshop.listThings"))
    path = write_journal(tmp_path / "r.jsonl", {"type": "notes", "notes": [["list", 101.0]]}, flow=flow)

    *_, (last, _) = follow_run(path)

    assert (last.status, [row.state for row in last.rows]) == ("killed", ["killed"])


def test_submitted_run_starts_when_a_worker_takes_it(tmp_path: Path) -> None:
    flow = flow_of(step("List", "workshop.listThings"))
    resumed = {"type": "resumed", "time": 160.0}
    end = {"type": "end", "status": "done", "error": "", "time": 163.0}
    path = write_journal(tmp_path / "r.jsonl", flow=flow, submitted=True)

    queued = timeline(path)
    write_journal(path, resumed, end, flow=flow, submitted=True)
    ((done, events),) = follow_run(path)

    assert (queued.status, queued.created, queued.started, queued.seconds) == ("queued", 100.0, None, 0.0)
    assert (done.created, done.started, done.resumed, done.seconds) == (100.0, 160.0, [], 3.0)
    assert [(event.state, event.time) for event in events if isinstance(event, RunEvent)] == [
        ("started", 160.0),
        ("done", 163.0),
    ]


def test_run_that_is_cancelled_in_the_queue_has_not_started(tmp_path: Path) -> None:
    end = {"type": "end", "status": "cancelled", "error": "cancelled", "time": 163.0}
    path = write_journal(tmp_path / "r.jsonl", end, flow=flow_of(step("List", "workshop.listThings")), submitted=True)

    ((result, events),) = follow_run(path)

    assert (result.status, result.started, result.seconds) == ("cancelled", None, 0.0)
    assert [event.state for event in events if isinstance(event, RunEvent)] == ["cancelled"]


def test_unknown_run_and_damaged_journal_are_errors(tmp_path: Path) -> None:
    flow = flow_of(step("List", "workshop.listThings"))
    path = write_journal(tmp_path / "r.jsonl", flow=flow)
    with path.open("a") as file:
        file.write("[]\n")

    with pytest.raises(JournalError, match="damaged"):
        timeline(path)
    with pytest.raises(JournalError, match='unknown run "nothing"'):
        timeline("nothing")
