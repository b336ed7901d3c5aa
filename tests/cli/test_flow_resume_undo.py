"""`connector flow runs`, `resume` and `undo`: runs that failed, were killed, or are to be taken back."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from connector.cli.connection_options import ConnectionOptions
from connector.cli.flow import runs as runs_command
from connector.cli.flow.options import stub_arguments
from connector.component.inputs import Inputs
from connector.flows import Flow
from tests.cli.conftest import TOKEN, Command, Ended, finish, start
from tests.cli.flows import NEW_SOURCE, call, integration, one_step, variable
from tests.flows.support import step
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

REFUSED = ServerResponse({"errors": [{"type": "x"}]}, status=403)


class Service:
    """Sources on loopback that keep what was created; it can be told to refuse, or to leave a request hanging."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.refused: set[str] = set()
        self.hanging: set[str] = set()
        self.cut: set[str] = set()
        self.slugs: list[str] = []
        server.script = self.answer

    def answer(self, request: ReceivedRequest) -> ServerResponse:
        if request.method == "DELETE":
            return REFUSED if "delete" in self.refused else ServerResponse({"data": {"status": "SUCCESS"}})
        if request.method == "GET":
            return ServerResponse({"data": {"source": {"id": request.path.rpartition("/")[2]}}})
        slug = json.loads(request.body)["slug"]
        if slug in self.refused:
            return REFUSED
        self.slugs.append(slug)
        created = {"data": {"source": {"id": f"id-{slug}"}}}
        return ServerResponse(created, hang=60 if slug in self.hanging else 0, cut=slug in self.cut)

    def wait_for(self, slug: str) -> None:
        until = time.monotonic() + 20
        while slug not in self.slugs and time.monotonic() < until:
            time.sleep(0.01)
        assert slug in self.slugs


@pytest.fixture
def service(server: LoopbackServer) -> Service:
    return Service(server)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Creates the Sources one, two and three."""
    steps = [call(f"Create {slug}", "createSource", {**NEW_SOURCE, "slug": slug}) for slug in ("one", "two", "three")]
    return integration(tmp_path, *steps, variables=[variable("Workspace")])


def resume_line(ended: Ended) -> list[str]:
    """The arguments of the command that a failed run printed."""
    return shlex.split(ended.err.splitlines()[-1].removeprefix("hint: To resume: connector "))


def past(command: Command) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = command("flow", "runs", "--json").json
    return listed


def test_runs_are_listed_newest_first(command: Command, service: Service, file: Path) -> None:
    command("flow", "run", file)
    service.refused = {"two"}
    command("flow", "run", file)
    first, second = past(command)

    assert (first["status"], first["finished"], first["writes"]) == ("failed", 1, 1)
    assert (second["status"], second["writes"]) == ("done", 3)
    table = command("flow", "runs").out.splitlines()
    assert table[1].startswith(f"{first['id']}  Tests / Main  failed")
    assert len(table) == 3


def test_list_of_runs_is_empty_before_the_first_run(command: Command) -> None:
    ended = command("flow", "runs")

    assert (ended.code, ended.out, ended.err) == (0, "", "No runs of flows yet.\n")


def test_runs_are_filtered_by_status_and_place(command: Command, service: Service, file: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.sqlite"
    command("flow", "run", file, "--journal", url)
    service.refused = {"two"}
    command("flow", "run", file, "--journal", url)

    assert past(command) == []
    for status in ("done", "failed"):
        listed = command("flow", "runs", "--journal", url, "--status", status, "--json").json
        assert [run["status"] for run in listed] == [status]
        assert listed[0]["size"] > 100
    assert re.search(r"  \d+\.\d kB", command("flow", "runs", "--journal", url).out)


def test_watched_list_is_printed_on_every_change_until_no_run_is_running(
    command: Command, service: Service, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_command, "WATCH_SECONDS", 0.01)
    answer, released = service.answer, threading.Event()
    service.server.script = lambda request: (released.wait(20), answer(request))[1]
    flow = Flow.load(file)
    connections = {"Workspace": {"fields": {"apiKey": TOKEN, "baseUrl": service.server.url}}}
    thread = threading.Thread(target=flow.run, kwargs={"connections": connections})
    thread.start()
    while not service.server.requests:
        time.sleep(0.01)
    threading.Timer(0.2, released.set).start()
    watched = command("flow", "runs", "--watch", "--json")
    thread.join()
    lists = [json.loads(text) for text in re.split(r"(?<=^\])\n", watched.out, flags=re.MULTILINE) if text.strip()]

    assert [lists[0][0]["status"], lists[-1][0]["status"]] == ["running", "done"]
    assert all(one != other for one, other in itertools.pairwise(lists))


def test_failed_run_is_resumed_where_it_failed(command: Command, service: Service, file: Path) -> None:
    service.refused = {"two"}
    failed = command("flow", "run", file)
    service.refused = set()
    done = command(*resume_line(failed))

    assert (failed.code, done.code) == (4, 0)
    assert done.json == {"data": {"source": {"id": "id-three"}}}
    assert service.slugs == ["one", "two", "three"]
    assert past(command)[0]["status"] == "done"


@pytest.mark.parametrize(
    "options",
    [
        ["--connection", "Workspace=my files/workspace.json", "--yes"],
        ["--sandbox"],
        ["--sandbox=my box.sqlite"],
    ],
    ids=["connection", "sandbox", "sandbox file"],
)
def test_printed_command_resumes_with_the_same_connections(
    options: list[str],
    command: Command,
    service: Service,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    fields = {"apiKey": TOKEN, "baseUrl": service.server.url}
    (tmp_path / "my files").mkdir()
    (tmp_path / "my files" / "workspace.json").write_text(json.dumps(fields))
    monkeypatch.delenv("SEGMENT_API_KEY")
    monkeypatch.delenv("SEGMENT_BASE_URL")
    if "--sandbox" in options[0]:
        monkeypatch.setenv("CONNECTOR_SANDBOX_FAULTS", "rate-limit:1/min")
    service.refused = {"two"}
    failed = command("flow", "run", file, "--max-wait", "0", *options)
    monkeypatch.delenv("CONNECTOR_SANDBOX_FAULTS", raising=False)
    service.refused = set()
    done = command(*resume_line(failed))

    assert failed.code in {4, 5}, failed.err
    assert done.code == 0, done.err
    assert resume_line(failed)[3:] == options


def test_arguments_of_profiles_and_stubs_are_printed_again() -> None:
    assert stub_arguments(["a=b.json"], "folder") == ["--stub", "a=b.json", "--stubs", "folder"]
    options = ConnectionOptions([], ["eu", "A=us"], ["", "B=b.sqlite"], 0, None)
    assert options.arguments == ["--profile", "eu", "--profile", "A=us", "--sandbox", "--sandbox=B=b.sqlite"]


def test_printed_command_names_the_manifest_and_the_corrected_file(
    command: Command, service: Service, file: Path, tmp_path: Path
) -> None:
    manifest = str(Path(__file__).parents[2] / "manifest.yaml")
    service.refused = {"two"}
    by_key = command("flow", "run", file, "--component", "segment")
    assert resume_line(by_key)[:2] == ["--component", "segment"]
    failed = command("--manifest", manifest, "flow", "run", file)
    assert resume_line(failed)[:2] == ["--manifest", manifest]
    again = command(*resume_line(failed), "--flow-file", file)
    assert resume_line(again)[5:] == ["--flow-file", str(file)]
    service.refused = set()
    assert command(*resume_line(again)).code == 0


def test_resume_with_another_flow_is_suggested_when_a_resume_must_fail_again(
    command: Command, service: Service, tmp_path: Path
) -> None:
    nameless = integration(
        tmp_path,
        call("Create", "createSource", NEW_SOURCE | {"slug": "=trigger.results.body.data.slug"}),
        variables=[variable("Workspace")],
        name="nameless",
    )
    failed = command("flow", "run", nameless)

    assert (failed.code, past(command)[0]["status"]) == (2, "failed")
    assert "hint: To resume with a corrected flow: connector flow resume" in failed.err


def test_run_is_resumed_by_journal_path_with_a_corrected_file(command: Command, service: Service, file: Path) -> None:
    service.refused = {"two"}
    command("flow", "run", file)
    file.write_text(file.read_text().replace("value: two", "value: four"))
    done = command("flow", "resume", past(command)[0]["journal"], "--flow-file", file, "--events", "jsonl")
    states = {(line.get("step"), line.get("state")) for line in map(json.loads, done.err.splitlines())}

    assert (done.code, service.slugs) == (0, ["one", "four", "three"])
    assert ("Create one", "reused") in states


def test_finished_run_is_not_resumed(command: Command, service: Service, file: Path) -> None:
    command("flow", "run", file)
    ended = command("flow", "resume", past(command)[0]["id"])

    assert (ended.code, "has already finished" in ended.err, len(service.slugs)) == (2, True, 3)


@pytest.mark.parametrize("arguments", [["resume"], ["undo"], ["show", "--format", "json"], ["cancel"]])
def test_unknown_run_is_reported_by_the_name_that_was_passed(
    command: Command, service: Service, file: Path, arguments: list[str]
) -> None:
    command("flow", "run", file, "--id", "other")  # in the database where an ID is looked for
    ended = command("flow", arguments[0], "nope", *arguments[1:])

    assert ended.code == 2
    assert ended.err == 'error: unknown run "nope"\nhint: Run `connector flow runs` to list runs.\n'


@pytest.mark.parametrize("arguments", [["resume", "--submit"], ["cancel"]])
def test_run_of_this_machine_is_not_unknown_to_the_commands_for_submitted_runs(
    command: Command, service: Service, file: Path, arguments: list[str]
) -> None:
    command("flow", "run", file)
    run = past(command)[0]["id"]
    ended = command("flow", arguments[0], run, *arguments[1:])

    assert ended.code == 2
    assert ended.err == f"error: run {run} was not submitted\nhint: Run `connector flow resume {run}`.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("unknown", "slugs"), [("retry", ["one", "two", "two", "three"]), ("skip", ["one", "two", "three"])]
)
def test_killed_run_is_resumed_without_retrying_its_last_write_by_default(
    command: Command, service: Service, file: Path, unknown: str, slugs: list[str]
) -> None:
    service.hanging = {"two"}
    process = start("flow", "run", str(file))
    service.wait_for("two")
    (running,) = past(command)
    shown_running = command("flow", "show", running["id"], "--format", "json").json
    process.kill()
    killed = finish(process)
    service.hanging = set()
    (run,) = past(command)
    reported = command("flow", "resume", run["id"])
    shown = command("flow", "show", run["id"], "--format", "json").json

    assert killed.code == -signal.SIGKILL
    assert (run["status"], run["finished"], run["unknown"]) == ("killed", 1, 1)
    assert reported.code == 2
    assert "has a write with an unknown outcome: segment.createSource" in reported.err
    named = 'createTwo: segment.createSource in step "Create two" (slug "two", enabled "true", metadataId "IqDTy1TpoU")'
    assert named in reported.err
    # While its process lives, a write that was just sent is not in doubt.
    assert (running["status"], running["unknown"], shown_running["unknown"]) == ("running", 0, [])
    (write,) = shown["unknown"]
    assert (write["path"], write["action"], write["inputs"]["slug"]) == ("createTwo", "segment.createSource", "two")
    assert "Then resume with --unknown retry if it was not, or with --unknown skip if it was." in reported.err
    assert "  1, 1 in doubt  " in command("flow", "runs").out
    assert command("flow", "resume", run["id"], "--unknown", unknown).code == 0
    assert service.slugs == slugs


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_write_of_a_killed_run_is_settled_with_its_results(
    command: Command, service: Service, file: Path, tmp_path: Path
) -> None:
    service.hanging = {"two"}
    process = start("flow", "run", str(file))
    service.wait_for("two")
    running = command("flow", "settle", past(command)[0]["id"], "Create two", "--did-not-happen")
    process.kill()
    finish(process)
    service.hanging = set()
    (run,) = past(command)
    results = tmp_path / "results.json"
    results.write_text('{"data": {"source": {"id": 5}}}')
    wrong = command("flow", "settle", run["id"], "Create two", "--happened", "--results", results)
    results.write_text('{"data": {"source": {"id": "id-two"}}}')
    settled = command("flow", "settle", run["id"], "Create two", "--happened", "--results", results)

    assert (running.code, "is still running" in running.err) == (2, True)
    assert (wrong.code, "data.data.source.id: must be of type string" in wrong.err) == (2, True)
    assert (settled.code, settled.err) == (
        0,
        'Recorded that segment.createSource in step "Create two" was applied.\n',
    )
    assert command("flow", "resume", run["id"]).code == 0
    assert service.slugs == ["one", "two", "three"]
    assert len(command("flow", "undo", run["id"], "--yes").json["deleted"]) == 3


def test_results_of_a_write_are_read_from_the_service(command: Command, service: Service, file: Path) -> None:
    service.cut = {"two"}
    command("flow", "run", file)
    (run,) = past(command)
    settle = ("flow", "settle", run["id"], "Create two", "--happened")
    missing = command(*settle)
    settled = command(*settle, "--from", "getSource sourceId=id-two")

    assert (missing.code, "undo needs results.data.source.id" in missing.err) == (2, True)
    assert "--from" in missing.err
    assert settled.code == 0
    assert command("flow", "resume", run["id"]).code == 0
    assert service.slugs == ["one", "two", "three"]
    assert len(command("flow", "undo", run["id"], "--yes").json["deleted"]) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--did-not-happen", "--from", "getSource"], "--from and --did-not-happen cannot be used together"),
        (["--happened", "--from", "getSource", "--results", "x"], "--results and --from cannot be used together"),
        (["--happened", "--from", "getSource 'x"], 'invalid --from "getSource \'x": expected ACTION NAME=VALUE'),
        (["--happened", "--from", ""], 'invalid --from "": expected ACTION NAME=VALUE'),
        (["--happened", "--from", "getSource x"], 'invalid -i "x": expected NAME=VALUE'),
    ],
)
def test_wrong_options_of_settle_are_rejected(
    options: list[str], message: str, command: Command, service: Service, file: Path
) -> None:
    service.cut = {"two"}
    command("flow", "run", file)
    ended = command("flow", "settle", past(command)[0]["id"], "Create two", *options)

    assert (ended.code, message in ended.err) == (2, True), ended.err


def test_each_write_in_doubt_is_decided_by_its_step(command: Command, service: Service, tmp_path: Path) -> None:
    ignoring = {"errorHandlerType": "ignore"}
    creates = [
        {**call(f"Create {slug}", "createSource", {**NEW_SOURCE, "slug": slug}), "errorConfig": ignoring}
        for slug in ("one", "two")
    ]
    last = call("Create three", "createSource", {**NEW_SOURCE, "slug": "three"})
    file = integration(tmp_path, *creates, last, variables=[variable("Workspace")])
    service.cut, service.refused = {"one", "two"}, {"three"}
    command("flow", "run", file)
    service.cut, service.refused = set(), set()
    run = past(command)[0]["id"]
    wrong = [
        command("flow", "resume", run, *options)
        for options in (
            ["--unknown", "maybe"],
            ["--unknown", "skip", "--unknown", "Create two=retry"],
            ["--unknown", "Create one=skip"],
        )
    ]
    done = command("flow", "resume", run, "--unknown", "Create one=skip", "--unknown", "createTwo=skip")

    assert [ended.code for ended in wrong] == [2, 2, 2]
    assert 'invalid --unknown "maybe"' in wrong[0].err
    assert "--unknown skip already decides about all steps" in wrong[1].err
    assert 'segment.createSource in step "Create two"' in wrong[2].err
    assert done.code == 0
    assert service.slugs == ["one", "two", "three"]


@pytest.mark.parametrize("database", [False, True])
def test_run_with_an_id_is_started_resumed_and_returned(
    command: Command, service: Service, file: Path, tmp_path: Path, database: bool
) -> None:
    options = ["--id", "job-7", *(["--journal", f"sqlite:///{tmp_path}/runs.sqlite"] if database else [])]
    service.refused = {"two"}
    failed = command("flow", "run", file, *options)
    service.refused = set()
    resumed, returned = (command("flow", "run", file, *options) for _ in range(2))

    assert (failed.code, resumed.code, returned.code) == (4, 0, 0)
    assert resumed.json == returned.json == {"data": {"source": {"id": "id-three"}}}
    assert service.slugs == ["one", "two", "three"]
    name = f"sqlite:///{tmp_path}/runs.sqlite#job-7" if database else "job-7"
    assert resume_line(failed) == ["flow", "resume", name]


def test_prune_deletes_finished_runs(command: Command, service: Service, file: Path) -> None:
    command("flow", "run", file)
    service.refused = {"two"}
    command("flow", "run", file)

    assert command("flow", "prune").err == "Deleted 0 runs.\n"
    assert command("flow", "prune", "--older-than", "0s").err == "Deleted 1 run.\n"
    assert [run["status"] for run in past(command)] == ["failed"]
    wrong = command("flow", "prune", "--older-than", "soon")
    assert (wrong.code, '"soon" is not an age such as 30d' in wrong.err) == (2, True)


def test_settle_needs_one_decision(command: Command) -> None:
    assert "Pass --happened or --did-not-happen." in command("flow", "settle", "x", "Create").err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_run_in_the_sandbox_is_resumed_after_a_kill(command: Command, tmp_path: Path) -> None:
    from tests.flows.support import step

    create = call("Create", "createSource", NEW_SOURCE)
    wait = step("Wait", "sleep.sleep", {"ms": "3000"})
    file = integration(tmp_path, create, wait, call("List", "listSources"), variables=[variable("Workspace")])
    process = start("flow", "run", str(file), "--sandbox", "--events", "jsonl")
    assert process.stderr is not None
    while b'"sleep' not in process.stderr.readline():
        pass
    process.kill()
    finish(process)
    ended = command("flow", "resume", past(command)[0]["id"], "--sandbox")

    assert ended.code == 0
    assert [source["slug"] for source in ended.json["data"]["sources"]].count("shop") == 1


def test_only_what_the_run_created_is_deleted(command: Command, service: Service, file: Path) -> None:
    command("flow", "run", file)
    run = past(command)[0]["id"]
    planned = command("flow", "undo", run, "--dry-run")
    done = command("flow", "undo", run, "--yes")

    assert (planned.code, done.code) == (0, 0)
    assert [write["step"] for write in done.json["deleted"]] == ["Create three", "Create two", "Create one"]
    assert done.json["deleted"][0]["deletion"] == {"action": "segment.deleteSource", "inputs": {"sourceId": "id-three"}}
    assert planned.json == {"wouldDelete": done.json["deleted"], "notUndone": []}
    assert (planned.err, done.err) == ("Dry run: nothing was deleted\n", "")
    deleted = [request.path for request in service.server.requests if request.method == "DELETE"]
    assert deleted == ["/sources/id-three", "/sources/id-two", "/sources/id-one"]


def test_undone_run_is_called_undone_wherever_it_is_looked_for(command: Command, service: Service, file: Path) -> None:
    command("flow", "run", file)
    run = past(command)[0]["id"]
    service.refused = {"delete"}
    command("flow", "undo", run, "--yes")
    before = (past(command)[0]["undone"], command("flow", "runs").out, command("flow", "show", run).out)
    service.refused = set()
    command("flow", "undo", run, "--yes")
    again = command("flow", "undo", run, "--yes")
    resumed = command("flow", "resume", run)

    assert (before[0], "undone" in before[1], "undone" in before[2]) == (0, False, False)
    assert past(command)[0]["undone"] == 3
    assert "  done, undone  " in command("flow", "runs").out
    assert command("flow", "show", run).out.splitlines()[-1].startswith("done, undone in ")
    assert (again.code, again.err) == (0, "3 writes of this run were undone before\n")
    assert (again.json["deleted"], again.json["undoneBefore"]) == ([], 3)
    assert (resumed.code, f"run {run} was undone and cannot be resumed" in resumed.err) == (2, True)


def test_inputs_that_are_secret_are_not_named(
    command: Command, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Inputs, "secret_keys", classmethod(lambda _inputs: frozenset({"metadataId"})))
    file = integration(
        tmp_path,
        call("Create", "createSource", {**NEW_SOURCE, "slug": "one", "metadataId": "hidden-4711"}),
        variables=[variable("Workspace")],
    )
    service.cut = {"one"}
    command("flow", "run", file)
    run = past(command)[0]["id"]
    printed = [command("flow", "resume", run), command("flow", "show", run, "--format", "json")]

    assert "hidden-4711" not in str(printed)
    assert all('"one"' in ended.out + ended.err for ended in printed)
    assert printed[1].json["unknown"][0]["inputs"]["metadataId"] == "***"


def test_undo_needs_yes_without_a_terminal(command: Command, service: Service, file: Path) -> None:
    command("flow", "run", file)
    ended = command("flow", "undo", past(command)[0]["id"])

    assert ended.code == 2
    assert (
        "undo deletes what the run created and needs confirmation: delete what segment.createSource created "
        '(step "Create three", connection Workspace, sourceId "id-three")' in ended.err
    )
    assert [request.method for request in service.server.requests] == ["POST"] * 3


def test_undo_in_a_sandbox_needs_no_confirmation(command: Command, tmp_path: Path) -> None:
    before = command("run", "listSources", "--all", "--select", "$.slug", "--sandbox").json
    command("flow", "run", one_step(tmp_path, "createSource", NEW_SOURCE), "--sandbox")
    ended = command("flow", "undo", past(command)[0]["id"], "--sandbox")

    assert (ended.code, len(ended.json["deleted"])) == (0, 1)
    assert command("run", "listSources", "--all", "--select", "$.slug", "--sandbox").json == before


def test_undo_reports_failed_deletes_with_an_exit_code(command: Command, service: Service, file: Path) -> None:
    command("flow", "run", file)
    service.refused = {"delete"}
    ended = command("flow", "undo", past(command)[0]["id"], "--yes")

    assert (ended.code, len(ended.json["failed"])) == (4, 3)
    assert ended.json["failed"][0]["error"]["type"] == "ForbiddenError"


def test_run_is_not_undone_on_another_host(
    command: Command, service: Service, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("flow", "run", file)
    monkeypatch.setenv("SEGMENT_BASE_URL", "https://elsewhere.example")
    ended = command("flow", "undo", past(command)[0]["id"], "--yes")

    assert (ended.code, "points to elsewhere.example" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["show", "stored"], ""),
        (["undo", "stored", "--dry-run"], ""),
        (["resume", "stored"], "run stored has already finished"),
        (["settle", "stored", "Log", "--happened"], 'run stored has no write with an unknown outcome in step "Log"'),
    ],
)
def test_run_in_the_database_of_an_option(command: Command, tmp_path: Path, arguments: list[str], error: str) -> None:
    database = f"sqlite:///{tmp_path}/elsewhere.sqlite"
    flow = integration(tmp_path, step("Log", "log.writeLog", {"message": "a"}), variables=[])
    assert command("flow", "run", flow, "--journal", database, "--id", "stored").code == 0
    assert command("flow", *arguments).code == 2
    ended = command("flow", *arguments, "--database", database)
    assert error in ended.err
    assert ended.code == (2 if error else 0)


@pytest.mark.parametrize("other", ["folder", "file"])
def test_run_is_named_by_its_id_beside_a_path_of_this_name(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    monkeypatch.chdir(tmp_path)
    flow = integration(tmp_path, step("Log", "log.writeLog", {"message": "a"}), variables=[])
    assert command("flow", "run", flow, "--id", "q.1").code == 0
    Path("q.1").mkdir() if other == "folder" else Path("q.1").write_text("text")
    assert command("flow", "undo", "q.1", "--dry-run").code == 0
    if other == "folder":
        assert "Main" in command("flow", "show", "q.1").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cancel"], 'unknown run "{}"'),
        (["show"], 'cannot read journal "{}": file name too long'),
        (["undo"], 'cannot read journal "{}": file name too long'),
        (["resume"], 'cannot read journal "{}": file name too long'),
        (["settle", "Create", "--happened"], 'cannot read journal "{}": file name too long'),
    ],
)
def test_run_with_a_name_that_is_too_long_is_rejected(command: Command, arguments: list[str], message: str) -> None:
    name = "x" * 20_000
    ended = command("flow", arguments[0], name, *arguments[1:])
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: {message.format(name)}\nhint: Run `connector flow runs` to list runs.\n"


@pytest.mark.parametrize("arguments", [["show"], ["undo"], ["resume"], ["settle", "Create", "--happened"], ["cancel"]])
def test_unknown_run_has_a_type_of_its_own_in_json(command: Command, tmp_path: Path, arguments: list[str]) -> None:
    flow = integration(tmp_path, step("Log", "log.writeLog", {"message": "a"}), variables=[])
    database = f"sqlite:///{tmp_path}/elsewhere.sqlite"
    assert command("flow", "run", flow, "--journal", database).code == 0
    options = ["--database", database, "--error-format", "json"]
    ended = command("flow", arguments[0], "ghost", *arguments[1:], *options)
    assert (ended.code, json.loads(ended.err)["error"]["type"]) == (2, "UnknownRunError")


@pytest.mark.parametrize("arguments", [["show"], ["undo"], ["resume"], ["settle", "Create", "--happened"], ["cancel"]])
def test_empty_name_of_a_run_is_rejected(command: Command, arguments: list[str]) -> None:
    ended = command("flow", arguments[0], "", *arguments[1:])
    name = "FILE|RUN" if arguments == ["show"] else "RUN"
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: {name} must not be empty\nhint: Run `connector flow runs` to list runs.\n"
