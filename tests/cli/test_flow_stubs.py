"""`connector flow stubs`, and the options `--stub` and `--stubs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.flows import integration
from tests.flows.support import step


@pytest.fixture
def file(tmp_path: Path) -> Path:
    stop = step("Stop", "stop-execution.stopExecution", {"jsonBody": "=postMessage.results.ts"})
    return integration(tmp_path, step("Post Message", "slack.postMessage", {"text": "x"}), stop, variables=[])


def test_flow_runs_with_the_stubs_that_were_written_for_it(command: Command, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stubs"
    unstubbed = command("flow", "run", file)
    written = command("flow", "stubs", file, "--output", folder)
    stub: Any = json.loads((folder / "postMessage.json").read_text())
    (folder / "postMessage.json").write_text('{"ts": "now"}')
    again = command("flow", "stubs", file, "--output", folder)
    ended = command("flow", "run", file, "--stubs", folder)

    assert "hint: Prepare stubs with connector flow stubs, and pass them with --stubs FOLDER." in unstubbed.err
    assert (written.code, stub) == (0, {"ts": "example ts"})
    assert f"Kept {folder / 'postMessage.json'}, which exists already" in again.err
    assert (ended.code, ended.json) == (0, "now")


def test_run_ends_with_a_table_of_its_steps_by_component(command: Command, file: Path, tmp_path: Path) -> None:
    (tmp_path / "post.json").write_text('{"ts": "a=b"}')
    ended = command("flow", "run", file, "--stub", f"slack.postMessage={tmp_path / 'post.json'}")
    assert ended.err.splitlines()[-3:] == [
        "component       executed  stubbed  not reached",
        "slack                  0        1            0",
        "stop-execution         1        0            0",
    ]


def test_table_is_part_of_the_events(command: Command, file: Path, tmp_path: Path) -> None:
    (tmp_path / "post.json").write_text("{}")
    ended = command("flow", "run", file, "--stub", f"Post Message={tmp_path / 'post.json'}", "--events", "jsonl")
    rows = [row for row in map(json.loads, ended.err.splitlines()) if row["type"] == "steps"]
    assert rows[0] == {"type": "steps", "component": "slack", "executed": 0, "stubbed": 1, "notReached": 0}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("Post Message", 'invalid --stub "Post Message": expected NAME=FILE'),
        ("Post Mesage=stub.json", 'unknown stub "Post Mesage"'),
        ("Post Message=none.json", 'cannot read stub file "none.json"'),
        ("Post Message=bad.json", 'stub file "bad.json" must be JSON'),
    ],
)
def test_invalid_stub_is_rejected(
    command: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stub.json").write_text("{}")
    (tmp_path / "bad.json").write_text("{")
    ended = command("flow", "run", file, "--stub", option)
    assert (ended.code, message in ended.err) == (2, True)


def test_failed_run_with_stubs_is_resumed_with_them(command: Command, tmp_path: Path) -> None:
    post = step("Post Message", "slack.postMessage", {"text": "x"})
    broken = step("Loop", "loop.loopNTimes", {"iterationCount": "=postMessage.results.n"})
    file = integration(tmp_path, post, broken, variables=[])
    (tmp_path / "postMessage.json").write_text('{"n": "many"}')
    stub = f"Post Message={tmp_path / 'postMessage.json'}"
    journal = tmp_path / "run.journal"
    failed = command("flow", "run", file, "--stub", stub, "--journal", journal)
    without = command("flow", "resume", journal)
    resumed = command("flow", "resume", journal, "--stub", stub)

    assert (failed.code, without.code, resumed.code) == (2, 2, 2)
    assert "hint: Prepare stubs" in without.err
    assert 'step "Loop": "iterationCount" must be an integer, got "many"' in resumed.err


def test_request_of_an_http_step_gets_the_response_in_a_file(command: Command, tmp_path: Path) -> None:
    get = step("Get", "http.httpGet", {"url": "https://a.example/items?page=2"})
    delete = step("Delete", "http.httpDelete", {"url": "https://a.example/items/7"})
    stop = step("Stop", "stop-execution.stopExecution", {"jsonBody": "=get.results"})
    (tmp_path / "items.json").write_text('["from the stub"]')
    stubs = [
        f"--stub=GET https://a.example/items?page=2={tmp_path / 'items.json'}",
        f"--stub=DELETE https://a.example/*={tmp_path / 'items.json'}",
    ]
    # No confirmation is needed for a delete that reaches no service.
    ended = command("flow", "run", integration(tmp_path, get, delete, stop, variables=[]), *stubs)
    assert (ended.code, ended.json) == (0, ["from the stub"])
