"""Usage: help, hints, and what a user types by mistake."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

import connector
from tests.cli.conftest import Command, finish, start
from tests.cli.flows import read_flow
from tests.support.server import LoopbackServer, ServerResponse

SOURCES = {"data": {"sources": [{"id": "a", "slug": "app"}], "pagination": {"next": "Mg==", "totalEntries": 2000}}}
LAST = {"data": {"sources": [{"id": "b", "slug": "web"}], "pagination": {"totalEntries": 2000}}}
BIDI = "\u202egnp.exe"
CSI = "\x9b2J"


@pytest.mark.parametrize("group", ["flow", "sandbox"])
def test_group_without_a_command_prints_its_help(command: Command, group: str) -> None:
    ended = command(group)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: connector {group} ")
    assert "Commands:" in ended.out


def test_root_help_names_the_component_and_both_ways_to_begin(command: Command) -> None:
    ended = command("--help")

    assert "Run Segment actions and Prismatic flows from the command line." in ended.out
    assert "Set SEGMENT_API_KEY" in ended.out
    assert "add --sandbox" in ended.out


def test_root_help_of_a_component_that_cannot_be_loaded_is_still_printed(command: Command, tmp_path: Path) -> None:
    ended = command("--manifest", tmp_path / "none.yaml", "--help")

    assert (ended.code, "Run a component's actions" in ended.out) == (0, True)


def test_completion_without_a_shell_is_an_error_with_the_shells(command: Command) -> None:
    ended = command("completion")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: missing argument SHELL\n")
    assert "Choose one of bash, zsh, fish." in ended.err
    assert "\t" not in ended.err


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("run", "listSources", "count=1"), "Pass inputs with -i: -i count=1"),
        (("run", "listSources", "count=1", "region=api"), "-i count=1 -i region=api"),
        (("choices", "sources", "region=api"), "-i region=api"),
        (("run", "listSources", "extra"), "See connector run --help."),
        (("list", "extra"), "See connector list --help."),
    ],
)
def test_unexpected_argument_suggests_the_option_for_inputs(
    command: Command, server: LoopbackServer, args: tuple[str, ...], hint: str
) -> None:
    ended = command(*args)

    assert (ended.code, server.requests) == (2, [])
    assert f'unexpected argument "{args[2] if len(args) > 2 else args[1]}"' in ended.err
    assert hint in ended.err


@pytest.mark.parametrize(
    "args",
    [
        ("run", "listSources"),
        ("choices", "sources"),
        ("test-connection",),
        ("login",),
        ("flow", "run", "x.yaml"),
        ("flow", "resume", "x"),
        ("flow", "undo", "x"),
    ],
)
@pytest.mark.parametrize("option", ["--max-wait", "--deadline"])
@pytest.mark.parametrize("value", ["nan", "ten"])
def test_nan_is_rejected_by_every_command_that_waits(
    command: Command, args: tuple[str, ...], option: str, value: str
) -> None:
    ended = command(*args, option, value)

    assert (ended.code, f'"{value}" is not a number of seconds' in ended.err) == (2, True)


def test_default_of_max_wait_is_the_one_of_python_and_in_the_help(command: Command) -> None:
    from connector.rest.rate_limits import DEFAULT_MAX_WAIT

    for args in (("run",), ("flow", "run")):
        assert f"[default: {DEFAULT_MAX_WAIT};" in " ".join(command(*args, "--help").out.split())


def test_missing_token_names_every_way_on(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGMENT_API_KEY")
    monkeypatch.setenv("SEGMENT_REGION", "api")
    ended = command("run", "listSources")

    assert ended.code == 3
    assert ended.err.startswith("error: no API Key\n")
    for way in ("SEGMENT_API_KEY", "--connection FILE", "connector login", "--sandbox", "Access Management > Tokens"):
        assert way in ended.err


def test_search_without_a_match_says_so(command: Command, server: LoopbackServer) -> None:
    server.answer(LAST)
    ended = command("choices", "sources", "--search", "zzz")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == 'No choices of sources match "zzz".\n'


def test_limit_says_how_many_choices_it_left_out(command: Command, server: LoopbackServer) -> None:
    server.answer(SOURCES, LAST)
    ended = command("choices", "sources", "--limit", "1")

    assert len(ended.out.splitlines()) == 1
    assert "First 1 of 2 choices" in ended.err


@pytest.mark.parametrize("args", [(), ("--select", "$.data.data.sources[?(@.slug=='web')]"), ("--dry-run",)])
def test_one_page_is_not_mistaken_for_the_whole_list(
    command: Command, server: LoopbackServer, args: tuple[str, ...]
) -> None:
    server.answer(SOURCES)
    ended = command("run", "listSources", *args)

    assert ended.code == 0
    assert "first 1 of 2,000; add --all to print every record\n" in ended.err


@pytest.mark.parametrize(("page", "args"), [(LAST, ()), ({"data": {"source": {}}}, ())])
def test_last_page_and_other_payloads_are_printed_without_a_note(
    command: Command, server: LoopbackServer, page: object, args: tuple[str, ...]
) -> None:
    server.answer(page)
    ended = command("run", "listSources", *args)

    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("cursor", ["$.data.next", "$.data['next']"])
def test_page_of_a_component_without_totals_is_reported_too(
    command: Command, server: LoopbackServer, other_component: Path, monkeypatch: pytest.MonkeyPatch, cursor: str
) -> None:
    file = other_component.parent / "actions" / "things.py"
    file.write_text(file.read_text(encoding="utf-8").replace("$.data.next", cursor), encoding="utf-8")
    monkeypatch.setenv("OTHER_HOST", server.url)
    monkeypatch.setenv("OTHER_TOKEN", "x")
    server.answer({"things": ["a", "b"], "next": "2"})
    ended = command("--manifest", other_component, "run", "listThings")

    assert (ended.code, ended.err) == (0, "first 2; add --all to print every record\n")


def test_later_page_is_not_called_the_first(command: Command, server: LoopbackServer) -> None:
    server.answer(SOURCES)

    assert command("run", "listSources", "-i", "cursor=Mg==").err.startswith("1 of 2,000; add --all")


def test_seed_file_that_does_not_exist_is_named_before_the_question(command: Command, tmp_path: Path) -> None:
    command("run", "listSources", "--sandbox")
    ended = command("sandbox", "seed", "--seed", tmp_path / "none.json")

    assert (ended.code, ended.out) == (2, "")
    assert "none.json: no such file" in ended.err
    assert "--yes" not in ended.err


@pytest.mark.parametrize(
    "args",
    [
        ("-i", "slug=@-", "-i", "name=@-"),
        ("--inputs", "-", "-i", "name=@-"),
        ("--inputs", "-", "--connection", "-"),
    ],
)
def test_standard_input_is_read_only_once(command: Command, server: LoopbackServer, args: tuple[str, ...]) -> None:
    content = '{"slug": "s", "enabled": true, "metadataId": "m"}'
    ended = command("run", "createSource", *args, stdin=content)

    assert (ended.code, server.requests) == (2, [])
    assert "standard input can be read only once" in ended.err


def test_standard_input_of_a_flow_is_read_only_once(command: Command, tmp_path: Path) -> None:
    ended = command(
        "flow", "run", read_flow(tmp_path), "--payload", "-", "--connection", "Workspace=-", stdin='{"apiKey": "x"}'
    )

    assert (ended.code, "standard input can be read only once" in ended.err) == (2, True)


def test_export_writes_an_ordinary_file(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "segment.json"
    ended = command("export", "prismatic-definition", "--publish", "--to", file)

    assert (ended.code, ended.out, ended.err) == (0, "", f"Wrote {file}\n")
    assert json.loads(file.read_text()) == command("export", "prismatic-definition", "--publish").json
    assert file.stat().st_mode & 0o044 == 0o044


def test_export_names_its_formats(command: Command) -> None:
    ended = command("export", "prismatik")

    assert ended.code == 2
    assert '"manifest", "prismatic-definition", "json-schema"' in ended.err


def test_dump_makes_an_existing_file_private(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    file.write_text("{}")
    file.chmod(0o644)
    command("sandbox", "dump", "--output", file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["sources"]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices")
def test_dump_to_a_device_does_not_replace_it(command: Command) -> None:
    assert command("sandbox", "dump", "--output", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("text", [BIDI, CSI, "\x1b]0;title\x07"])
def test_text_from_outside_cannot_control_a_terminal(command: Command, server: LoopbackServer, text: str) -> None:
    server.answer({"errors": [{"message": text}]}, LAST)
    refused = command("run", "getSource", "-i", f"sourceId={text}x", "--max-wait", "0")
    unknown = command("run", f"list{text}")
    server.answer({"data": {"sources": [{"id": "a", "slug": text, "name": text}], "pagination": {}}})
    choices = command("choices", "sources")

    for output in (refused.err, unknown.err, choices.out):
        assert not set(text) & set("\u202e\x9b\x1b\x07") & set(output)


def test_interrupt_during_the_imports_has_no_traceback(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("connector.cli.exit_codes")

    def interrupt(_name: str) -> object:
        raise KeyboardInterrupt

    module.__getattr__ = interrupt  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "connector.cli.exit_codes", module)
    ended = command("--version")

    assert (ended.code, ended.err) == (130, "interrupted\n")


def test_output_is_utf8_whatever_the_locale(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONUTF8", "0")
    server.answer({"data": {"sources": [{"id": "a", "slug": "zwei-ü", "name": "zwei ü"}], "pagination": {}}})
    choices = finish(start("choices", "sources"))
    unknown = finish(start("run", "ü"))

    assert (choices.code, choices.out) == (0, "a\tzwei-ü\n")
    assert (unknown.code, "internal error" in unknown.err) == (2, False)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (("help",), "Run `connector --help`."),
        (("help", "run"), "Run `connector run --help`."),
        (("listSources",), "Run `connector run listSources`."),
        (("listTrackingPlans", "--all"), "Run `connector run listTrackingPlans`."),
        (("warehouses",), "Run `connector choices warehouses`."),
        (("lst",), "Did you mean list?"),
        (("flow", "help"), "Run `connector flow --help`."),
        (("run", "listSources", "--sandbox", "box.sqlite"), "Pass --sandbox=box.sqlite."),
    ],
)
def test_command_that_does_not_exist_has_a_suggestion(command: Command, line: tuple[str, ...], hint: str) -> None:
    ended = command(*line)

    assert ended.code == 2
    assert f"hint: {hint}" in ended.err


def test_new_sandbox_file_is_reported_once(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGMENT_API_KEY")
    file = tmp_path / "box.sqlite"
    first = command("run", "listUsers", f"--sandbox={file}", "--select", "$.data.data.users[0].name")
    second = command("run", "listUsers", f"--sandbox={file}", "--select", "$.data.data.users[0].name")

    assert (first.code, first.err) == (0, f"Creating sandbox {file}\n")
    assert (second.code, second.err) == (0, "")


def test_new_journal_and_trace_of_a_flow_are_reported(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer({"data": {"sources": [], "pagination": {}}})
    journal, trace = tmp_path / "j.jsonl", tmp_path / "t.jsonl"
    flow = read_flow(tmp_path)
    ended = command("flow", "run", flow, "--journal", journal, "--trace", trace)

    assert ended.code == 0
    assert f"Creating journal {journal}\n" in ended.err
    assert f"Creating trace {trace}\n" in ended.err


def test_password_of_a_database_is_never_printed(
    command: Command, server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.journal.postgres.AWAY_SECONDS", 0.05)
    server.answer({"data": {"sources": [], "pagination": {}}})

    ended = command("flow", "run", read_flow(tmp_path), "--journal", "postgresql://me:pass-4711@127.0.0.1:1/runs")

    assert ended.code == 2
    assert 'error: cannot use the database of journal "postgresql://me@127.0.0.1:1/runs"' in ended.err
    assert "pass-4711" not in ended.out + ended.err


@pytest.mark.parametrize("arguments", [["run", "FLOW", "--journal", "URL"], ["resume", "URL#r"], ["undo", "URL#r"]])
def test_wait_for_a_database_is_printed_on_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("connector.journal.postgres.AWAY_SECONDS", 0.5)
    flow, url = read_flow(tmp_path), "postgresql://me@127.0.0.1:1/runs"
    ended = command("flow", *[part.replace("FLOW", str(flow)).replace("URL", url) for part in arguments])

    lines = [line for line in ended.err.splitlines() if line.startswith("Waiting")]
    assert len(lines) == 1
    assert lines[0].startswith(f'Waiting up to 0 s for database "{url}": connection failed')


def test_hint_on_the_command_line_names_the_option(command: Command, server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"", 429, {"Retry-After": "30"}))
    ended = command("run", "listUsers", "--max-wait", "0")

    assert "or raise --max-wait." in ended.err


def test_hint_in_python_names_the_argument(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"", 429, {"Retry-After": "30"}))
    with pytest.raises(connector.errors.RateLimitError) as raised:
        runner.invoke("listUsers", max_wait=0)

    assert "or raise max_wait." in raised.value.hint
    assert connector.errors.DeadlineError.hint == "Raise deadline."


def test_wrong_field_names_the_place_that_it_came_from(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SEGMENT_REGION", "eu")
    by_variable = command("run", "listUsers")
    monkeypatch.setenv("CONNECTOR_CONNECTION", '{"apiKey": "tok-47111111", "region": "eu"}')
    by_json = command("run", "listUsers")
    file = tmp_path / "c.json"
    file.write_text('{"apiKey": "tok-47111111", "region": "eu"}')
    by_file = command("run", "listUsers", "--connection", file)
    (tmp_path / "config.toml").write_text('[profiles.eu.fields]\napiKey = "tok-47111111"\nregion = "eu"\n')
    by_profile = command("run", "listUsers", "--profile", "eu")

    assert "hint: Correct the variable SEGMENT_REGION." in by_variable.err
    assert "hint: Correct the variable CONNECTOR_CONNECTION." in by_json.err
    assert f"hint: Correct {file}, which --connection names." in by_file.err
    assert 'hint: Correct profile "eu", or save it again' in by_profile.err


def test_logout_of_an_unknown_profile_names_the_profiles(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_CONFIG_HOME", str(tmp_path))
    none = command("logout", "zz")
    (tmp_path / "config.toml").write_text('[profiles.eu.fields]\napiKey = "tok-47111111"\n')
    some = command("logout", "zzzzz")

    assert "hint: There are no profiles." in none.err
    assert "hint: Available profiles: eu." in some.err


def test_mcp_without_write_rejects_yes(command: Command) -> None:
    ended = command("mcp", "--sandbox", "--yes")
    assert (ended.code, ended.err) == (2, "error: --yes requires --write\nhint: Add --write.\n")
