"""Bad input and failing services: each its own message and exit code, nothing lost, no traceback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, Ended
from tests.support.server import LoopbackServer, ServerResponse

FAULT = {"errors": [{"type": "some-type", "message": "words of the API", "field": "slug"}]}
NEW = ("-i", "slug=s", "-i", "enabled=true", "-i", "metadataId=m")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "listSorces"), "Did you mean listSources"),
        (("run", "LISTSOURCES"), "Did you mean listSources"),
        (("choices", "warehouse"), "Did you mean warehouses"),
        (("run", "getSource", "-i", "sourceid=a"), 'unknown input "sourceid"'),
        (("rnu", "listSources"), 'unknown command "rnu"'),
        (("xyz",), "Available commands: list, show, run"),
        (("run", "listSources", "--slect", "$"), "--select"),
        (("run",), "missing argument KEY"),
        (("run", "listSources", "--max-wait", "-1"), "--max-wait"),
        (("run", "listSources", "--max-wait", "nan"), '"nan" is not a number of seconds'),
        (("run", "listSources", "--deadline", "nan"), '"nan" is not a number of seconds'),
        (("run", "listSources", "--deadline", "0"), "--deadline"),
        (("run", "listSources", "--format", "xml"), '"xml" is not one of "json", "jsonl"'),
        (("run", "listSources", "-i", "count=0"), 'must be at least 1, got "0"'),
        (("run", "listSources", "-i", "count=1001"), 'must be at most 1000, got "1001"'),
        (("run", "listSources", "-i", "region=evil.com/"), 'must be one of api (US), eu1.api (EU), got "evil.com/"'),
        (("run", "getSource", "-i", "sourceId=.."), "must be an ID, not empty or a relative path"),
        (("run", "rawRequest", "-i", "method=GET", "-i", "url=https://evil.com"), "without a host"),
        (("run", "listSources", "-i", "count"), 'invalid -i "count": expected NAME=VALUE'),
        (("run", "listSources", "-i", "=5"), 'invalid -i "=5": expected NAME=VALUE'),
    ],
)
def test_invalid_usage_sends_nothing_and_has_a_hint(
    command: Command, server: LoopbackServer, arguments: tuple[str, ...], message: str
) -> None:
    ended = command(*arguments)

    assert (ended.code, ended.out, server.requests) == (2, "", [])
    assert message in ended.err
    assert ended.err.startswith("error: ")


def test_all_bad_inputs_are_named_at_once(command: Command, server: LoopbackServer) -> None:
    ended = command("run", "createSource", "-i", "enabled=perhaps", "-i", "slugg=x", "-i", "region=mars")

    assert (ended.code, server.requests) == (2, [])
    for message in ("Slug (slug)", "Enabled (enabled)", "Metadata ID (metadataId)", "Region (region)", "slugg"):
        assert f"  - {message}: " in ended.err


@pytest.mark.parametrize(
    "assignment", ["settings={'a': 1}", 'settings={"a":\n  1,}', "settings=plain"], ids=["quotes", "comma", "text"]
)
def test_broken_json_is_named_by_line_column_and_what_was_expected(command: Command, assignment: str) -> None:
    ended = command("run", "createSource", *NEW, "-i", assignment)

    assert ended.code == 2
    assert "must be a JSON object: " in ended.err
    assert "line" in ended.err


def test_broken_json_assignments_are_named_all_at_once(command: Command, tmp_path: Path) -> None:
    ended = command("run", "createSource", "-i", "slug:={", "-i", f"name=@{tmp_path}/none", "-i", "x")

    assert ended.code == 2
    assert "  - slug: invalid JSON: EOF while parsing" in ended.err
    assert "  - name: " in ended.err
    assert "  - x: expected NAME=VALUE" in ended.err


@pytest.mark.parametrize(
    ("text", "message"), [("{", "line 1 column 1"), ("[]", "not a list"), ("", "EOF")], ids=["broken", "list", "empty"]
)
def test_inputs_file_that_is_not_an_object_is_rejected(
    command: Command, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(text, encoding="utf-8")
    ended = command("run", "createSource", "--inputs", file)

    assert (ended.code, "inputs.json" in ended.err, message in ended.err) == (2, True, True)


def test_file_that_is_not_utf8_is_rejected(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_bytes(b'{"a": "\xff"}')
    ended = command("run", "createSource", "--inputs", file)

    assert (ended.code, "not UTF-8 (byte 7)" in ended.err) == (2, True)


def test_id_with_a_slash_stays_one_segment(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    command("run", "getSource", "-i", "sourceId=a/../b?c")

    assert server.requests[0].target == "/sources/a%2F..%2Fb%3Fc"


@pytest.mark.parametrize(
    ("status", "kind", "code", "message"),
    [
        (400, "BadRequestError", 4, "bad request (400)"),
        (401, "AuthenticationError", 4, "its region matches"),
        (403, "ForbiddenError", 4, "role"),
        (404, "NotFoundError", 4, "hint: Check the IDs"),
        (409, "ConflictError", 4, "conflict (409)"),
        (413, "PayloadTooLargeError", 4, "Split the request"),
        (422, "UnprocessableError", 4, "Fix the fields"),
        (429, "RateLimitError", 5, "rate limited (429)"),
        (500, "ServerError", 5, "server error (500"),
    ],
)
def test_api_error_has_its_class_its_code_and_the_message_of_the_api(
    command: Command, server: LoopbackServer, status: int, kind: str, code: int, message: str
) -> None:
    server.answer(ServerResponse(FAULT, status))
    ended = command("run", "getSource", "-i", "sourceId=a", "--max-wait", "0")
    as_json = command("run", "getSource", "-i", "sourceId=a", "--max-wait", "0", "--error-format", "json")

    assert (ended.code, ended.out, as_json.code) == (code, "", code)
    assert "[GET /sources/a]" in ended.err
    assert "words of the API" in ended.err
    assert message in ended.err
    error = json.loads(as_json.err)["error"]
    assert (error["type"], error["status"], error["action"]) == (kind, status, "getSource")
    assert error["errors"][0]["message"] == "words of the API"


READ = ("run", "getSource", "-i", "sourceId=a", "--max-wait", "0")
WRITE = ("run", "createSource", *NEW, "--max-wait", "0")


@pytest.mark.parametrize(
    ("answer", "arguments", "code", "message"),
    [
        (ServerResponse(b"<html><title>Bad Gateway</title></html>", 502), READ, 5, 'HTML page titled "Bad Gateway"'),
        (ServerResponse(b"", 200), READ, 1, "response (200) is empty"),
        (ServerResponse(b"<html>sign in</html>", 200), READ, 1, "response (200) is not JSON"),
        (ServerResponse(b'{"data": ', 200), READ, 1, "response (200) is not JSON"),
        (ServerResponse(b'{"data": ', 200, promise=100), READ, 5, "response is incomplete"),
        (ServerResponse(cut=True), READ, 5, "connection closed before the response"),
        (ServerResponse(cut=True), WRITE, 6, "the write may have been applied"),
        (ServerResponse(b'{"data": ', 200, promise=100), WRITE, 6, "hint: Check before you retry."),
        (ServerResponse(FAULT, 500), WRITE, 6, "hint: Check before you retry."),
        (ServerResponse(b"", 302, {"Location": "https://evil.com"}), READ, 1, "unexpected redirect (302)"),
    ],
)
def test_unusable_response_has_its_own_message(
    command: Command,
    server: LoopbackServer,
    answer: Any,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    server.answer(answer)
    ended = command(*arguments)

    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((*READ, "--deadline", "0.5"), 5), ((*WRITE, "--deadline", "0.5"), 6)],
    ids=["read", "write"],
)
def test_time_out_of_a_write_has_an_unknown_outcome(
    command: Command, server: LoopbackServer, arguments: tuple[str, ...], code: int
) -> None:
    server.answer(ServerResponse({}, hang=60))
    ended = command(*arguments)

    assert (ended.code, "request timed out" in ended.err) == (code, True)


def test_host_that_refuses_the_connection_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_BASE_URL", "http://127.0.0.1:9")
    ended = command(*READ)

    assert (ended.code, "cannot connect to 127.0.0.1:9" in ended.err) == (5, True)


def test_host_without_an_address_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_BASE_URL", "https://nowhere.invalid")
    monkeypatch.setenv("NO_PROXY", "*")
    ended = command(*READ)

    assert (ended.code, 'cannot resolve host "nowhere.invalid"' in ended.err) == (5, True)


@pytest.fixture
def no_tls() -> Iterator[int]:
    """Port of a server that answers every greeting with words that are not TLS."""

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                peer.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_server_without_tls_is_a_matter_of_set_up(
    command: Command, no_tls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMENT_BASE_URL", f"https://127.0.0.1:{no_tls}")
    ended = command(*READ)

    assert (ended.code, "TLS error for 127.0.0.1" in ended.err) == (3, True)


def test_base_url_without_tls_is_rejected_for_other_hosts(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_BASE_URL", "http://example.com")
    ended = command(*READ)

    assert (ended.code, "Base URL (baseUrl)" in ended.err) == (3, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key: a\nversion: ]\n", "manifest.yaml:2:10: invalid YAML"),
        ("key: a\nkey: b\n", 'manifest.yaml:2: duplicate key "key"'),
        ("key: a\nversion: '1'\ndisplay: {label: A, description: B}\nactoins: {}\n", "Did you mean actions?"),
    ],
    ids=["yaml", "twice", "unknown-field"],
)
def test_invalid_manifest_is_reported_with_file_line_and_hint(
    command: Command, tmp_path: Path, text: str, message: str
) -> None:
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(text, encoding="utf-8")
    ended = command("--manifest", manifest, "list")

    assert (ended.code, message in ended.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["flow", "run", ""], "FILE must not be empty\nhint: Pass an integration file, or - for standard input."),
        (["flow", "check", ""], "FILE must not be empty\nhint: Pass an integration file, or - for standard input."),
        (
            ["run", "updateSource", "--each", "rows.csv", "--resume", ""],
            "--resume must not be empty\nhint: Pass the ID of the run, or leave out --resume.",
        ),
    ],
)
def test_empty_name_of_a_file_or_run_is_rejected(command: Command, arguments: list[str], message: str) -> None:
    assert command(*arguments) == Ended(2, "", f"error: {message}\n")
