"""What happens before something is changed: a line, a question, or only a look."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.cli.conftest import TOKEN, Command
from tests.support.server import LoopbackServer

NEW = ("-i", "slug=s", "-i", "enabled=true", "-i", "metadataId=m")


def test_write_names_host_and_origin_of_the_token(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    ended = command("run", "createSource", *NEW)

    host = server.url.removeprefix("http://")
    assert ended.err == f"Running createSource on {host} (credentials: SEGMENT_API_KEY)\n"


def test_read_prints_no_target(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}})

    assert command("run", "getSource", "-i", "sourceId=a").err == ""


def test_destructive_action_needs_yes_without_a_terminal(command: Command, server: LoopbackServer) -> None:
    ended = command("run", "deleteSource", "-i", "sourceId=a")

    assert (ended.code, server.requests) == (2, [])
    assert "--yes" in ended.err


def test_yes_option_replaces_the_confirmation(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {"status": "SUCCESS"}})
    ended = command("run", "deleteSource", "-i", "sourceId=a", "--yes")

    assert (ended.code, server.requests[0].method) == (0, "DELETE")


def test_raw_request_is_confirmed_by_its_method(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    delete = command("run", "rawRequest", "-i", "url=/sources/a", "-i", "method=DELETE")
    read = command("run", "rawRequest", "-i", "url=/sources", "-i", "method=GET")

    assert (delete.code, read.code) == (2, 0)
    assert [request.method for request in server.requests] == ["GET"]


def test_read_only_rejects_a_write_before_any_request(command: Command, server: LoopbackServer) -> None:
    ended = command("run", "createSource", *NEW, "--read-only")

    assert (ended.code, server.requests) == (2, [])
    assert "is read-only" in ended.err


def test_dry_run_prints_the_write_and_sends_nothing(command: Command, server: LoopbackServer) -> None:
    ended = command("run", "createSource", *NEW, "--dry-run")

    assert (ended.code, server.requests) == (0, [])
    assert ended.json["method"] == "POST"
    assert ended.json["url"] == f"{server.url}/sources"
    assert ended.json["body"] == {"slug": "s", "enabled": True, "metadataId": "m"}
    assert ended.json["headers"]["Authorization"] == "***"
    assert ended.json["headers"]["Content-Type"] == "application/json"


def test_dry_run_of_what_takes_away_needs_no_yes(command: Command, server: LoopbackServer) -> None:
    ended = command("run", "deleteSource", "-i", "sourceId=a", "--dry-run")

    assert (ended.code, ended.json["method"], "body" in ended.json) == (0, "DELETE", False)
    assert server.requests == []


def test_dry_run_performs_reads(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {"source": {"id": "a"}}})
    ended = command("run", "getSource", "-i", "sourceId=a", "--dry-run")

    assert (ended.json, len(server.requests)) == ({"data": {"data": {"source": {"id": "a"}}}}, 1)


def test_dry_run_of_a_list_fetches_all_pages(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {"sources": [{"id": "a"}, {"id": "b"}], "pagination": {}}})
    ended = command("run", "listSources", "--all", "--format", "jsonl", "--select", "$.id", "--dry-run")

    assert (ended.code, ended.out) == (0, '"a"\n"b"\n')


def test_dry_run_masks_every_secret_value(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {"sourcesCatalog": [], "pagination": {}}})
    settings = 'settings={"password": "hunter2", "port": 5439, "nested": [{"key": "abc/def"}], "ssl": true}'
    ended = command("run", "createSource", *NEW, "-i", settings, "--dry-run")

    assert ended.json["body"]["settings"] == {
        "password": "***",
        "port": "***",
        "nested": [{"key": "***"}],
        "ssl": True,
    }
    assert "hunter2" not in ended.out + ended.err


def test_dry_run_masks_secrets_in_headers_paths_and_text_bodies(command: Command, server: LoopbackServer) -> None:
    raw = (
        "-i",
        "method=POST",
        "-i",
        "url=/x?k=abc%2Fdef",
        "-i",
        "data=say abc/def",
        "-i",
        f'queryParams:={{"t": "{TOKEN}"}}',
    )
    ended = command("run", "rawRequest", *raw, "-i", 'headers={"X-Key": "abc/def"}', "--dry-run")

    assert ended.json["headers"]["X-Key"] == "***"
    assert ended.json["url"].endswith("/x?k=***&t=***")
    assert ended.json["body"] == "***"


def test_dry_run_counts_binary_bodies(command: Command, server: LoopbackServer) -> None:
    data = base64.b64encode(b"\xff\xfe\x00").decode()
    raw = ("-i", "method=POST", "-i", "url=/x", "-i", f'fileData={{"f": {{"data": "{data}"}}}}')
    ended = command("run", "rawRequest", *raw, "--dry-run")

    assert ended.json["body"].endswith(" bytes")


def test_dry_run_rejects_invalid_inputs_like_a_run(command: Command, server: LoopbackServer) -> None:
    assert command("run", "createSource", "--dry-run").code == 2


def test_dry_run_names_the_host_that_the_action_asks_for(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = command("run", "createSource", *NEW, "-i", "region=eu1.api", "--dry-run")

    assert "eu1.api.segmentapis.com" in ended.err
    assert ended.json["url"] == "https://eu1.api.segmentapis.com/sources"


@pytest.mark.parametrize("field", ["{}", '{"key": "apiKey", "fields": {}}'])
def test_connection_without_a_token_sends_nothing(command: Command, tmp_path: Path, field: str) -> None:
    file = tmp_path / "connection.json"
    file.write_text(field, encoding="utf-8")
    ended = command("run", "createSource", *NEW, "--connection", file)

    assert (ended.code, "no API key" in ended.err) == (3, True)
