"""`--sandbox`, and the commands of `connector sandbox` that work on its file."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.testing import sandbox as sandbox_of
from tests.cli.conftest import INITIAL_SLUGS, SELECT_SLUGS, SOURCE_INPUTS, Command, Ended, finish
from tests.support.server import LoopbackServer

pytestmark = pytest.mark.usefixtures("program_on_the_path")


@pytest.fixture
def file(state_home: Path) -> Path:
    return state_home / "segment" / "sandbox.sqlite"


def in_a_process(*args: str) -> Ended:
    process = subprocess.Popen(
        ["connector", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    return finish(process)


def slugs(command: Command, *options: str) -> Any:
    return command("run", "listSources", "--sandbox", *SELECT_SLUGS, *options).json


def test_next_command_lists_what_a_command_created(file: Path) -> None:
    created = in_a_process("run", "createSource", "--sandbox", *SOURCE_INPUTS)
    assert (created.code, created.json["data"]["data"]["source"]["slug"], created.err) == (0, "shop", "")
    listed = in_a_process("run", "listSources", "--sandbox", *SELECT_SLUGS)
    assert (listed.code, listed.json, listed.err) == (0, [*INITIAL_SLUGS, "shop"], "")
    assert file.stat().st_mode & 0o777 == 0o600


def test_bare_option_never_takes_the_next_argument(command: Command, file: Path) -> None:
    assert slugs(command) == INITIAL_SLUGS
    assert command("run", "--sandbox", "listSources", *SELECT_SLUGS).json == INITIAL_SLUGS
    assert command("choices", "--sandbox", "sources", "--json").json["result"]
    assert file.exists()


def test_option_chooses_a_file(command: Command, tmp_path: Path, file: Path) -> None:
    other = tmp_path / "other.sqlite"
    assert command("run", "createSource", f"--sandbox={other}", *SOURCE_INPUTS).code == 0
    assert slugs(command, f"--sandbox={other}") == [*INITIAL_SLUGS, "shop"]
    assert not file.exists()


@pytest.mark.parametrize("value", ["1", "true", "yes", "on", "FILE"])
def test_variable_does_the_same(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path, value: str
) -> None:
    other = tmp_path / "other.sqlite"
    monkeypatch.setenv("CONNECTOR_SANDBOX", str(other) if value == "FILE" else value)
    assert command("run", "listSources", *SELECT_SLUGS).json == INITIAL_SLUGS
    assert (other.exists(), file.exists()) == (value == "FILE", value != "FILE")


@pytest.mark.parametrize("value", ["", "0", "false", "no", "off"])
def test_variable_can_say_no(
    command: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, file: Path, value: str
) -> None:
    server.answer({"data": {"workspace": {"id": "1"}}})
    monkeypatch.setenv("CONNECTOR_SANDBOX", value)
    assert command("test-connection").code == 0
    assert len(server.requests) == 1
    assert not file.exists()


def test_variable_that_is_no_path_is_rejected_and_creates_no_file(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECTOR_SANDBOX", "maybe")
    ended = command("run", "listSources")
    assert ended.code == 2
    assert 'error: invalid CONNECTOR_SANDBOX "maybe"\n' in ended.err
    assert "hint: Use one of 0, 1, false, no, off, on, true, yes, or a path such as ./maybe.sqlite.\n" in ended.err
    assert not Path("maybe").exists()


def test_real_credentials_are_not_used(command: Command, server: LoopbackServer, file: Path) -> None:
    ended = command("test-connection", "--sandbox")
    assert (ended.code, ended.json["data"]["data"]["workspace"]["slug"]) == (0, "sandbox")
    assert f'Connected to workspace "Sandbox" (sandbox {file})' in ended.err
    assert server.requests == []


def test_sandbox_and_connection_together_are_rejected(command: Command, tmp_path: Path) -> None:
    ended = command("run", "listSources", "--sandbox", "--connection", tmp_path / "any.json")
    assert (ended.code, "--connection and --sandbox cannot be used together" in ended.err) == (2, True)


def test_sandbox_write_needs_no_notice_and_no_confirmation(command: Command) -> None:
    id_ = command("run", "createSource", "--sandbox", *SOURCE_INPUTS).json["data"]["data"]["source"]["id"]
    ended = command("run", "deleteSource", "--sandbox", "-i", f"sourceId={id_}")
    assert (ended.code, ended.err) == (0, "")
    assert slugs(command) == INITIAL_SLUGS


def test_policy_holds_in_a_sandbox(command: Command) -> None:
    assert command("run", "createSource", "--sandbox", "--read-only", *SOURCE_INPUTS).code == 2
    dry = command("run", "createSource", "--sandbox", "--dry-run", *SOURCE_INPUTS)
    assert (dry.code, dry.json["method"], "would send this request to sandbox" in dry.err) == (0, "POST", True)
    assert slugs(command) == INITIAL_SLUGS


def test_faults_come_from_a_variable(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_SANDBOX_FAULTS", "latency:1ms drop:1:before")
    assert command("run", "createSource", "--sandbox", *SOURCE_INPUTS).code == 6
    monkeypatch.setenv("CONNECTOR_SANDBOX_FAULTS", "flood")
    ended = command("run", "listSources", "--sandbox")
    assert (ended.code, 'invalid fault "flood"' in ended.err) == (2, True)


def test_sandbox_notices_go_to_standard_error(command: Command) -> None:
    ended = command("run", "createSource", "--sandbox", *SOURCE_INPUTS, "-i", 'settings:={"other": 1}')
    assert ended.code == 0
    assert "WARNING connector.sandbox: createSource shop: Javascript has no setting other" in ended.err


@pytest.mark.parametrize("args", [("run", "listSources", "--sandbox"), ("sandbox", "serve", "--port", "0")])
def test_without_the_extra_it_says_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else real(name))
    ended = command(*args)
    assert (ended.code, "pip install 'segment-connector[server]'" in ended.err) == (3, True)


@pytest.mark.parametrize("args", [("run", "saveThing", "-i", "name=x", "--sandbox"), ("sandbox", "path")])
def test_component_without_a_sandbox_says_so(command: Command, other_component: Path, args: tuple[str, ...]) -> None:
    ended = command("--manifest", other_component, *args)
    assert (ended.code, 'component "other" has no sandbox' in ended.err) == (2, True)


def test_path_is_printed(file: Path) -> None:
    ended = in_a_process("sandbox", "path")
    assert (ended.code, ended.out) == (0, f"{file}\n")


@pytest.mark.parametrize("how", ["option", "variable"])
def test_every_command_takes_another_file(
    command: Command, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    other, options = tmp_path / "other.sqlite", []
    if how == "option":
        options = ["--file", str(other)]
    else:
        monkeypatch.setenv("CONNECTOR_SANDBOX", str(other))
    assert command("sandbox", "path", *options).out == f"{other}\n"
    assert command("sandbox", "seed", "--sources", "1", *options).code == 0
    assert len(command("sandbox", "dump", *options).json["sources"]) == 1
    assert command("sandbox", "reset", "--yes", *options).code == 0
    assert len(command("sandbox", "dump", *options).json["sources"]) == 5
    assert not file.exists()


def test_reset_needs_a_yes_once_there_is_something_to_lose(command: Command, file: Path) -> None:
    command("run", "createSource", "--sandbox", *SOURCE_INPUTS)
    refused = command("sandbox", "reset")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert slugs(command) == [*INITIAL_SLUGS, "shop"]
    done = in_a_process("sandbox", "reset", "--yes")
    assert (done.code, done.out, str(file) in done.err) == (0, "", True)
    assert slugs(command) == INITIAL_SLUGS


def test_loaded_dump_is_the_same_workspace(command: Command, tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    command("run", "createSource", "--sandbox", *SOURCE_INPUTS)
    written = in_a_process("sandbox", "dump", "--output", str(seed))
    assert (written.code, written.out, seed.stat().st_mode & 0o777) == (0, "", 0o600)
    assert json.loads(seed.read_text()) == command("sandbox", "dump").json
    command("sandbox", "reset", "--yes")
    assert in_a_process("sandbox", "seed", "--seed", str(seed), "--yes").code == 0
    assert json.loads(seed.read_text()) == command("sandbox", "dump").json


def test_dump_that_cannot_be_written_is_named(command: Command, tmp_path: Path) -> None:
    ended = command("sandbox", "dump", "--output", tmp_path / "none" / "seed.json")
    assert (ended.code, "seed.json: no such file" in ended.err) == (2, True)


def test_big_workspace_is_made_of_numbers(command: Command) -> None:
    assert in_a_process("sandbox", "seed", "--sources", "300", "--destinations", "7").code == 0
    held = command("sandbox", "dump").json
    assert (len(held["sources"]), len(held["destinations"])) == (300, 7)
    listed = command("run", "listSources", "--sandbox", "--all", "--format", "jsonl").out
    assert listed.count("\n") == 300


def test_seeding_needs_a_yes_once_there_is_something_to_lose(command: Command) -> None:
    command("run", "createSource", "--sandbox", *SOURCE_INPUTS)
    assert command("sandbox", "seed", "--sources", "1").code == 2
    assert slugs(command) == [*INITIAL_SLUGS, "shop"]


@pytest.mark.parametrize("args", [(), ("--sources", "1", "--seed", "x.json")])
def test_seed_is_a_file_or_numbers(command: Command, args: tuple[str, ...]) -> None:
    ended = command("sandbox", "seed", *args)
    assert (ended.code, "--seed FILE, or --sources N or --destinations N" in ended.err) == (2, True)


def test_seed_that_cannot_be_used_changes_nothing(command: Command, tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text('{"sources": [{"id": "1"}]}')
    ended = command("sandbox", "seed", "--seed", seed, "--yes")
    assert (ended.code, "sources.0: the string slug, metadataId is required" in ended.err) == (2, True)
    assert slugs(command) == INITIAL_SLUGS


def test_assumptions_are_listed_with_values_and_source(command: Command) -> None:
    table = in_a_process("sandbox", "assumptions")
    listed = command("sandbox", "assumptions", "--json").json
    assert re.search(r"^slug-taken +422 \| 409 \| allow +A source slug .* undocumented", table.out, re.MULTILINE)
    assert len(table.out.splitlines()) == len(listed) + 1
    assert set(listed[0]) == {"name", "description", "choices", "source"}


def test_invitation_is_accepted(command: Command) -> None:
    invites = '[{"email": "sloth@example.com", "permissions": []}]'
    command("run", "createUserInvites", "--sandbox", "-i", f"invites:={invites}")
    ended = in_a_process("sandbox", "accept-invite", "sloth@example.com")
    assert (ended.code, ended.json["user"]["email"]) == (0, "sloth@example.com")
    assert "sloth@example.com" in command("run", "listUsers", "--sandbox").out
    again = command("sandbox", "accept-invite", "sloth@example.com")
    assert (again.code, 'no invitation for "sloth@example.com"' in again.err) == (2, True)


def test_help_has_the_components_own_commands(command: Command) -> None:
    helped = command("sandbox", "--help").out
    assert re.search(r"accept-invite +Accept the invitation", helped)
    assert command("sandbox", "accept-invite", "--help").out.startswith("Usage: connector sandbox accept-invite")


def test_unknown_command_names_the_nearest(command: Command) -> None:
    ended = command("sandbox", "accept-invitation")
    assert (ended.code, "accept-invite" in ended.err) == (2, True)


def test_file_that_is_not_a_sandbox_is_reported_and_not_changed(command: Command, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("These are my notes." * 100)
    ended = command("run", "listSources", f"--sandbox={notes}")
    assert (ended.code, 'notes.txt" is not a sandbox file' in ended.err) == (2, True)
    assert notes.read_text().startswith("These")


def test_state_folder_is_expanded(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CONNECTOR_STATE_HOME", "~/mine")
    assert command("sandbox", "path").out == f"{tmp_path / 'mine' / 'segment' / 'sandbox.sqlite'}\n"
    assert os.environ["CONNECTOR_STATE_HOME"] == "~/mine"


def test_compare_reports_what_the_api_contradicts(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox_of(connector.load_component(), assume={"last-page": "null"}) as real:
        monkeypatch.setenv("SEGMENT_API_KEY", real.token)
        monkeypatch.setenv("SEGMENT_BASE_URL", real.url)
        ended = command("sandbox", "compare", "--json")
    verdicts = {each["name"]: each["verdict"] for each in ended.json["assumptions"]}
    assert (ended.code, verdicts["last-page"], verdicts["cursors"]) == (1, "contradicted", "confirmed")
    assert [name for name, verdict in verdicts.items() if verdict == "contradicted"] == ["last-page"]
    assert real.token not in ended.out + ended.err
