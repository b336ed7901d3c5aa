"""What a shell is told when somebody presses Tab."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from connector import testing
from connector.cli.root import cli
from connector.sandbox_kit.sandbox import Sandbox
from tests.cli.conftest import Command, finish, start


def completed(args: list[str], incomplete: str) -> list[str]:
    completions = ShellComplete(cli, {}, "connector", "_CONNECTOR_COMPLETE").get_completions(args, incomplete)
    return [item.value for item in completions]


def test_commands_are_completed() -> None:
    assert completed([], "te") == ["test-connection"]


def test_action_keys_are_completed_whatever_their_case() -> None:
    assert completed(["run"], "listw") == ["listWarehousesCatalog", "listWarehouses", "listWorkspaceRegulations"]


def test_profiles_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "config.toml"
    file.write_text("[profiles.eu.fields]\n[profiles.us.fields]\n")

    assert completed(["run", "listSources", "--profile"], "e") == ["eu"]
    assert completed(["logout"], "") == ["eu", "us"]
    file.write_text("[profiles")
    assert completed(["logout"], "") == []


def test_data_source_keys_are_completed() -> None:
    assert completed(["choices"], "s") == ["sources", "subscriptions", "sourceTypes"]


def test_show_completes_every_kind_of_key() -> None:
    assert completed(["show"], "sources") == ["sources"]
    assert completed(["show"], "api") == ["apiKey"]


def test_input_names_of_the_action_are_completed() -> None:
    assert completed(["run", "updateSource", "-i"], "s") == ["sourceId=", "slug=", "settings="]
    assert completed(["choices", "sources", "-i"], "") == ["region="]


def test_completion_of_inputs_is_empty_for_an_unknown_key() -> None:
    assert completed(["run", "nothing", "-i"], "") == []


def test_options_are_completed() -> None:
    assert completed(["run", "listSources"], "--sel") == ["--select"]


def test_completion_is_empty_when_the_component_cannot_be_loaded() -> None:
    assert completed(["--manifest", "/nowhere", "run"], "") == []
    assert completed(["--manifest", "/nowhere", "run", "x", "-i"], "") == []


def test_another_component_completes_its_own_keys(other_component: os.PathLike[str]) -> None:
    assert completed(["--manifest", str(other_component), "run"], "") == ["listThings", "saveThing"]


def test_keys_of_installed_components_are_completed() -> None:
    assert completed(["--component"], "seg") == ["segment"]
    assert completed(["list", "--component"], "seg") == ["segment"]
    assert completed(["list", "--component"], "x") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_of_a_shell_asks_this_program(command: Command, shell: str) -> None:
    ended = command("completion", shell)

    assert ended.code == 0
    assert "_CONNECTOR_COMPLETE" in ended.out


def test_program_responds_to_the_completion_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_CONNECTOR_COMPLETE", "zsh_complete")
    monkeypatch.setenv("COMP_WORDS", "connector run deleteU")
    monkeypatch.setenv("COMP_CWORD", "2")
    ended = finish(start())

    assert (ended.code, ended.out) == (
        0,
        "plain\ndeleteUser\nDelete Users\nplain\ndeleteUserGroup\nDelete User Group\n",
    )


def test_sandboxs_commands_and_the_components_own_are_completed() -> None:
    assert completed(["sandbox"], "a") == ["assumptions", "accept-invite"]


def test_argument_after_a_bare_sandbox_option_is_completed() -> None:
    assert completed(["run", "listSources", "--sandbox", "-i"], "c") == ["count=", "cursor="]


def test_choices_and_booleans_are_completed_behind_the_name() -> None:
    assert completed(["run", "createFunction", "-i"], "resourceType=INSERT_S") == ["resourceType=INSERT_SOURCE"]
    assert completed(["run", "updateSource", "-i"], "enabled=") == ["enabled=true", "enabled=false"]
    assert completed(["run", "updateSource", "-i"], "slug=") == []
    assert completed(["run", "updateSource", "-i"], "nothing=") == []


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))
    with testing.sandbox() as opened:
        monkeypatch.setenv("SEGMENT_API_KEY", opened.connection["fields"]["apiKey"])
        monkeypatch.setenv("SEGMENT_BASE_URL", opened.connection["fields"]["baseUrl"])
        yield opened


def test_ids_come_from_the_data_source_and_are_kept(workspace: Sandbox, tmp_path: Path) -> None:
    first = completed(["run", "updateSource", "-i"], "sourceId=r")
    again = completed(["run", "updateSource", "-i"], "sourceId=")

    ids = {f"sourceId={source['id']}" for source in workspace.sources}
    assert set(first) == {each for each in ids if each.startswith("sourceId=r")}
    assert set(again) == ids
    assert len(workspace.requests) == 1
    for file in (tmp_path / "choices").iterdir():
        assert workspace.token not in file.read_text()
        os.utime(file, (0, 0))
    completed(["run", "updateSource", "-i"], "sourceId=")
    assert len(workspace.requests) == 2


def test_ids_that_depend_on_another_input_use_it(workspace: Sandbox) -> None:
    subscription = workspace.subscriptions[0]
    line = ["run", "getDestinationSubscription", "-i", f"destinationId={subscription['destinationId']}", "-i"]

    assert f"subscriptionId={subscription['id']}" in completed(line, "subscriptionId=")
    assert completed(["run", "getDestinationSubscription", "-i"], "subscriptionId=") == []


def test_records_with_settings_are_completed(workspace: Sandbox) -> None:
    assert set(completed(["show", "updateDestination", "--for"], "")) == {each["id"] for each in workspace.destinations}
    assert completed(["show", "getUser", "--for"], "") == []


def test_ids_are_empty_without_credentials_or_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))
    assert completed(["run", "updateSource", "-i"], "sourceId=") == []
    assert completed(["run", "updateSource", f"--sandbox={tmp_path / 'new'}", "-i"], "sourceId=") == []
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("SEGMENT_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SEGMENT_API_KEY", "tok-47111111")
    assert completed(["run", "updateSource", "-i"], "sourceId=") == []


def test_runs_of_flows_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))
    (tmp_path / "runs").mkdir()
    for name in ("20260101-a", "20260102-b"):
        (tmp_path / "runs" / f"{name}.jsonl").touch()

    assert completed(["flow", "resume"], "2026") == ["20260102-b", "20260101-a"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("connector run updateSource -i enabled=f", "false"),
        ("connector run updateSource -i sl", "slug="),
        ("connector run updateSource -i 'enabled=f", "enabled=false"),
        ('connector run updateSource -i "enabled=f', "enabled=false"),
        ("connector run updateSource -i enabled='f", "false"),
        ('connector run updateSource -i "name=a b" -i \'enabled=f', "enabled=false"),
        ("connector run updateSource -i 'name=it is' -i enabled=f", "false"),
        ("connector run updateSource -i 'sl", "slug="),
    ],
)
def test_bash_completes_values_behind_an_equals_sign(command: Command, program: Path, line: str, expected: str) -> None:
    """Bash passes `a=b` as three words; the script completes the part that bash replaces."""
    script = command("completion", "bash").out
    test = f"""
compopt() {{ :; }}
{script}
COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)}
_connector_completion connector
echo "${{COMPREPLY[*]}}"
"""
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    run = subprocess.run(["bash", "--norc", "-c", test], env=environment, capture_output=True, text=True, check=True)

    assert run.stdout.split() == expected.split()
