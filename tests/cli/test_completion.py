"""What a shell is told when somebody presses Tab."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from connector.cli.root import cli
from tests.cli.conftest import Command, finish, start


def completed(args: list[str], incomplete: str) -> list[str]:
    found = ShellComplete(cli, {}, "connector", "_CONNECTOR_COMPLETE").get_completions(args, incomplete)
    return [item.value for item in found]


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
