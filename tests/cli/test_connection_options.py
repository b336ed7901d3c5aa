"""Where the command line finds the connection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import TOKEN, Command
from tests.support.server import LoopbackServer

WORKSPACE = {"data": {"workspace": {"id": "1", "slug": "acme", "name": "Acme"}}}


def token_of(server: LoopbackServer) -> str:
    return server.requests[-1].headers["Authorization"]


@pytest.mark.parametrize("whole", [True, False], ids=["key-and-fields", "bare-fields"])
def test_file_wins_over_the_environment(command: Command, server: LoopbackServer, tmp_path: Path, whole: bool) -> None:
    server.answer(WORKSPACE)
    fields = {"apiKey": "from-file", "baseUrl": server.url}
    file = tmp_path / "connection.json"
    file.write_text(json.dumps({"key": "apiKey", "fields": fields} if whole else fields), encoding="utf-8")
    ended = command("test-connection", "--connection", file)

    assert (ended.code, token_of(server)) == (0, "Bearer from-file")
    assert f"(credentials: {file})" in ended.err
    assert "from-file" not in ended.out + ended.err


def test_connection_is_read_from_standard_input(command: Command, server: LoopbackServer) -> None:
    server.answer(WORKSPACE)
    fields = {"apiKey": "from-stdin", "baseUrl": server.url}
    command("test-connection", "--connection", "-", stdin=json.dumps(fields))

    assert token_of(server) == "Bearer from-stdin"


@pytest.mark.parametrize("variable", ["CONNECTOR_CONNECTION", "PRISMATIC_CONNECTION_VALUE"])
def test_json_in_the_environment_wins_over_single_variables(
    command: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    server.answer(WORKSPACE)
    value = {"key": "apiKey", "configVarKey": "x", "fields": {"apiKey": "from-json", "baseUrl": server.url}}
    monkeypatch.setenv(variable, json.dumps(value))
    ended = command("test-connection")

    assert token_of(server) == "Bearer from-json"
    assert f"(credentials: {variable})" in ended.err


def test_own_variable_wins_over_the_platforms(
    command: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer(WORKSPACE)
    monkeypatch.setenv("CONNECTOR_CONNECTION", json.dumps({"apiKey": "own", "baseUrl": server.url}))
    monkeypatch.setenv("PRISMATIC_CONNECTION_VALUE", json.dumps({"apiKey": "other", "baseUrl": server.url}))
    command("test-connection")

    assert token_of(server) == "Bearer own"


def test_one_variable_a_field(command: Command, server: LoopbackServer) -> None:
    server.answer(WORKSPACE)
    ended = command("test-connection")

    assert token_of(server) == f"Bearer {TOKEN}"
    assert "(credentials: SEGMENT_API_KEY)" in ended.err


def test_tested_connection_shows_its_workspace(command: Command, server: LoopbackServer) -> None:
    server.answer(WORKSPACE)

    assert command("test-connection").json == {"data": WORKSPACE}


def test_token_of_another_workspace_is_detected(
    command: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer(WORKSPACE)
    monkeypatch.setenv("SEGMENT_SUBDOMAIN", "other")
    ended = command("test-connection")

    assert (ended.code, ended.out) == (3, "")
    assert '"acme"' in ended.err


def test_without_anything_the_variables_are_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", "")
    ended = command("test-connection")

    assert ended.code == 3
    assert "SEGMENT_API_KEY" in ended.err
    assert "--connection FILE" in ended.err


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "line 1 column 1"), ("[1]", "must be a JSON object"), ('"secret-text"', "must be a JSON object")],
)
def test_connection_that_is_not_a_json_object_is_rejected_without_showing_it(
    command: Command, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.setenv("CONNECTOR_CONNECTION", text)
    ended = command("test-connection")

    assert (ended.code, message in ended.err, "secret-text" in ended.err) == (2, True, False)
    assert "CONNECTOR_CONNECTION" in ended.err


def test_connection_file_that_is_missing_is_named(command: Command, tmp_path: Path) -> None:
    ended = command("test-connection", "--connection", tmp_path / "none.json")

    assert (ended.code, "none.json: no such file" in ended.err) == (2, True)


def test_connection_that_cannot_be_tested_says_so(
    command: Command, other_component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_HOST", "https://example.com")
    monkeypatch.setenv("OTHER_TOKEN", "x")
    ended = command("--manifest", other_component, "test-connection")

    assert (ended.code, "cannot be tested" in ended.err) == (2, True)
