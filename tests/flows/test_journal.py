"""What outlives a run: journals, resuming, killing, listing."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.component.definitions import Action
from connector.errors import InvalidFlowError, JournalError, RateLimitError, StepError
from connector.flows import Run, resume, runs, undo
from connector.flows.run.events import Event, StepEvent
from connector.hookspecs import hookimpl
from connector.journal.file import FileJournal
from connector.journal.reader import read_history
from tests.flows import support
from tests.flows.support import CONNECTION, TOKEN, ServerResponse, Service, flow_of, step
from tests.support.server import ReceivedRequest

ROOT = Path(__file__).parents[2]
Runs = Callable[..., Run]

CREATE_EACH = step(
    "Loop",
    "loop.loopOverItems",
    {"items": "=trigger.results.body.data"},
    steps=[step("Create", "workshop.createThing", {"name": "=loop.currentItem"})],
)
FAILED = ServerResponse({"error": "no"}, status=422)


def lines(journal: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(journal).read_bytes().splitlines()]


def failed_run(run: Runs, *steps: dict[str, Any], **options: Any) -> Run:
    with pytest.raises(StepError) as caught:
        run(*steps, **options)
    assert isinstance(caught.value.run, Run)
    return caught.value.run


def test_intent_of_a_write_is_stored_before_its_result(run: Runs) -> None:
    done = run(step("Create", "workshop.createThing", {"name": "a"}), step("List", "workshop.listThings"))
    assert done.journal is not None
    records = [record for record in lines(done.journal) if record["type"] != "notes"]
    assert [(record["type"], record.get("path")) for record in records] == [
        ("run", None),
        ("start", None),
        ("intent", "create"),
        ("done", "create"),
        ("done", "list"),
        ("end", None),
    ]
    assert records[2]["inputs"] == {"name": "a"}
    assert records[3]["results"] == {"thing": {"id": "t1", "name": "a"}}


def test_journal_is_private_and_in_the_state_folder(run: Runs, state_home: Path) -> None:
    done = run(step("List", "workshop.listThings"))
    assert done.journal == str(state_home / "connector" / "runs" / f"{done.id}.jsonl")
    assert stat.S_IMODE(Path(done.journal).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(done.journal).parent.stat().st_mode) == 0o700


def test_journal_never_holds_the_credentials(run: Runs) -> None:
    done = run(step("Create", "workshop.createThing", {"name": "a"}))
    assert done.journal is not None
    assert TOKEN not in Path(done.journal).read_text()


def test_run_without_a_journal_leaves_no_file(run: Runs, state_home: Path) -> None:
    assert run(step("List", "workshop.listThings"), journal=False).journal is None
    assert not state_home.exists()


def test_resumed_run_does_not_repeat_what_was_finished(
    run: Runs, workshop: Component, service: Service, events: list[Event]
) -> None:
    service.answers["POST"] = [ServerResponse({"thing": {"id": "x1"}}), FAILED]
    failed = failed_run(run, CREATE_EACH, payload=["a", "b", "c"])
    assert failed.journal is not None
    events.clear()
    done = resume(failed.journal, workshop, connections=service.connections, on_event=events.append, keep_values=True)
    assert done.status == "done"
    assert [json.loads(request.body)["name"] for request in service.requests("POST")] == ["a", "b", "b", "c"]
    reused = [event.path for event in events if isinstance(event, StepEvent) and event.state == "reused"]
    assert reused == ["loop.0/create"]
    assert done.steps["Create"].executions[0].results == {"thing": {"id": "x1"}}
    assert done.id == failed.id


def test_resumed_run_sees_the_results_of_the_first(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["POST"] = [FAILED]
    steps = (
        step("List", "workshop.listThings"),
        step("Create", "workshop.createThing", {"name": "~{{$list.results.things}}"}),
    )
    failed = failed_run(run, *steps)
    service.things["new"] = {"id": "new"}
    assert failed.journal is not None
    assert resume(failed.id, workshop, connections=service.connections).results == {"thing": {"id": "t1", "name": "[]"}}
    assert len(service.requests("GET")) == 1


def test_resumed_run_may_have_a_corrected_file(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["POST"] = [ServerResponse({"thing": {"id": "x1"}}), FAILED]
    one = step("One", "workshop.createThing", {"name": "a"})
    failed = failed_run(run, one, step("Two", "workshop.createThing", {"name": "wrong"}))
    flow = flow_of(one, step("Two", "workshop.createThing", {"name": "right"}))
    assert failed.journal is not None
    resume(failed.journal, workshop, connections=service.connections, flow=flow)
    assert [json.loads(request.body)["name"] for request in service.requests("POST")] == ["a", "wrong", "right"]


def test_ignored_error_is_not_tried_again(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["GET"] = [FAILED]
    service.answers["POST"] = [FAILED]
    ignoring = step("List", "workshop.listThings", errorConfig={"errorHandlerType": "ignore"})
    failed = failed_run(run, ignoring, step("Create", "workshop.createThing", {"name": "a"}))
    assert failed.journal is not None
    resume(failed.journal, workshop, connections=service.connections)
    assert len(service.requests("GET")) == 1


def test_write_that_may_have_happened_is_reported_and_not_repeated(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    failed = failed_run(run, step("Create", "workshop.createThing", {"name": "a"}))
    assert failed.journal is not None
    with pytest.raises(
        JournalError, match=r'with an unknown outcome: workshop\.createThing in step "Create"'
    ) as caught:
        resume(failed.journal, workshop, connections=service.connections)
    assert [problem.location for problem in caught.value.problems] == ["create"]
    assert len(service.requests("POST")) == 1


def test_rejected_retry_leaves_the_first_write_unknown(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["POST"] = [ServerResponse(cut=True), FAILED]
    failed = failed_run(run, step("Create", "workshop.createThing", {"name": "a"}))
    assert failed.journal is not None
    with pytest.raises(StepError):
        resume(failed.journal, workshop, connections=service.connections, unknown="retry")
    with pytest.raises(JournalError, match="with an unknown outcome"):
        resume(failed.journal, workshop, connections=service.connections)
    assert resume(failed.journal, workshop, connections=service.connections, unknown="skip").status == "done"


@pytest.mark.parametrize(("unknown", "posts"), [("retry", 2), ("skip", 1)])
def test_one_may_say_what_became_of_it(
    run: Runs, workshop: Component, service: Service, unknown: Any, posts: int
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    failed = failed_run(run, step("Create", "workshop.createThing", {"name": "a"}), step("List", "workshop.listThings"))
    assert failed.journal is not None
    done = resume(failed.journal, workshop, connections=service.connections, unknown=unknown)
    assert done.status == "done"
    assert len(service.requests("POST")) == posts


def test_run_that_is_over_is_not_resumed(run: Runs, workshop: Component, service: Service) -> None:
    done = run(step("List", "workshop.listThings"))
    with pytest.raises(JournalError, match="has already finished"):
        resume(done.id, workshop, connections=service.connections)


def test_journal_has_one_writer(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["GET"] = [FAILED]
    failed = failed_run(run, step("List", "workshop.listThings"))
    assert failed.journal is not None
    holder = FileJournal.reopen(Path(failed.journal))
    try:
        with pytest.raises(JournalError, match="is still running"):
            resume(failed.journal, workshop, connections=service.connections)
        assert [past.status for past in runs()] == ["failed"]
    finally:
        holder.close()
    assert resume(failed.journal, workshop, connections=service.connections).status == "done"


def test_run_is_not_resumed_on_another_host(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["GET"] = [FAILED]
    failed = failed_run(run, step("List", "workshop.listThings"))
    elsewhere = {CONNECTION: {"fields": {"apiKey": "x", "baseUrl": "https://elsewhere.example"}}}
    assert failed.journal is not None
    with pytest.raises(
        JournalError, match=r'"Workshop" points to elsewhere.example, but the run started with 127.0.0.1:\d+'
    ):
        resume(failed.journal, workshop, connections=elsewhere)


@pytest.mark.parametrize("content", ['{"type": "other"}\n', '{\n  "a": 1\n}', "[1]\n", "null", "text", "", "\n"])
def test_file_that_is_not_a_journal_is_rejected_and_stays_whole(
    content: str, tmp_path: Path, workshop: Component
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(content)
    for use in (resume, undo):
        with pytest.raises(JournalError, match="is not a journal"):
            use(other, workshop)
    assert other.read_text() == content


def test_journal_of_another_format_is_rejected_with_its_version(tmp_path: Path, workshop: Component) -> None:
    (tmp_path / "old.jsonl").write_text('{"type": "run", "version": 1}\n')
    with pytest.raises(JournalError, match="has format version 1, but this release reads version 2"):
        resume(tmp_path / "old.jsonl", workshop)


def test_unknown_run_is_rejected(workshop: Component) -> None:
    with pytest.raises(JournalError, match='unknown run "20260101-000000-abcdef"'):
        resume("20260101-000000-abcdef", workshop)


def test_journal_damaged_in_the_middle_is_rejected(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["GET"] = [FAILED]
    failed = failed_run(run, step("List", "workshop.listThings"))
    assert failed.journal is not None
    with Path(failed.journal).open("ab") as file:
        file.write(b'{"type": broken\n{"type": "end", "status": "failed"}\n')
    with pytest.raises(JournalError, match="is damaged at byte"):
        resume(failed.journal, workshop, connections=service.connections)


def test_existing_file_is_never_overwritten_by_a_new_journal(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text("mine")
    with pytest.raises(JournalError, match=r"cannot create journal .*: file exists"):
        run(step("List", "workshop.listThings"), journal=tmp_path / "mine.jsonl")
    assert (tmp_path / "mine.jsonl").read_text() == "mine"


def test_flow_that_cannot_run_leaves_no_journal(run: Runs, state_home: Path) -> None:
    with pytest.raises(InvalidFlowError):
        run(step("Compute", "code.runCode"))
    assert not state_home.exists()


def test_values_that_json_cannot_hold_do_not_stop_a_run(run: Runs) -> None:
    odd = {"deep": json.loads("[" * 150 + "]" * 150), "half": "\ud800", "infinite": float("inf")}
    assert run(step("Echo", "workshop.echo", {"value": "=trigger.results.body.data"}), payload=odd).status == "done"


def test_runs_are_listed_newest_first(run: Runs, service: Service, tmp_path: Path) -> None:
    done = run(step("Create", "workshop.createThing", {"name": "a"}))
    service.answers["GET"] = [FAILED]
    failed = failed_run(run, step("List", "workshop.listThings"))
    listed = runs()
    assert [(past.id, past.status, past.finished, past.writes) for past in listed] == [
        (failed.id, "failed", 0, 0),
        (done.id, "done", 1, 1),
    ]
    assert listed[0].flow == "Main"
    assert "unprocessable request (422)" in listed[0].error
    assert runs(tmp_path) == []


def test_last_record_that_was_cut_off_does_not_count(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["POST"] = [FAILED]
    failed = failed_run(run, step("List", "workshop.listThings"), step("Create", "workshop.createThing", {"name": "a"}))
    assert failed.journal is not None
    whole = Path(failed.journal).read_bytes()
    Path(failed.journal).write_bytes(whole[: whole.rindex(b'{"type":"end"')] + b'{"type":"done","path":"create","resu')
    assert runs()[0].status == "killed"
    assert resume(failed.journal, workshop, connections=service.connections).status == "done"
    assert all(line["type"] for line in lines(failed.journal))


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files elsewhere")
def test_damaged_and_foreign_files_do_not_keep_other_runs_from_the_list(run: Runs, tmp_path: Path) -> None:
    header = '{"type": "run", "version": 2, '
    contents = {
        "other": "{}\n",
        "empty": "",
        "binary": "\ud800\0",
        "damaged": header + '"id": "x"}\nbroken\n{}\n',
        "no-type": header + '"id": "x"}\n{"path": "y"}\n',
        "list": header + '"id": "x"}\n[]\n',
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.jsonl").write_bytes(content.encode("utf-8", "surrogatepass"))
    (tmp_path / "odd.jsonl").write_text(header + '"id": "odd", "started": 1e300}\n')
    (tmp_path / "folder.jsonl").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    run(step("List", "workshop.listThings"), journal=tmp_path / "mine.jsonl")
    assert [(Path(past.journal).name, past.created > 0) for past in runs(tmp_path)] == [
        ("mine.jsonl", True),
        ("odd.jsonl", False),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files elsewhere")
def test_named_pipe_is_not_a_journal(tmp_path: Path, workshop: Component) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(JournalError, match="is not a journal"):
        resume(tmp_path / "pipe.jsonl", workshop)


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file grow beyond this number of bytes, like a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit for files")
@pytest.mark.parametrize("room", [60, 200, 260, 330])
def test_full_disk_is_an_error_of_the_step_and_the_run_can_be_resumed(
    room: int, run: Runs, workshop: Component, service: Service, tmp_path: Path
) -> None:
    ignoring = {"errorHandlerType": "ignore"}
    steps = [step(f"Create {n}", "workshop.createThing", {"name": f"t{n}"}, errorConfig=ignoring) for n in range(9)]
    run(*steps, journal=tmp_path / "probe.jsonl")
    service.things.clear()
    start = sum(len(line) + 1 for line in (tmp_path / "probe.jsonl").read_bytes().splitlines()[:2])
    with (
        disk_of(start + room),
        pytest.raises(StepError, match=r"cannot write journal .*: file too large") as caught,
    ):
        run(*steps)
    before = list(service.things.values())
    assert len(before) < 9
    journal = caught.value.run.journal
    assert all(isinstance(line, dict) for line in lines(journal))
    try:
        done = resume(journal, workshop, connections=service.connections)
    except JournalError as error:
        (at,) = [problem.location for problem in error.problems]
        happened = f"t{at.removeprefix('create')}" in {thing["name"] for thing in before}
        done = resume(journal, workshop, connections=service.connections, unknown="skip" if happened else "retry")
    assert done.status == "done"
    assert sorted(thing["name"] for thing in service.things.values()) == [f"t{n}" for n in range(9)]


def test_files_that_others_could_read_become_private(run: Runs, tmp_path: Path, state_home: Path) -> None:
    keep = step("Save", "persist-data.saveInstanceValue", {"keyInput": "k", "valueInput": "v"})
    failing = step("List", "workshop.listThings")
    trace = tmp_path / "trace.jsonl"
    done = run(keep, failing, trace=trace)
    (state,) = (state_home / "connector" / "state").glob("*.json")
    assert done.journal is not None
    for file in (trace, state, Path(done.journal)):
        file.chmod(0o644)
    run(keep, trace=trace)
    assert runs()[0].status == "done"
    assert [stat.S_IMODE(file.stat().st_mode) for file in (trace, state)] == [0o600, 0o600]


def test_journal_that_others_could_read_becomes_private_when_it_is_resumed(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["GET"] = [FAILED]
    failed = failed_run(run, step("List", "workshop.listThings"))
    assert failed.journal is not None
    Path(failed.journal).chmod(0o644)
    resume(failed.journal, workshop, connections=service.connections)
    assert stat.S_IMODE(Path(failed.journal).stat().st_mode) == 0o600


def interrupting(state: str) -> Callable[[Event], None]:
    """Returns a listener that interrupts the run at the first event of a state, as Ctrl-C does."""

    def listen(event: Event) -> None:
        if isinstance(event, StepEvent) and event.state == state:
            raise KeyboardInterrupt

    return listen


def interrupted_run(run: Runs, *steps: dict[str, Any], state: str, **options: Any) -> str:
    with pytest.raises(KeyboardInterrupt):
        run(*steps, on_event=interrupting(state), **options)
    return runs()[0].journal


def types_of(journal: str | Path) -> list[str]:
    return [line["type"] for line in lines(journal) if line["type"] != "notes"]


def names_of(service: Service) -> list[str]:
    return [json.loads(request.body)["name"] for request in service.requests("POST")]


CREATE = step("Create", "workshop.createThing", {"name": "a"})


def test_rejected_write_is_not_in_doubt_while_its_step_waits_for_a_retry(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [FAILED]
    retry = {"errorHandlerType": "retry", "maxAttempts": 2, "delaySeconds": 60}
    journal = interrupted_run(run, {**CREATE, "errorConfig": retry}, state="waiting")
    assert types_of(journal) == ["run", "start", "intent", "refused", "end"]
    assert resume(journal, workshop, connections=service.connections).status == "done"
    assert len(service.requests("POST")) == 2


def test_write_waits_for_a_rate_limit_before_its_next_intent(run: Runs, service: Service, events: list[Event]) -> None:
    service.answers["POST"] = [ServerResponse({}, status=429, headers={"Retry-After": "0"})]
    done = run(CREATE)
    assert done.journal is not None
    assert types_of(done.journal) == ["run", "start", "intent", "refused", "intent", "done", "end"]
    waits = [event for event in events if isinstance(event, StepEvent) and event.state == "waiting"]
    assert [(event.step, event.reason) for event in waits] == [("Create", "rate limit")]
    assert done.steps["Create"].attempts == 1


def test_kill_while_a_write_waits_for_a_rate_limit_leaves_no_doubt(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [ServerResponse({}, status=429, headers={"Retry-After": "60"})]
    journal = interrupted_run(run, CREATE, state="waiting")
    assert runs()[0].unknown == 0
    assert resume(journal, workshop, connections=service.connections).results == {"thing": {"id": "t1", "name": "a"}}


@pytest.mark.parametrize("max_wait", [0, 5])
def test_write_does_not_wait_longer_than_allowed(run: Runs, service: Service, max_wait: float) -> None:
    service.answers["POST"] = [ServerResponse({}, status=429, headers={"Retry-After": "60"})]
    with pytest.raises(StepError) as caught:
        run(CREATE, max_wait=max_wait)
    assert isinstance(caught.value.cause, RateLimitError)
    assert caught.value.exit_code == 5
    assert runs()[0].unknown == 0


def test_idempotent_write_in_doubt_is_retried_without_asking(run: Runs, workshop: Component, service: Service) -> None:
    service.things["t1"] = {"id": "t1"}
    service.answers["PATCH"] = [ServerResponse(cut=True)] * 9
    failed = failed_run(run, step("Update", "workshop.updateThing", {"thingId": "t1", "name": "b"}), max_wait=0)
    assert runs()[0].unknown == 1
    service.answers.clear()
    assert failed.journal is not None
    assert resume(failed.journal, workshop, connections=service.connections).status == "done"
    assert service.things["t1"]["name"] == "b"


def test_decision_about_one_write_is_known_to_a_later_resume(run: Runs, workshop: Component, service: Service) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    two = step("Create b", "workshop.createThing", {"name": "b"})
    journal = failed_run(run, step("Create a", "workshop.createThing", {"name": "a"}), two).journal
    assert journal is not None
    service.answers["POST"] = [ServerResponse(cut=True)]
    with pytest.raises(StepError):
        resume(journal, workshop, connections=service.connections, unknown="skip")
    assert [write.step for write in read_history(journal).unknown.values()] == ["Create b"]
    assert resume(journal, workshop, connections=service.connections, unknown="retry").status == "done"
    assert names_of(service) == ["a", "b", "b"]


def test_decision_to_retry_is_known_when_the_resumed_run_dies_before_it(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    journal = failed_run(run, CREATE).journal
    assert journal is not None
    with pytest.raises(KeyboardInterrupt):
        resume(
            journal,
            workshop,
            connections=service.connections,
            unknown="retry",
            on_event=interrupting("running"),
        )
    assert resume(journal, workshop, connections=service.connections).status == "done"
    assert len(service.requests("POST")) == 2


@pytest.mark.parametrize("key", ["Create b", "loop.1/createB"])
def test_each_write_in_doubt_is_decided_by_its_step_or_path(
    key: str, run: Runs, workshop: Component, service: Service
) -> None:
    service.answers["POST"] = [ServerResponse(cut=True)]
    ignoring = {"errorHandlerType": "ignore"}
    inner = [
        step("Create b", "workshop.createThing", {"name": "=loop.currentItem"}, errorConfig=ignoring),
        step("List", "workshop.listThings"),
    ]
    service.answers["GET"] = [FAILED]
    journal = failed_run(run, step("Loop", "loop.loopOverItems", {"items": "[1]"}, steps=inner)).journal
    assert journal is not None
    with pytest.raises(JournalError, match="with an unknown outcome"):
        resume(journal, workshop, connections=service.connections, unknown={"Other": "skip"})
    resume(journal, workshop, connections=service.connections, unknown={key.replace("loop.1", "loop.0"): "skip"})
    assert len(service.requests("POST")) == 1


def test_retry_that_is_rejected_in_one_run_leaves_the_first_attempt_in_doubt(
    run: Runs, workshop: Component, service: Service
) -> None:
    service.things["t1"] = {"id": "t1"}
    service.answers["PATCH"] = [*[ServerResponse(cut=True)] * 3, FAILED, FAILED]
    retry = {"errorHandlerType": "retry", "maxAttempts": 2, "delaySeconds": 0}
    update = step("Update", "workshop.updateThing", {"thingId": "t1", "name": "b"}, errorConfig=retry)
    failed_run(run, update, max_wait=0)
    assert runs()[0].unknown == 1


def test_error_of_a_plugin_after_a_write_leaves_its_outcome_open(
    service: Service, workshop: Component, run: Runs
) -> None:
    class Broken:
        @hookimpl(wrapper=True)
        def perform_action(self, action: Action[Any]) -> Generator[None, Any, Any]:
            yield
            raise ValueError(action.key)

    component = support.workshop()
    component.add_plugin(Broken())
    with pytest.raises(StepError):
        flow_of(CREATE).run(component, connections=service.connections)
    assert runs()[0].unknown == 1


def test_change_of_a_persisted_value_is_not_made_twice_when_its_step_is_resumed(
    run: Runs, workshop: Component, service: Service, tmp_path: Path
) -> None:
    count = step("Count", "persist-data.incrementInstanceValue", {"keyInput": "n"})
    tell = step("Tell", "persist-data.getInstanceValue", {"keyInput": "n"})
    run(count, tell, journal=tmp_path / "probe.jsonl")
    start = sum(len(line) + 1 for line in (tmp_path / "probe.jsonl").read_bytes().splitlines()[:2])
    # The change fits on the disk, the record that its step is done does not.
    with disk_of(start + 5), pytest.raises(StepError, match="cannot write journal") as caught:
        run(count, tell)
    journal = caught.value.run.journal
    assert types_of(journal) == ["run", "start"]
    assert resume(journal, workshop, connections=service.connections).results == 2
    assert run(count, tell).results == 3


def test_run_that_goes_on_is_listed_as_running_and_cannot_be_resumed(
    run: Runs, workshop: Component, service: Service
) -> None:
    entered, release = threading.Event(), threading.Event()

    def hold(event: Event) -> None:
        if isinstance(event, StepEvent) and event.state == "running":
            entered.set()
            assert release.wait(20)

    thread = threading.Thread(target=run, args=[CREATE], kwargs={"on_event": hold})
    thread.start()
    try:
        assert entered.wait(20)
        (past,) = runs()
        assert past.status == "running"
        for use in (resume, undo):
            with pytest.raises(JournalError, match="is still running"):
                use(past.journal, workshop, connections=service.connections)
    finally:
        release.set()
        thread.join()
    assert [past.status for past in runs()] == ["done"]


class Disk:
    """Notes what is in each file when it is forced to the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.synced: list[tuple[str, bytes]] = []
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self.sync)

    def sync(self, handle: int) -> None:
        file = Path(f"/proc/self/fd/{handle}")
        if file.is_file():
            self.synced.append((file.readlink().name, file.read_bytes()))
        self._fsync(handle)

    def last(self, name: str) -> bytes:
        return next(content for file, content in reversed(self.synced) if name in file)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the names of open files are not known")
def test_intent_is_on_the_disk_before_the_request_is_sent(
    run: Runs, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    seen: list[bytes] = []
    answer = service.answer

    def answering(request: ReceivedRequest) -> ServerResponse:
        seen.append(disk.last(".jsonl"))
        return answer(request)

    service.server.script = answering
    run(CREATE)
    (content,) = seen
    records = [json.loads(line) for line in content.splitlines()]
    assert content.endswith(b"\n")
    assert (records[-1]["type"], records[-1]["inputs"]) == ("intent", {"name": "a"})


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the names of open files are not known")
def test_results_of_a_write_are_on_the_disk_soon_and_persisted_values_at_once(
    run: Runs, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    stored = step("Save", "persist-data.saveInstanceValue", {"keyInput": "k", "valueInput": "v"})

    def wait_for_sync(event: Event) -> None:
        if isinstance(event, StepEvent) and (event.step, event.state) == ("Tell", "running"):
            until = time.monotonic() + 20
            while b'"t1"' not in disk.last(".jsonl") and time.monotonic() < until:
                time.sleep(0.01)
            assert b'"t1"' in disk.last(".jsonl")

    run(stored, CREATE, step("Tell", "workshop.echo"), on_event=wait_for_sync)
    assert json.loads(disk.last("tests-"))["scopes"] == {"Instance Main": {"k": "v"}}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit for files")
def test_journal_that_cannot_be_written_ends_the_run_in_spite_of_loops_that_ignore_errors(
    run: Runs, service: Service, tmp_path: Path
) -> None:
    ignoring = {"errorHandlerType": "ignore"}
    loop = step("Loop", "loop.loopNTimes", {"iterationCount": "2"}, steps=[CREATE], errorConfig=ignoring)
    steps = loop, step("List", "workshop.listThings")
    run(*steps, journal=tmp_path / "probe.jsonl")
    start = sum(len(line) + 1 for line in (tmp_path / "probe.jsonl").read_bytes().splitlines()[:2])
    before = len(service.requests("GET"))
    with disk_of(start + 5), pytest.raises(StepError, match="cannot write journal"):
        run(*steps)
    assert len(service.requests("GET")) == before
