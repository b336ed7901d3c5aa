"""`connector run --each FILE --submit`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from connector.component.component import load_component
from connector.component.profiles import Profile
from connector.journal.journals import default_database
from connector.journal.past_runs import past_run
from connector.workers import bulk
from connector.workers.bulk import SubmittedRows
from connector.workers.queue import RunQueue
from tests.cli.conftest import Command
from tests.cli.flows import read_flow
from tests.flows.support import ServerResponse, Service
from tests.support.server import ReceivedRequest
from tests.workers.conftest import working

SOURCES = "slug,enabled,metadataId\n" + "".join(f"s{number},true,m\n" for number in range(1, 6))
PROFILE = ["--profile", "shop"]


def echo(request: ReceivedRequest) -> ServerResponse:
    return ServerResponse({"data": {"source": json.loads(request.body or b"null")}})


@pytest.fixture(scope="module")
def segment_worker(database: str, service: Service) -> Iterator[None]:
    fields = {"apiKey": "sgp_t", "baseUrl": service.server.url}
    profiles = {"shop": Profile("shop", "segment", None, fields)}
    with working(database, service, load_component(), profiles=profiles):
        yield


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: str
) -> Command:
    monkeypatch.setattr(bulk, "ROWS", 2)
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CONNECTOR_DATABASE", database)
    return Command(capsys, monkeypatch)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    file = tmp_path / "sources.csv"
    file.write_text(SOURCES)
    return file


def lines_of(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("segment_worker")
def test_results_are_printed_in_the_order_of_the_rows(
    command: Command, sources: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.server, "script", echo)
    arguments: list[str | Path] = ["run", "createSource", "--each", sources, "--submit", "--id", "all", *PROFILE]
    submitted = command(*arguments)
    assert submitted.json == {"run": "all", "rows": 5, "shards": ["all.1", "all.2", "all.3"]}
    assert "Submitted run all: createSource for 5 rows\n" in submitted.err
    assert "Run all already exists: createSource for 5 rows\n" in command(*arguments).err
    ended = command(*arguments, "--wait", "--select", "$.data.data.source.slug")
    assert [(line["row"], line["status"], line["payload"]) for line in lines_of(ended.out)] == [
        (number, "done", f"s{number}") for number in range(1, 6)
    ]
    assert (ended.code, len(service.requests("POST"))) == (0, 5)


@pytest.mark.usefixtures("segment_worker")
def test_run_goes_on_after_the_row_that_failed_and_was_decided_on(
    command: Command, sources: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [ServerResponse({"errors": [{"message": "no"}]}, 422), ServerResponse(cut=True)]

    def answer(request: ReceivedRequest) -> ServerResponse:
        slug = json.loads(request.body)["slug"]
        return answers.pop() if slug in {"s1", "s3"} and answers else echo(request)

    monkeypatch.setattr(service.server, "script", answer)
    arguments: list[str | Path] = ["run", "createSource", "--each", sources, "--submit", "--wait", *PROFILE]
    ended = command(*arguments, "--id", "half")
    failed = {line["row"] for line in lines_of(ended.out) if line["status"] in {"failed", "unknown"}}
    assert failed == {1, 3}
    assert ended.code == 6
    assert ' (slug "s1") ' in ended.err
    assert "add --resume half to continue" in ended.err
    unknown = next(line["row"] for line in lines_of(ended.out) if line["status"] == "unknown")
    again = command(*arguments, "--resume", "half", "--unknown", f"{unknown}=retry")
    assert [line["status"] for line in lines_of(again.out)] == ["done"] * 5
    assert again.code == 0
    assert "Submitted 2 shards of run half again\n" in again.err


@pytest.mark.usefixtures("segment_worker")
def test_row_that_failed_is_reported_as_by_the_local_command(
    command: Command, sources: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: ReceivedRequest) -> ServerResponse:
        failure = {"errors": [{"type": "bad-request", "message": "already exists", "field": "slug"}]}
        return ServerResponse(failure, 422) if b'"s1"' in request.body else echo(request)

    monkeypatch.setattr(service.server, "script", answer)
    monkeypatch.setenv("SEGMENT_API_KEY", "sgp_t")
    monkeypatch.setenv("SEGMENT_BASE_URL", service.server.url)
    arguments: list[str | Path] = ["run", "createSource", "--each", sources, "--on-error", "keep-going"]
    local = command(*arguments)
    ended = command(*arguments, "--submit", "--wait", "--id", "alike", *PROFILE)
    report = 'Row 1 (slug "s1") failed: unprocessable request (422) [POST /sources]: slug: already exists\n'
    assert report in local.err
    assert report in ended.err
    assert "4 rows done, 1 failed, 0 not run; add --resume alike to continue" in ended.err
    assert (ended.code, local.code) == (4, 4)
    assert lines_of(ended.out)[0] == lines_of(local.out)[0]


def test_hint_about_another_on_error_of_a_resumed_run_does_not_suggest_a_new_id(
    command: Command, sources: Path
) -> None:
    arguments: list[str | Path] = ["run", "createSource", "--each", sources, "--submit", *PROFILE]
    assert command(*arguments, "--id", "modes", "--in", "1h").code == 0
    ended = command(*arguments, "--resume", "modes", "--on-error", "keep-going")
    assert (ended.code, 'error: ID "modes" was used with other rows, another action' in ended.err) == (2, True)
    assert "hint: To go on with the run, pass the rows, -i, and --on-error of before." in ended.err


@pytest.mark.usefixtures("segment_worker")
def test_submitted_flow_ends_with_the_exit_code_of_the_cause(
    command: Command, tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.server, "script", lambda _request: ServerResponse({}, 422))
    arguments: list[str | Path] = ["flow", "run", read_flow(tmp_path), "--submit", "--wait", "--id", "rejected"]
    ended = command(*arguments, "--profile", "shop")
    assert (ended.code, "error: run rejected failed: " in ended.err) == (4, True)
    assert past_run(f"{default_database()}#rejected").exit_code == 4


@pytest.mark.usefixtures("segment_worker")
def test_submitted_flow_without_its_profile_ends_like_a_setup_error(command: Command, tmp_path: Path) -> None:
    arguments: list[str | Path] = ["flow", "run", read_flow(tmp_path), "--submit", "--wait", "--id", "no-profile"]
    ended = command(*arguments, "--profile", "no")
    assert (ended.code, "this worker has no profile" in ended.err) == (3, True)


@pytest.mark.usefixtures("segment_worker")
def test_reason_of_rows_that_were_not_run_is_printed_once(command: Command, sources: Path) -> None:
    ended = command("run", "createSource", "--each", sources, "--submit", "--wait", "--id", "lost", "--profile", "no")
    assert ended.err.count("was not run: this worker has no profile") == 1
    assert 'Row 1 (slug "s1") was not run: ' in ended.err
    assert (ended.code, len(lines_of(ended.out))) == (1, 5)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit(143)], ids=["interrupted", "terminated"])
def test_interrupted_submission_says_how_to_submit_no_row_twice(
    command: Command, sources: Path, database: str, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    word = "interrupted" if error is KeyboardInterrupt else "terminated"
    monkeypatch.setattr("connector.cli.submit_each.new_id", lambda: word)
    arguments: list[str | Path] = ["run", "createSource", "--each", sources, "--submit", "--in", "1h", *PROFILE]
    with monkeypatch.context() as patch:
        patch.setattr(RunQueue, "put", Mock(side_effect=[None, error]))
        try:
            ended = command(*arguments)
            assert ended.code == 130
            messages = ended.err
        except SystemExit:
            messages = command.capsys.readouterr().err
    assert f"add --id {word} to submit no row twice" in messages
    assert past_run(f"{database}#{word}.1").status == "queued"
    assert command(*arguments, "--id", word).json["shards"] == [f"{word}.{number}" for number in (1, 2, 3)]


def test_interrupted_wait_leaves_no_empty_results_file(
    command: Command, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SubmittedRows, "results", Mock(side_effect=KeyboardInterrupt))
    output = tmp_path / "results.jsonl"
    arguments: list[str | Path] = ["run", "createSource", "--each", sources, "--submit", "--in", "1h", *PROFILE]
    assert command(*arguments, "--id", "waiting", "--wait", "--output", output).code == 130
    assert not output.exists()
    output.write_text('{"row":1,"status":"done"}\n')
    assert command(*arguments, "--id", "waiting", "--wait", "--output", output).code == 130
    assert output.read_text() == '{"row":1,"status":"done"}\n'


def test_destructive_rows_are_submitted_only_after_a_confirmation(
    command: Command, tmp_path: Path, database: str
) -> None:
    file = tmp_path / "ids.csv"
    file.write_text("sourceId\na\n")
    arguments: list[str | Path] = ["run", "deleteSource", "--each", file, "--submit", "--id", "ids", "--in", "1h"]
    ended = command(*arguments)
    assert (ended.code, "deleteSource is destructive and needs confirmation" in ended.err) == (2, True)
    assert command(*arguments, "--yes").code == 0
    assert past_run(f"{database}#ids.1").status == "queued"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--submit"], "--submit requires --each"),
        (["--each", "FILE", "--id", "x"], "--id requires --submit"),
        (["--each", "FILE", "--wait"], "--wait needs --submit"),
        (["--each", "FILE", "--submit", "--output", "new.jsonl"], "--output and --submit require --wait"),
        (["--each", "FILE", "--submit", "--parallel", "2"], "--parallel and --submit cannot be used together"),
        (["--each", "FILE", "--submit", "--sandbox"], "--sandbox and --submit cannot be used together"),
        (["--each", "FILE", "--submit", "--deadline", "5"], "--deadline and --submit cannot be used together"),
        (["--each", "FILE", "--submit", "--id", ""], 'invalid run ID ""'),
        (["--each", "FILE", "--submit", "--resume", "never"], 'unknown run "never"'),
    ],
)
def test_option_without_a_meaning_is_an_error(
    command: Command, sources: Path, options: list[str], message: str
) -> None:
    ended = command("run", "createSource", *[option.replace("FILE", str(sources)) for option in options])
    assert (ended.code, message in ended.err) == (2, True), ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["undo", "shards"],
        ["show", "shards"],
        ["cancel", "shards"],
        ["resume", "shards"],
        ["resume", "shards", "--submit"],
        ["settle", "shards", "call", "--happened"],
        ["undo", "shards", "--database", "URL"],
    ],
)
def test_commands_about_runs_name_the_shards(
    command: Command, sources: Path, database: str, arguments: list[str]
) -> None:
    rows: list[str | Path] = ["run", "createSource", "--each", sources, "--submit", "--id", "shards", "--in", "1h"]
    assert command(*rows, *PROFILE).code == 0
    ended = command("flow", *(database if part == "URL" else part for part in arguments))
    assert ended.code == 2
    assert (
        'error: the rows of run "shards" were submitted in shards\nhint: Pass the ID of a shard, such as shards.1;'
        in ended.err
    )
