"""Runs that are submitted from the command line, and the worker that performs them."""

from __future__ import annotations

import logging
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from connector.cli.flow import submit as submit_module
from connector.flows.run.submitted import end_run
from connector.journal import postgres_address
from connector.journal.journals import default_database, reopen_journal
from connector.journal.past_runs import past_run
from connector.journal.writer import JournalWriter
from connector.sandbox_kit import asgi_server
from connector.workers import submissions
from connector.workers.queue import RunQueue, queue_url
from tests.cli.conftest import Command, finish, start
from tests.cli.flows import NEW_SOURCE, call, integration, read_flow, variable
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse
from tests.workers.conftest import until

EXAMPLE = Path(__file__).parents[2] / "examples" / "flows" / "change_sources.yaml"


def submit(command: Command, file: Path, *options: str) -> dict[str, str]:
    ended = command("flow", "run", file, "--submit", *options)
    assert ended.code == 0, ended.err
    printed: dict[str, str] = ended.json
    return printed


@contextmanager
def working(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as a program, and wait until it takes runs."""
    worker = start("worker", *options)
    try:
        assert worker.stderr is not None
        assert b"is ready" in worker.stderr.readline()
        yield worker
    finally:
        worker.kill()


def test_submitted_run_is_listed_and_cancelled(command: Command, tmp_path: Path) -> None:
    flow = read_flow(tmp_path)
    for message in ("Submitted run r1 (queued)\n", "Run r1 already exists (queued)\n"):
        ended = command("flow", "run", flow, "--submit", "--id", "r1", "--priority", "5")
        assert (ended.code, ended.err, ended.json) == (0, message, {"run": "r1", "status": "queued"})
    (run,) = command("flow", "runs", "--json").json
    assert (run["id"], run["status"], "started" in run) == ("r1", "queued", False)
    assert command("flow", "runs").out.split()[:4] == ["run", "flow", "status", "created"]
    shown = command("flow", "show", "r1", "--format", "json").json
    assert (shown["created"], shown["started"]) == (run["created"], None)
    ended = command("flow", "cancel", "r1")
    assert (ended.code, ended.err) == (0, "Cancelled run r1 after 0 steps and 0 writes.\n")
    assert command("flow", "runs", "--status", "cancelled", "--json").json[0]["id"] == "r1"
    assert "already ended: cancelled" in command("flow", "cancel", "r1").err
    ended = command("flow", "resume", "r1", "--submit", "--in", "1h")
    assert ended.json == {"run": "r1", "status": "queued"}
    assert "still in the queue" in command("flow", "resume", "r1", "--submit").err
    command("flow", "cancel", "r1")
    ended = command("flow", "run", flow, "--submit", "--id", "r1")
    assert ended.err == "Run r1 already exists (cancelled)\nTo go on: connector flow resume r1 --submit\n"
    assert "Deleted 1 run." in command("flow", "prune", "--status", "cancelled", "--older-than", "0s").err
    assert command("flow", "runs", "--json").json == []
    with closing(RunQueue(default_database())) as queue:
        assert queue.places("r1") == []
    ended = command("flow", "cancel", "r1")
    assert (ended.code, ended.err) == (2, 'error: unknown run "r1"\nhint: Run `connector flow runs` to list runs.\n')


@pytest.mark.parametrize("variable", ["", "sqlite:///{folder}/own.sqlite"])
def test_id_is_one_run_whether_it_is_submitted_or_not(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("CONNECTOR_DATABASE", variable.format(folder=tmp_path))
    flow = read_flow(tmp_path)
    submit(command, flow, "--id", "theirs", "--in", "1h")
    ended = command("flow", "run", flow, "--sandbox", "--id", "theirs")
    assert (ended.code, 'run ID "theirs" was submitted to workers' in ended.err) == (2, True)
    assert command("flow", "run", flow, "--sandbox", "--id", "ours").code == 0
    ended = command("flow", "run", flow, "--submit", "--id", "ours")
    assert (ended.code, 'run ID "ours" was used for a run that was not submitted' in ended.err) == (2, True)
    assert past_run(f"{default_database()}#ours").status == "done"
    assert past_run(f"{default_database()}#theirs").status == "queued"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--submit", "--sandbox"], "--sandbox and --submit cannot be used together"),
        (["--submit", "--connection", "Workspace=x.json"], "--connection and --submit cannot be used together"),
        (["--submit", "--stub", "a=1"], "Leave out --stub."),
        (["--submit", "--dry-run"], "--dry-run and --submit cannot be used together"),
        (["--submit", "--deadline", "5"], "--deadline and --submit cannot be used together"),
        (["--submit", "--max-wait", "60"], "--max-wait and --submit cannot be used together"),
        (["--submit", "--id", ""], 'invalid run ID ""'),
        (["--sandbox", "--id", ""], 'invalid run ID ""'),
        (["--wait"], "--wait needs --submit"),
        (["--in", "5m"], "--in needs --submit"),
        (["--submit", "--in", "soon"], '"soon" is not a duration such as 5m'),
        (["--submit", "--database", "mysql://x"], "invalid database"),
        (["--submit", "--database", ""], "invalid database"),
        (["--submit", "--database", "sqlite:///:memory:"], "a database in memory would be lost with its process"),
        (
            ["--submit", "--database", "sqlite:///missing-folder/x.sqlite"],
            'folder "missing-folder" of database "sqlite:///missing-folder/x.sqlite" does not exist',
        ),
    ],
)
def test_option_that_excludes_another_is_named(
    command: Command, tmp_path: Path, options: list[str], message: str
) -> None:
    ended = command("flow", "run", read_flow(tmp_path), *options)
    assert ended.code == 2
    assert message in ended.err


def test_profile_of_a_run_that_is_submitted_again_stays(command: Command) -> None:
    ended = command("flow", "resume", "r1", "--submit", "--profile", "eu")
    assert ended.err.startswith("error: --profile and --submit cannot be used together\nhint: Leave out --profile.")


def test_runs_in_files_and_in_the_database_are_drawn_alike(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "CLOSING_SECONDS", 0)  # no worker closes the place of a run that this test ends
    flow = read_flow(tmp_path)
    command("flow", "run", flow, "--sandbox", "--id", "here")
    assert "(segment.listSources)  ✓" in command("flow", "show", "here", "--watch").out
    submit(command, flow, "--id", "there")
    drawn = command("flow", "show", "there").out
    assert "(segment.listSources)  - not run\nqueued in 0.00 s\n" in drawn
    assert command("flow", "show", "there", "--format", "json").json["status"] == "queued"
    end_run(default_database(), "there", "failed", "it broke")
    assert command("flow", "show", "there", "--format", "json").json["error"] == "it broke"
    assert command("flow", "show", "there", "--watch").code == 0
    assert command("flow", "resume", "there", "--submit", "--in", "1h").code == 0
    assert command("flow", "show", "there", "--format", "json").json["status"] == "queued"
    assert command("flow", "show", "none").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_worker_performs_submitted_runs_until_it_is_stopped(command: Command, tmp_path: Path) -> None:
    with working("--sandbox") as worker:
        flow = read_flow(tmp_path)
        ended = command("flow", "run", flow, "--submit", "--wait", "--id", "r1")
        assert "sources" in ended.json["data"]
        assert command("flow", "run", flow, "--submit", "--wait", "--id", "r1").json == ended.json
        (run,) = command("flow", "runs", "--json").json
        assert run["status"] == "done"
        worker.send_signal(signal.SIGTERM)
        stopped = finish(worker)
        assert stopped.code == 0
        assert stopped.err.splitlines() == [
            "INFO connector.workers: run r1: started",
            "INFO connector.workers: run r1: done",
            "Stopping: runs end their current step",
        ]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_second_signal_ends_a_worker_at_once(command: Command, tmp_path: Path, server: LoopbackServer) -> None:
    server.answer(ServerResponse(hang=3600))
    with working() as worker:
        submit(command, read_flow(tmp_path), "--id", "r1")
        until(lambda: server.requests)
        assert worker.stderr is not None
        assert worker.stderr.readline() == b"INFO connector.workers: run r1: started\n"
        worker.send_signal(signal.SIGTERM)
        assert worker.stderr.readline() == b"Stopping: runs end their current step\n"
        worker.send_signal(signal.SIGTERM)
        assert finish(worker).code == -signal.SIGTERM


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_stopped_worker_does_not_wait_for_what_another_one_stores(
    command: Command, tmp_path: Path, server: LoopbackServer
) -> None:
    is_taken = threading.Event()

    def answer(_request: ReceivedRequest) -> ServerResponse:
        is_taken.wait(60)
        return ServerResponse({}, status=404)

    server.script = answer
    with working() as worker:
        submit(command, read_flow(tmp_path), "--id", "r1")
        until(lambda: server.requests)
        file = queue_url(default_database()).removeprefix("sqlite:///")
        with closing(sqlite3.connect(file)) as queue, queue:
            queue.execute("UPDATE workflow_status SET owner_xid = 'of another worker'")
        is_taken.set()
        until(lambda: past_run(f"{default_database()}#r1").status == "failed")
        worker.send_signal(signal.SIGTERM)
        assert finish(worker).code == 0


def test_failed_run_ends_the_wait_with_its_error(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(command, read_flow(tmp_path), "--id", "r1", "--in", "1h")
    end_run(default_database(), "r1", "failed", "it broke")
    ended = command("flow", "run", tmp_path / "flow.yaml", "--submit", "--id", "r1", "--wait")
    assert (ended.code, "error: run r1 failed: it broke" in ended.err) == (1, True)
    assert "connector flow resume r1 --submit" in ended.err


def test_write_of_unknown_outcome_is_named_before_the_run_goes_on(
    command: Command, tmp_path: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "CLOSING_SECONDS", 0)
    create = call("Create", "createSource", {**NEW_SOURCE, "slug": "one"})
    flow = integration(tmp_path, create, variables=[variable("Workspace")])
    submit(command, flow, "--id", "r1", "--in", "1h")
    journal = JournalWriter(reopen_journal(f"{default_database()}#r1"))
    journal.write_started("create", "Create", "segment.createSource", "", {**NEW_SOURCE, "slug": "one"})
    journal.ended("failed", "no response\n  - more\nhint: Check.")
    journal.close()
    named = 'segment.createSource in step "Create" (slug "one", enabled "true", metadataId "IqDTy1TpoU")'
    waited = command("flow", "run", flow, "--submit", "--id", "r1", "--wait")
    refused = command("flow", "resume", "r1", "--submit")

    assert (waited.code, refused.code, past_run(f"{default_database()}#r1").status) == (6, 2, "failed")
    assert waited.err == (
        "Waiting for run r1\nerror: run r1 failed: no response\n"
        f"hint: Record what became of {named}: connector flow settle r1 create --happened\n"
        "To go on: connector flow resume r1 --submit\n"
    )
    assert "run r1 has a write with an unknown outcome" in refused.err
    assert f"  - create: {named}\n" in refused.err
    assert command("flow", "resume", "r1", "--submit", "--unknown", "skip", "--in", "1h").code == 0


def test_run_that_ends_while_it_is_cancelled_is_not_called_cancelled(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(command, read_flow(tmp_path), "--id", "r1", "--in", "1h")
    monkeypatch.setattr(submissions, "end_run", lambda url, run, *_: end_run(url, run, "failed", "it broke"))
    ended = command("flow", "cancel", "r1")

    assert (ended.code, ended.err) == (2, "error: run r1 has already ended: failed\n")


def test_wait_for_a_run_that_no_worker_takes_says_so(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_after(text: str) -> None:
        lines.append(text)
        if text.startswith("No worker"):
            end_run(default_database(), "r1", "failed", "it broke\nhint: Mend it.")

    lines: list[str] = []
    monkeypatch.setattr(submit_module, "TAKEN_SECONDS", 0)
    monkeypatch.setattr(submit_module, "print_line", end_after)
    ended = command("flow", "run", read_flow(tmp_path), "--submit", "--id", "r1", "--wait")
    message = "No worker has taken the run yet. If none is running, start one: connector worker"
    assert lines == ["Waiting for run r1", message]
    assert ended.err == "error: run r1 failed: it broke\nhint: Mend it.\nTo go on: connector flow resume r1 --submit\n"


@pytest.mark.parametrize("arguments", ["['--help']", f"['flow', 'run', {str(EXAMPLE)!r}, '--stub', 'Update=x']"])
def test_command_that_submits_nothing_imports_no_queue(arguments: str) -> None:
    code = f"import sys; from connector.cli import main; main({arguments}); sys.exit('dbos' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert run.returncode == 0


@pytest.mark.parametrize(
    "line",
    [
        "worker",
        "flow run FLOW --sandbox --journal URL",
        "flow run FLOW --sandbox --id r1",
        "flow run FLOW --submit",
        "flow runs",
        "flow show r1",
        "flow resume r1",
        "flow resume r1 --submit",
        "flow undo r1",
        "flow settle r1 create --did-not-happen",
        "flow cancel r1",
        "serve --sandbox --port 0 --flows FOLDER",
    ],
)
def test_command_ends_when_the_host_of_the_database_is_unknown(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    for name in ("connector.workers", "connector.access", "connector.engines"):
        caplog.set_level(logging.INFO, name)  # the commands set it too, and this sets it back
    monkeypatch.setattr(postgres_address, "NAME_SECONDS", 0)
    monkeypatch.setattr(asgi_server, "run", lambda *_arguments, **_options: None)
    host = f"{'x' * 64}.example"  # a label that is too long needs no look-up
    url = f"postgresql://me:p4ss@{host}/runs?sslmode=verify-full"
    monkeypatch.setenv("CONNECTOR_DATABASE", url)
    words: dict[str, str | Path] = {"FLOW": read_flow(tmp_path), "URL": url, "FOLDER": EXAMPLE.parent}
    ended = command(*(words.get(word, word) for word in line.split()))
    assert (ended.code, ended.out) == (2, "")
    assert f'error: cannot resolve host "{host}" of the database\n' in ended.err
    assert "hint: Check the host in the URL of the database, which may come from CONNECTOR_DATABASE.\n" in ended.err
    assert "p4ss" not in ended.err
