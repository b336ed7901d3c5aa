"""`connector run --each`: one call per row of a file."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from connector.cli.row_files import read_rows
from connector.errors import UsageError
from tests.cli.conftest import TOKEN, Command, Ended, finish, start
from tests.cli.test_completion import completed
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

SOURCES = "id,slug,enabled\na,web,true\nb,ios,false\n"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    file = tmp_path / "sources.csv"
    file.write_text(SOURCES)
    return file


def echo(request: ReceivedRequest) -> ServerResponse:
    return ServerResponse({"data": {"path": request.path, "body": request.json if request.body else None}})


def results(ended: Ended) -> list[Any]:
    return [json.loads(line) for line in ended.out.splitlines()]


def test_columns_with_the_name_of_an_input_and_templates_make_the_inputs(
    command: Command, server: LoopbackServer, sources: Path
) -> None:
    server.script = echo
    ended = command("run", "updateSource", "--each", sources, "-i", "sourceId={id}", "-i", "name=The {slug} {{x}}")

    assert [(request.path, request.json) for request in server.requests] == [
        ("/sources/a", {"slug": "web", "enabled": True, "name": "The web {x}"}),
        ("/sources/b", {"slug": "ios", "enabled": False, "name": "The ios {x}"}),
    ]
    assert [(line["row"], line["status"]) for line in results(ended)] == [(1, "done"), (2, "done")]
    assert ended.code == 0
    assert "updateSource for 2 rows on" in ended.err


def test_columns_that_are_not_used_are_named(command: Command, server: LoopbackServer, sources: Path) -> None:
    server.script = echo
    ended = command("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--select", "$.data.data.path")

    assert "Ignored columns: slug, enabled\n" in ended.err
    assert [line["payload"] for line in results(ended)] == ["/sources/a", "/sources/b"]


def test_misspelled_column_is_named_when_rows_are_invalid(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("SourceID,other\n" + "a,b\n" * 30)
    ended = command("run", "getSource", "--each", file)

    assert (ended.code, server.requests) == (2, [])
    assert "rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more: sourceId: is required" in ended.err
    assert "Ignored columns: SourceID (did you mean sourceId?), other." in ended.err
    assert "keep-going" not in ended.err


def test_unknown_input_of_an_option_is_reported_once(command: Command, server: LoopbackServer, sources: Path) -> None:
    ended = command("run", "updateSource", "--each", sources, "-i", "sourceId={id}", "-i", "enable=false")

    assert (ended.code, server.requests, ended.err.count('unknown input "enable"')) == (2, [], 1)
    assert "Did you mean enabled or name?" in ended.err
    assert "row" not in ended.err


def test_different_problems_of_rows_are_cut(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("sourceId,enabled\n" + "".join(f"a,x{number}\n" for number in range(30)))
    ended = command("run", "updateSource", "--each", file)

    assert ended.err.count("must be true or false") == 10
    assert "30 invalid rows of 30" in ended.err
    assert "and other problems" in ended.err


def test_rows_of_json_keep_their_types(command: Command, server: LoopbackServer) -> None:
    server.script = echo
    row = {"id": "a", "settings": {"n": [1]}, "nested": {"name": "N"}}
    command(
        *("run", "updateSource", "--each", "-", "-i", "sourceId={id}", "-i", "settings.all={settings}"),
        *("-i", "name={nested.name} {settings.n}"),
        stdin=json.dumps(row) + "\n\n",
    )

    assert server.requests[0].json == {"name": "N [1]", "settings": {"n": [1], "all": {"n": [1]}}}


def test_dotted_columns_set_fields(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    server.script = echo
    file = tmp_path / "rows.csv"
    file.write_text("sourceId,settings.websiteUrl\na,https://a.example\n")
    command("run", "updateSource", "--each", file)

    assert server.requests[0].json == {"settings": {"websiteUrl": "https://a.example"}}


def test_true_and_false_are_booleans_in_a_field_of_an_object(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    server.script = echo
    file = tmp_path / "rows.csv"
    file.write_text("sourceId,settings.a,settings.b,flag,number,list\na,true,truth,false,7,[1]\n")
    command(
        *("run", "updateSource", "--each", file, "-i", "settings.c=true", "-i", "settings.d={flag}"),
        *("-i", "settings.e={number}", "-i", "settings.f:={number}", "-i", "settings.g:={list}"),
        *("-i", 'settings.h:="true"', "-i", "name=true"),
    )
    command("run", "updateSource", "-i", "sourceId=a", "-i", "settings.x=false", "-i", 'settings.y:="false"')

    settings = {"a": True, "b": "truth", "c": True, "d": False, "e": "7", "f": 7, "g": [1], "h": "true"}
    assert server.requests[0].json == {"settings": settings, "name": "true"}
    assert server.requests[1].json == {"settings": {"x": False, "y": "false"}}


def test_column_that_is_not_json_is_rejected_by_row(command: Command, server: LoopbackServer, sources: Path) -> None:
    ended = command("run", "updateSource", "--each", sources, "-i", "sourceId={id}", "-i", "settings.a:={slug}")

    assert (ended.code, server.requests) == (2, [])
    assert 'row 1: column "slug" must be JSON' in ended.err


@pytest.mark.parametrize("text", ["{id", "id}", "{id}{", "{no such}", "{}x", "{{id}"])
def test_brace_outside_of_a_template_is_rejected(
    command: Command, server: LoopbackServer, sources: Path, text: str
) -> None:
    ended = command("run", "getSource", "--each", sources, "-i", f"sourceId={text}")

    assert (ended.code, server.requests) == (2, [])
    assert f'a brace in "{text}" belongs to no template' in ended.err


def test_braces_of_json_are_not_templates(command: Command, server: LoopbackServer, sources: Path) -> None:
    server.script = echo
    command("run", "updateSource", "--each", sources, "-i", "sourceId={id}", "-i", 'settings={"a": {}, "b": "{slug}"}')

    assert server.requests[0].json == {"slug": "web", "enabled": True, "settings": {"a": {}, "b": "web"}}


def test_braces_of_a_file_are_not_templates(
    command: Command, server: LoopbackServer, sources: Path, tmp_path: Path
) -> None:
    server.script = echo
    code = tmp_path / "code.js"
    code.write_text("const {id} = event")
    command("run", "updateFunction", "--each", sources, "-i", "functionId={id}", "-i", f"code=@{code}")

    assert server.requests[0].json == {"code": "const {id} = event"}


def test_unknown_column_of_a_template_is_rejected_with_the_columns(
    command: Command, server: LoopbackServer, sources: Path
) -> None:
    ended = command("run", "getSource", "--each", sources, "-i", "sourceId={idd}")

    assert (ended.code, server.requests) == (2, [])
    assert 'row 1: no column "idd"' in ended.err
    assert "Available columns: id, slug, enabled." in ended.err


def test_invalid_rows_are_listed_before_anything_is_sent(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    server.script = echo
    file = tmp_path / "rows.jsonl"
    file.write_text('{"sourceId": "a", "enabled": true}\n{"enabled": "x", "sourceId": "b"}\n{"enabled": false}\n')
    ended = command("run", "updateSource", "--each", file)

    assert (ended.code, server.requests) == (2, [])
    assert "2 invalid rows of 3" in ended.err
    assert 'row 2: enabled: must be true or false, got "x"' in ended.err
    stored = command("run", "updateSource", "--each", file, "--on-error", "keep-going")
    assert (stored.code, len(server.requests)) == (2, 1)
    assert "1 row done, 2 failed" in stored.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"a": 1}]', "holds a JSON list"),
        ('{"a": 1}\n{"a"', "line 2 of"),
        ('{"a": 1}\n7', "not an object"),
        ("a,b\n1\n", "line 2 of"),
        ("a,a\n1,2\n", 'column "a" twice'),
        ("a,\n1,2\n", "a column without a name"),
        ("a;b\n1;2\n", "has semicolons between its columns"),
        ("a\tb\n1\t2\n", "has tabs between its columns"),
        ('a\n"1\n', "is not CSV"),
        (b"a\n\xff\n", r"not UTF-8 \(line 2\)"),
    ],
)
def test_file_that_holds_no_rows_is_rejected(content: str | bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "rows"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=message):
        list(read_rows(str(file)))


def test_csv_of_spreadsheets_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    file.write_bytes('\ufeffname, note\r\n"a, ""b""","two\r\nlines"\r\n\r\nc,\r\n'.encode())

    assert list(read_rows(str(file))) == [{"name": 'a, "b"', "note": "two\r\nlines"}, {"name": "c", "note": ""}]


@pytest.mark.parametrize(("name", "content"), [("rows.csv", "sourceId\n"), ("rows.jsonl", ""), ("-", "")])
def test_run_without_rows_is_reported(
    command: Command, server: LoopbackServer, tmp_path: Path, name: str, content: str
) -> None:
    if name != "-":
        (tmp_path / name).write_text(content)
    ended = command("run", "getSource", "--each", name if name == "-" else tmp_path / name, stdin=content)

    assert (ended.code, server.requests) == (0, [])
    assert "warning: there are no rows" in ended.err


def test_empty_csv_is_rejected(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("")
    ended = command("run", "getSource", "--each", file)

    assert (ended.code, f"{file} is empty" in ended.err) == (2, True)


def test_folder_is_rejected_before_a_run_begins(command: Command, tmp_path: Path) -> None:
    ended = command("run", "getSource", "--each", tmp_path)

    assert (ended.code, ended.err) == (2, f"error: cannot read {tmp_path}: is a directory\n")


def test_second_file_of_rows_is_rejected(command: Command, sources: Path) -> None:
    ended = command("run", "getSource", "--each", sources, "--each", sources)

    assert (ended.code, "--each is there twice" in ended.err) == (2, True)


@pytest.mark.parametrize("options", [(), ("--resume", "x", "--unknown", "maybe")])
def test_sandbox_is_not_created_before_the_rows_are_checked(
    command: Command, sources: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    file = tmp_path / "new.json"
    ended = command("run", "getSource", "--each", sources, f"--sandbox={file}", *options)

    assert (ended.code, file.exists(), "Creating" in ended.err) == (2, False, False)


def test_missing_file_is_named(command: Command) -> None:
    ended = command("run", "getSource", "--each", "/nowhere.csv")

    assert (ended.code, "cannot read /nowhere.csv" in ended.err) == (2, True)


def test_failed_run_is_resumed_and_its_results_file_is_whole(
    command: Command, server: LoopbackServer, sources: Path, tmp_path: Path
) -> None:
    output = tmp_path / "results.jsonl"
    line = ("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--output", output)
    server.script = lambda request: ServerResponse({"errors": []}, 404) if request.path.endswith("b") else echo(request)
    failed = command(*line)
    run = failed.err.partition("Run ")[2].partition(":")[0]
    assert completed(["run", "getSource", "--resume"], "") == [run]
    server.script = echo
    ended = command(*line, "--resume", run)

    assert (failed.code, failed.out, ended.code, ended.out) == (4, "", 0, "")
    assert f"add --resume {run}" in failed.err
    assert 'Row 2 (sourceId "b") failed: not found (404)' in failed.err
    assert [json.loads(text)["row"] for text in output.read_text().splitlines()] == [1, 2]
    assert output.stat().st_mode & 0o077 == 0
    assert [request.path for request in server.requests] == ["/sources/a", "/sources/b", "/sources/b"]


def test_results_file_of_a_rejected_resume_stays(
    command: Command, server: LoopbackServer, sources: Path, tmp_path: Path
) -> None:
    output = tmp_path / "results.jsonl"
    line = ("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--output", output)
    server.script = lambda request: ServerResponse({"errors": []}, 404) if request.path.endswith("b") else echo(request)
    run = command(*line).err.partition("Run ")[2].partition(":")[0]
    before = output.read_bytes()
    sources.write_text(SOURCES.replace("a,web", "c,web"))
    other = command(*line, "--resume", run)
    sources.write_text("id,slug,enabled\n")
    fewer = command(*line, "--resume", run)
    other_pipe = command(*line[:3], "-", *line[4:], "--resume", run, stdin="id\nc\n")

    assert (other.code, fewer.code, other_pipe.code, output.read_bytes()) == (2, 2, 2, before)
    assert f"run {run} has 2 rows, but 0 were passed" in fewer.err


@pytest.mark.parametrize("name", ["sources.csv", "./sources.csv", "link.csv"])
def test_output_is_not_the_file_of_the_rows(
    command: Command, server: LoopbackServer, sources: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(sources.parent)
    Path("link.csv").symlink_to(sources)
    ended = command("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--output", name)

    assert (ended.code, server.requests, sources.read_text()) == (2, [], SOURCES)
    assert "--output is the file of --each" in ended.err


def test_output_is_not_the_file_of_the_inputs(command: Command, sources: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.json"
    inputs.write_text('{"sourceId": "a"}')
    ended = command("run", "getSource", "--each", sources, "--inputs", inputs, "--output", inputs)

    assert (ended.code, inputs.read_text()) == (2, '{"sourceId": "a"}')
    assert "--output is the file of --inputs" in ended.err


@pytest.mark.parametrize("content", ["my notes\n", '{"id": 1}\n', "[1]\n"])
def test_output_replaces_only_results(
    command: Command, server: LoopbackServer, sources: Path, tmp_path: Path, content: str
) -> None:
    output = tmp_path / "notes"
    output.write_text(content)
    ended = command("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--output", output)

    assert (ended.code, server.requests, output.read_text()) == (2, [], content)
    assert f"{output} exists and holds no results" in ended.err


def test_earlier_results_are_replaced(command: Command, server: LoopbackServer, sources: Path, tmp_path: Path) -> None:
    server.script = echo
    output = tmp_path / "results.jsonl"
    output.write_text('{"row":1,"status":"done","payload":{"a":"' + 5_000 * "cut off")
    command("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--output", output)

    assert [json.loads(line)["row"] for line in output.read_text().splitlines()] == [1, 2]


def test_run_that_keeps_going_ends_with_the_code_of_its_failure(
    command: Command, server: LoopbackServer, sources: Path
) -> None:
    server.script = lambda request: ServerResponse({"errors": []}, 404) if request.path.endswith("a") else echo(request)
    ended = command("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--on-error", "keep-going")

    assert (ended.code, [line["status"] for line in results(ended)]) == (4, ["failed", "done"])
    assert "1 row done, 1 failed; add --resume" in ended.err


@pytest.mark.parametrize(
    ("statuses", "code"),
    [((503, 404), 4), ((404, 503), 4), ((503, 503), 5), ((404, 503, 200), 4), ((503, 200), 5)],
)
def test_exit_code_of_several_failures_is_the_one_that_needs_a_person(
    command: Command, server: LoopbackServer, statuses: tuple[int, ...], code: int
) -> None:
    server.script = lambda request: ServerResponse({"data": {}}, int(request.path.rpartition("/")[2]))
    ids = "".join(f"{status}\n" for status in statuses)
    line = ("run", "getSource", "--each", "-", "--on-error", "keep-going", "--max-wait", "0")

    assert command(*line, stdin=f"sourceId\n{ids}").code == code


def test_exit_code_of_an_unknown_outcome_wins(command: Command, server: LoopbackServer) -> None:
    server.script = lambda request: ServerResponse({"data": {}}, int(request.json["slug"]))
    line = ("run", "createSource", "--each", "-", "-i", "metadataId=m", "-i", "enabled=true", "--max-wait", "0")
    ended = command(*line, "--on-error", "keep-going", stdin="slug\n400\n503\n404\n")

    assert ended.code == 6


def test_failed_rows_are_reported_with_request_and_reason(command: Command, server: LoopbackServer) -> None:
    problem = {"type": "invalid", "message": "no such source"}
    server.script = lambda _request: ServerResponse({"errors": [problem]}, 404)
    ids = "".join(f"s{number}\n" for number in range(30))
    line = ("run", "getSource", "--each", "-", "--on-error", "keep-going")
    ended = command(*line, stdin=f"sourceId\n{ids}")
    invalid = command(*line, stdin='{"sourceId": [1]}')

    assert "Row 4 failed: not found (404) [GET /sources/s3]: no such source\n" in ended.err
    assert "... and 20 more rows; the results name all of them\n" in ended.err
    assert "Row 1 failed: invalid input: " in invalid.err
    assert "(sourceId): must be a string" in invalid.err


def test_other_options_of_a_resumed_run_are_suspected(command: Command, server: LoopbackServer, sources: Path) -> None:
    server.script = lambda request: ServerResponse({"errors": []}, 404) if request.path.endswith("b") else echo(request)
    line = ("run", "updateSource", "--each", sources, "-i", "sourceId={id}")
    run = command(*line).err.partition("Run ")[2].partition(":")[0]
    changed = command(*line, "-i", "name=x", "--resume", run)
    failed = command(*line, "--resume", run)

    assert (changed.code, failed.code) == (2, 4)
    assert "Also pass the same -i and --inputs." in changed.err
    undecided = command(*line, "--resume", run, "--unknown", "99=skip")
    expected = f"error: row 99 of run {run} has no unknown outcome\nhint: Leave out the decision about it.\n"
    assert expected in undecided.err
    assert "To resume" not in changed.err + failed.err


def test_run_is_not_resumed_with_another_profile(
    command: Command, server: LoopbackServer, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_CONFIG_HOME", str(tmp_path))
    profiles = [f'[profiles.{name}.fields]\napiKey = "{TOKEN}"\nbaseUrl = "{server.url}"\n' for name in ("us", "eu")]
    (tmp_path / "config.toml").write_text("".join(profiles))
    (tmp_path / "config.toml").chmod(0o600)
    server.script = lambda request: ServerResponse({"errors": []}, 404) if request.path.endswith("b") else echo(request)
    line = ("run", "getSource", "--each", sources, "-i", "sourceId={id}", "--profile")
    run = command(*line, "us").err.partition("Run ")[2].partition(":")[0]
    other = command(*line, "eu", "--resume", run)
    server.script = echo
    same = command(*line, "us", "--resume", run)

    assert (other.code, same.code) == (2, 0)
    assert f'run {run} is for credentials "profile us", not "profile eu"' in other.err


def test_decision_without_a_run_is_rejected(command: Command, server: LoopbackServer, sources: Path) -> None:
    ended = command("run", "getSource", "--each", sources, "--unknown", "skip")

    assert (ended.code, "--unknown requires --resume" in ended.err, server.requests) == (2, True, [])


def test_mistyped_run_is_suggested(command: Command, server: LoopbackServer, sources: Path) -> None:
    server.script = lambda request: ServerResponse({"errors": []}, 404) if request.path.endswith("b") else echo(request)
    line = ("run", "getSource", "--each", sources, "-i", "sourceId={id}")
    run = command(*line).err.partition("Run ")[2].partition(":")[0]
    ended = command(*line, "--resume", run[:-1] + ("0" if run[-1] != "0" else "1"))

    assert (ended.code, f"Did you mean {run}?" in ended.err) == (2, True)


def test_runs_that_can_be_resumed_are_named_and_pruned(
    command: Command, server: LoopbackServer, sources: Path, state_home: Path
) -> None:
    server.script = lambda request: ServerResponse({"errors": []}, 404) if request.path.endswith("b") else echo(request)
    run = (
        command("run", "getSource", "--each", sources, "-i", "sourceId={id}").err.partition("Run ")[2].partition(":")[0]
    )
    listed = command("flow", "runs").err
    stored = command("flow", "prune", "--status", "failed").err + command("flow", "prune", "--older-than", "0s").err
    pruned = command("flow", "prune", "--status", "failed", "--older-than", "0s").err

    assert "Runs of --each that can be resumed with --resume:\n" in listed
    assert f"  {run}  getSource  1 of 2 rows done  started 20" in listed
    assert (stored, pruned) == ("Deleted 0 runs.\n" * 2, "Deleted 1 run.\n")
    assert list((state_home / "bulk").iterdir()) == []


def test_failure_of_an_idempotent_write_is_not_an_unknown_outcome(command: Command, server: LoopbackServer) -> None:
    server.script = lambda _request: ServerResponse(b"", 503)
    line = ("run", "updateSource", "--each", "-", "-i", "name=x", "--max-wait", "0", "--on-error", "keep-going")
    ended = command(*line, stdin="sourceId\na\n")

    assert (ended.code, [line["status"] for line in results(ended)]) == (5, ["failed"])
    assert "unknown outcome" not in ended.err


def test_unknown_outcome_is_decided_per_row(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("slug,enabled,metadataId\na,true,m\nb,true,m\n")
    line = ("run", "createSource", "--each", file, "--on-error", "keep-going")
    server.script = lambda _request: ServerResponse(b"", 503)
    failed = command(*line)
    run = failed.err.partition("Run ")[2].partition(":")[0]
    server.script = echo
    undecided = command(*line, "--resume", run, "--unknown", "1=skip")
    invalid = command(*line, "--resume", run, "--unknown", "1=maybe")
    ended = command(*line, "--resume", run, "--unknown", "1=skip", "--unknown", "2=retry")

    assert (failed.code, undecided.code, invalid.code, ended.code) == (6, 2, 2, 0)
    assert 'row 2 (slug "b"): its write may have been applied' in undecided.err
    assert [result["status"] for result in results(ended)] == ["skipped", "done"]
    assert [request.json["slug"] for request in server.requests] == ["a", "b", "b"]


def test_dry_run_prints_the_first_requests(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"sourceId": str(number), "enabled": False}) + "\n" for number in range(9)))
    ended = command("run", "updateSource", "--each", file, "--dry-run")

    assert (ended.code, server.requests) == (0, [])
    assert ended.out.count('"PATCH"') == 3
    assert "the first requests of 9 to" in ended.err
    assert "***" not in ended.err


@pytest.mark.parametrize("options", [("-i", "sourceId=a"), ("--each", "-")])
def test_dry_run_says_what_is_masked(command: Command, server: LoopbackServer, options: tuple[str, str]) -> None:
    server.script = echo
    line = ("run", "updateSource", *options, "-i", "settings.region=eu-west", "--dry-run")
    ended = command(*line, stdin="sourceId\na\n")

    assert {request.method for request in server.requests} <= {"GET"}
    assert '"***"' in ended.out
    assert "*** stands for values of settings, which can hold secrets" in ended.err


def test_destructive_rows_need_a_confirmation(command: Command, server: LoopbackServer, sources: Path) -> None:
    server.script = echo
    line = ("run", "deleteSource", "--each", sources, "-i", "sourceId={id}")
    refused = command(*line)

    assert (refused.code, server.requests) == (2, [])
    assert "deleteSource is destructive and needs confirmation" in refused.err
    assert command(*line, "--yes").code == 0
    assert len(server.requests) == 2


@pytest.mark.parametrize("option", [("--resume", "x"), ("--parallel", "2"), ("--on-error", "keep-going")])
def test_option_of_a_bulk_run_needs_each(command: Command, option: tuple[str, str]) -> None:
    ended = command("run", "listSources", *option)

    assert (ended.code, f"{option[0]} requires --each" in ended.err) == (2, True)


def test_other_output_options_do_not_go_with_each(command: Command, sources: Path) -> None:
    assert command("run", "listSources", "--each", sources, "--format", "csv").code == 2


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_interrupted_run_finishes_its_row_and_says_how_to_resume(
    server: LoopbackServer, tmp_path: Path, number: signal.Signals, code: int, word: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("sourceId,enabled\n" + "".join(f"{number},true\n" for number in range(20)))
    server.script = lambda request: ServerResponse({"data": {"path": request.path}}, hang=0.1)
    process = start("run", "updateSource", "--each", str(file))
    until = time.monotonic() + 20
    while len(server.requests) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    ended = finish(process)
    run = ended.err.partition("Run ")[2].partition(":")[0]

    assert ended.code == code
    assert f"{word}; add --resume {run} to continue" in ended.err
    server.script = lambda request: ServerResponse({"data": {"path": request.path}})
    again = finish(start("run", "updateSource", "--each", str(file), "--resume", run))

    assert (again.code, len(again.out.splitlines()), len(server.requests)) == (0, 20, 20)
