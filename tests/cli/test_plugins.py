"""`connector plugins`, and what plugins print."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.component import plugins
from tests.cli.conftest import Command
from tests.support.components import write_component
from tests.support.server import LoopbackServer


class Chatty:
    """A plugin that prints in every way."""

    @connector.hookimpl(wrapper=True)
    def perform_action(self) -> Any:
        print("before the action")
        payload = yield
        sys.stdout.write("after the action\n")
        return payload

    @connector.hookimpl
    def send_request(self) -> None:
        sys.stdout.buffer.write(b"a request\n")


@pytest.fixture
def chatty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the plugin."""
    monkeypatch.setitem(sys.modules, "chatty_plugin", Chatty())
    entries = [EntryPoint("chatty", "chatty_plugin", plugins.ENTRY_POINTS)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries if group == plugins.ENTRY_POINTS else [])


@pytest.mark.usefixtures("chatty")
def test_plugins_are_listed_with_their_hooks_and_files(command: Command) -> None:
    table = command("plugins")
    (plugin,) = command("plugins", "--json").json

    assert "chatty" in table.out
    assert plugin == {
        "name": "chatty",
        "distribution": "",
        "location": __file__,
        "hooks": ["perform_action", "send_request"],
    }


def test_no_plugin_is_said_on_standard_error(command: Command) -> None:
    ended = command("plugins")

    assert (ended.code, ended.out, ended.err) == (0, "", "no plugin is installed\n")


@pytest.mark.usefixtures("chatty")
def test_what_a_plugin_prints_is_not_in_the_payload(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {"source": {"id": "s"}}})

    ended = command("run", "getSource", "-i", "sourceId=s")

    assert ended.json == {"data": {"data": {"source": {"id": "s"}}}}
    assert [
        line for line in ended.err.splitlines() if line in {"before the action", "a request", "after the action"}
    ] == [
        "before the action",
        "a request",
        "after the action",
    ]


def test_what_packages_print_when_they_are_imported_is_not_in_the_payload(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_component(tmp_path / "tiny")
    with (tmp_path / "tiny" / "actions" / "hello.py").open("a", encoding="utf-8") as file:
        file.write("\nprint('import of a component')\n")
    code = "import connector\nprint('import of a plugin')\n@connector.hookimpl\ndef perform_action(): ...\n"
    (tmp_path / "noisy_plugin.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    entries = [EntryPoint("noisy", "noisy_plugin", plugins.ENTRY_POINTS)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries if group == plugins.ENTRY_POINTS else [])

    ended = command("--manifest", tmp_path / "tiny", "plugins", "--json")

    assert [plugin["hooks"] for plugin in ended.json] == [["perform_action"]]
    assert "import of a component" in ended.err
    assert "import of a plugin" in ended.err
