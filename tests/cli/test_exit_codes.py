"""How a process ends: exit codes, signals, pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, TOKEN, Command, finish, send_signal, start
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

PAGE = {"data": {"sources": [{"id": "a"}], "pagination": {}}}


def wait_for(server: LoopbackServer) -> None:
    until = time.monotonic() + 20
    while not server.requests and time.monotonic() < until:
        time.sleep(0.01)
    assert server.requests


def test_process_prints_the_payload_and_ends_with_0(server: LoopbackServer) -> None:
    server.answer(PAGE)
    ended = finish(start("run", "listSources"))

    assert (ended.code, ended.json, ended.err) == (0, {"data": PAGE}, "")


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
def test_closed_output_does_not_fail_the_command(server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(PAGE)
    command = [sys.executable, "-m", "connector", "run", "listSources"]
    environment = {**os.environ, "SEGMENT_API_KEY": TOKEN, "SEGMENT_BASE_URL": server.url, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_library_says_anything_about_retries(server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"", 429, {"Retry-After": "0"}), ServerResponse(b"", 503, {"Retry-After": "0"}), PAGE)
    ended = finish(start("run", "listSources"))

    assert ended.code == 0
    assert [line.rpartition(", ")[2] for line in ended.err.splitlines()] == ["retrying in 0.05 s", "retrying in 0 s"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code", "message"), [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "")]
)
def test_signal_ends_a_waiting_command_at_once(
    server: LoopbackServer, number: signal.Signals, code: int, message: str
) -> None:
    server.answer(ServerResponse(PAGE, hang=60))
    process = start("run", "listSources")
    wait_for(server)
    send_signal(process, number)
    ended = finish(process)

    assert (ended.code, ended.out, ended.err) == (code, "", message)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_signal_ends_a_wait_on_a_rate_limit_at_once(server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"", 429, {"Retry-After": "60"}))
    process = start("run", "listSources")
    assert process.stderr is not None
    assert process.stderr.readline() == b"Rate limited, retrying in 60 s\n"
    send_signal(process, signal.SIGINT)

    assert finish(process).code == 130


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_interrupted_write_says_that_it_may_have_happened(server: LoopbackServer) -> None:
    server.answer(ServerResponse({"data": {}}, hang=60))
    process = start("run", "deleteSource", "-i", "sourceId=a", "--yes")
    wait_for(server)
    send_signal(process, signal.SIGINT)
    ended = finish(process)

    assert ended.code == 130
    assert "interrupted; deleteSource may have been applied. Check before you run it again.\n" in ended.err


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_reader_that_goes_away_ends_the_command_quietly(server: LoopbackServer) -> None:
    def endless(request: ReceivedRequest) -> ServerResponse:
        number = int(dict(request.query).get("pagination[cursor]", "0")) + 1
        records = [{"id": f"{number}-{record}"} for record in range(200)]
        following = str(number) if number < 500 else None
        return ServerResponse({"data": {"sources": records, "pagination": {"next": following}}})

    server.script = endless
    process = start("run", "listSources", "--all", "--format", "jsonl")
    assert process.stdout is not None
    assert process.stdout.readline() == b'{"id":"1-0"}\n'
    process.stdout.close()
    process.stdout = None
    ended = finish(process)

    assert (ended.code, ended.err) == (141, "")
    assert len(server.requests) < 500


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_output_on_a_full_disk_is_reported_and_not_an_internal_error(server: LoopbackServer) -> None:
    server.answer({"data": {}})
    with Path("/dev/full").open("wb") as full:
        ended = finish(start("run", "getSource", "-i", "sourceId=a", stdout=full))

    assert ended.code == 1
    assert "cannot write the output: no space left on device" in ended.err
    assert "bug" not in ended.err


def test_json_errors_have_one_shape_including_usage_errors(command: Command) -> None:
    unknown = command("run", "listSorces", "--error-format", "json")
    usage = command("--error-format=json", "run", "listSources", "--slect", "x")

    assert json.loads(unknown.err)["error"] == {
        "type": "UnknownKeyError",
        "message": 'unknown action "listSorces"',
        "hint": json.loads(unknown.err)["error"]["hint"],
        "repeatable": False,
    }
    assert json.loads(usage.err)["error"]["type"] == "UsageError"
    assert json.loads(usage.err)["error"]["hint"].startswith("Did you mean --select")


def test_error_format_comes_from_the_environment(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_ERROR_FORMAT", "json")

    assert json.loads(command("nope").err)["error"]["type"] == "UsageError"


def broken(component: Path, expression: str = "1 / 0") -> None:
    file = component.parent / "actions" / "things.py"
    source = file.read_text(encoding="utf-8").replace('return context.api.get("things")', f"return {expression}")
    file.write_text(source, encoding="utf-8")


def test_error_of_a_component_names_its_file_and_line(
    command: Command, other_component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_CONNECTION", '{"host": "https://example.com", "token": "x"}')
    broken(other_component)
    ended = command("--manifest", other_component, "run", "listThings")

    assert ended.code == 1
    file = other_component.parent / "actions" / "things.py"
    line = 1 + file.read_text(encoding="utf-8").splitlines().index("    return 1 / 0")
    assert ended.err.splitlines()[0] == f"error: listThings: {file}:{line}: ZeroDivisionError: division by zero"
    assert "This is a bug" not in ended.err


def test_system_error_of_a_component_is_not_one_of_the_output(
    command: Command, other_component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_CONNECTION", '{"host": "https://example.com", "token": "x"}')
    broken(other_component, 'open("/none/at/all")')
    ended = command("--manifest", other_component, "run", "listThings")

    assert (ended.code, "things.py:" in ended.err, "FileNotFoundError" in ended.err) == (1, True, True)
    assert "cannot write the output" not in ended.err


def test_unexpected_error_of_this_package_is_called_a_bug(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.cli.catalog._write_tables", None)
    ended = command("list")

    assert ended.code == 1
    assert ended.err.splitlines()[0] == "error: internal error: TypeError: 'NoneType' object is not callable"
    assert "This is a bug. Run again with --debug and report the traceback." in ended.err


def test_debug_shows_where_an_unexpected_error_comes_from(
    other_component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_CONNECTION", f'{{"host": "https://example.com", "token": "{TOKEN}"}}')
    broken(other_component)
    ended = finish(start("--manifest", str(other_component), "run", "listThings", "--debug"))

    assert ended.code == 1
    assert "Traceback" in ended.err
    assert "return 1 / 0" in ended.err
    assert TOKEN not in ended.err


def test_file_that_is_interpreted_as_an_error_of_the_system_has_no_traceback(command: Command) -> None:
    ended = command("run", "listSources", "--inputs", "/")

    assert (ended.code, "cannot read /: is a directory" in ended.err) == (2, True)


def test_logging_of_the_caller_is_left_as_it_was(command: Command, server: LoopbackServer) -> None:
    import logging

    logger = logging.getLogger("connector")
    before = (logger.level, logger.propagate, list(logger.handlers))
    server.answer(PAGE)
    command("run", "listSources", "--debug")

    assert (logger.level, logger.propagate, logger.handlers) == before


def test_run_imports_only_what_it_needs(server: LoopbackServer) -> None:
    code = (
        "import sys; from connector.cli import main; code = main(['run', 'listSources']);"
        "print(sorted({'rich', 'jsonpath_ng', 'pytest', 'responses', 'starlette', 'connector.cli.show',"
        " 'connector.describe.docs', 'connector.describe.check'} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    server.answer(PAGE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_commands_run_outside_of_the_main_thread(command: Command) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from connector.cli import main

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(main, ["--version"]).result() == 0


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_interrupt_returns_an_exit_code_to_a_python_caller(command: Command, server: LoopbackServer) -> None:
    server.script = raising(signal.SIGINT)
    ended = command("run", "createUserInvites", "-i", 'invites=[{"email": "a@example.com"}]')

    assert ended.code == 130
    assert ended.err.endswith("interrupted; createUserInvites may have been applied. Check before you run it again.\n")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_termination_restores_the_handler_of_the_caller(command: Command, server: LoopbackServer) -> None:
    before = signal.getsignal(signal.SIGTERM)
    server.script = raising(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        command("run", "listSources")

    assert (ended.value.code, signal.getsignal(signal.SIGTERM)) == (143, before)


def raising(number: signal.Signals) -> Callable[[ReceivedRequest], ServerResponse]:
    def script(_request: ReceivedRequest) -> ServerResponse:
        os.kill(os.getpid(), number)
        return ServerResponse({"data": {}}, hang=1)

    return script


def test_garbage_is_collected_for_a_caller_as_before(command: Command) -> None:
    import gc

    before = gc.get_threshold()
    command("--version")

    assert gc.get_threshold() == before


def test_component_without_a_connection_says_so(command: Command, other_component: Path) -> None:
    manifest = other_component.read_text(encoding="utf-8")
    other_component.write_text(
        manifest.replace("  login: {label: Login, description: A token.}", "  {}"), encoding="utf-8"
    )
    (other_component.parent / "connections" / "login.py").unlink()
    ended = command("--manifest", other_component, "run", "listThings")

    assert (ended.code, "unknown connection" in ended.err) == (2, True)
