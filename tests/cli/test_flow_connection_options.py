"""Which connection a flow gets: by name, in a sandbox, from the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import TOKEN, Command
from tests.cli.flows import COPY, one_step, read_flow, two_connections
from tests.support.server import LoopbackServer

SOURCES: dict[str, Any] = {"data": {"sources": [], "pagination": {}}}


def connection_file(folder: Path, name: str, **fields: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps(fields), encoding="utf-8")
    return file


def test_only_connection_comes_from_the_environment(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(SOURCES)
    ended = command("flow", "run", read_flow(tmp_path))

    assert (ended.code, ended.json) == (0, SOURCES)
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_connection_is_passed_by_its_name(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(SOURCES)
    file = connection_file(tmp_path, "c.json", apiKey="tok-of-the-file", baseUrl=server.url)
    ended = command("flow", "run", read_flow(tmp_path), "--connection", f"Workspace={file}")

    assert ended.code == 0
    assert server.requests[0].headers["authorization"] == "Bearer tok-of-the-file"


def test_last_missing_connection_comes_from_the_environment(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    server.answer(SOURCES)
    server.answer(SOURCES)
    file = connection_file(tmp_path, "c.json", apiKey="tok-of-the-file", baseUrl=server.url)
    ended = command("flow", "run", two_connections(tmp_path), "--connection", f"One={file}")

    assert ended.code == 0
    tokens = [request.headers["authorization"].removeprefix("Bearer ") for request in server.requests]
    assert tokens == ["tok-of-the-file", TOKEN]


def test_environment_does_not_give_two_connections(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    ended = command("flow", "run", two_connections(tmp_path))

    assert (ended.code, server.requests) == (3, [])
    assert 'missing connection "One" (segment)' in ended.err
    assert 'missing connection "Two" (segment)' in ended.err


@pytest.mark.parametrize(
    "option", ["--connection=Workspce=c.json", "--sandbox=Workspce", "--sandbox=Workspce=a.sqlite"]
)
def test_unknown_connection_is_rejected_with_the_nearest_name(command: Command, tmp_path: Path, option: str) -> None:
    ended = command("flow", "run", read_flow(tmp_path), option)

    assert ended.code == 2
    assert 'unknown connection "Workspce"' in ended.err
    assert "Did you mean Workspace?" in ended.err


def test_connection_option_without_a_file_is_rejected(command: Command, tmp_path: Path) -> None:
    ended = command("flow", "run", read_flow(tmp_path), "--connection", "Workspace")

    assert ended.code == 2
    assert "Available names: Workspace." in ended.err


def test_sandbox_for_all_leaves_the_real_service_alone(
    command: Command, server: LoopbackServer, tmp_path: Path, state_home: Path
) -> None:
    ended = command("flow", "run", two_connections(tmp_path), "--sandbox")

    assert (ended.code, server.requests) == (0, [])
    assert ended.json["data"]["sources"]
    assert (state_home / "segment" / "sandbox.sqlite").exists()


def test_bare_option_does_not_take_the_next_argument(command: Command, tmp_path: Path) -> None:
    assert command("flow", "run", "--sandbox", read_flow(tmp_path)).code == 0


def test_sandbox_of_a_file_holds_every_connection(command: Command, tmp_path: Path, state_home: Path) -> None:
    ended = command("flow", "run", two_connections(tmp_path), f"--sandbox={tmp_path / 'mine.sqlite'}")

    assert ended.code == 0
    assert (tmp_path / "mine.sqlite").exists()
    assert not (state_home / "segment").exists()


def test_variable_selects_the_sandbox(
    command: Command, server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_SANDBOX", "1")

    assert command("flow", "run", two_connections(tmp_path)).code == 0
    assert server.requests == []


def test_switched_off_variable_chooses_no_sandbox(
    command: Command, server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_SANDBOX", "0")
    server.answer(SOURCES)

    assert command("flow", "run", read_flow(tmp_path)).json == SOURCES


def test_sandbox_for_all_takes_no_connection(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    file = connection_file(tmp_path, "c.json", apiKey="tok-of-the-file", baseUrl=server.url)
    ended = command("flow", "run", two_connections(tmp_path), "--connection", f"One={file}", "--sandbox")

    assert (ended.code, server.requests) == (2, [])
    assert "--connection and --sandbox cannot be used together" in ended.err


def test_one_connection_may_be_real_and_the_other_a_sandbox(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    server.answer(SOURCES)
    file = connection_file(tmp_path, "c.json", apiKey="tok-of-the-file", baseUrl=server.url)
    ended = command("flow", "run", two_connections(tmp_path), "--connection", f"One={file}", "--sandbox=Two")

    assert (ended.code, len(server.requests)) == (0, 1)
    assert ended.json["data"]["sources"]


def test_duplicate_name_is_rejected(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    file = connection_file(tmp_path, "c.json", apiKey="tok-of-the-file", baseUrl=server.url)
    ended = command("flow", "run", read_flow(tmp_path), "--connection", f"Workspace={file}", "--sandbox=Workspace")

    assert ended.code == 2
    assert '"Workspace" is set by --connection and by --sandbox' in ended.err


def test_two_sandboxes_are_two_workspaces(command: Command, tmp_path: Path) -> None:
    one, two = tmp_path / "one.sqlite", tmp_path / "two.sqlite"
    options = ("-i", "slug=only-here", "-i", "enabled=true", "-i", "metadataId=IqDTy1TpoU", f"--sandbox={one}")
    created = command("run", "createSource", *options).json["data"]["data"]["source"]["id"]
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps({"sourceId": created, "destinations": []}))
    places = (f"--sandbox=From Workspace={one}", f"--sandbox=To Workspace={two}")
    ended = command("flow", "run", COPY, "--payload", payload, *places)

    assert (ended.code, ended.json["created"]) == (0, [])
    ended = command("run", "listSources", f"--sandbox={two}", "--all", "--select", "$.slug")
    assert "only-here" in ended.json


def test_flow_that_names_no_connection_uses_the_only_one(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    server.answer(SOURCES)
    file = connection_file(tmp_path, "c.json", apiKey="tok-of-the-file", baseUrl=server.url)
    nameless = one_step(tmp_path, "listSources", connection=None)

    assert command("flow", "run", nameless, "--sandbox").code == 0
    assert command("flow", "run", nameless, "--connection", f"Any Name={file}").json == SOURCES
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer tok-of-the-file"]


def test_file_does_not_choose_the_host_that_the_token_goes_to(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    server.answer(SOURCES)
    with LoopbackServer().running() as elsewhere:
        file = one_step(tmp_path, "listSources", fields={"baseUrl": {"type": "value", "value": elsewhere.url}})
        ended = command("flow", "run", file)

        assert (ended.code, elsewhere.requests, len(server.requests)) == (0, [], 1)
    assert 'hidden field "baseUrl" of connection "Workspace" is ignored' in command("flow", "check", file).out
