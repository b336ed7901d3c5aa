"""What only a terminal gets: colours, a question, a count on long work."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, send_signal
from tests.cli.flows import NEW_SOURCE, call, integration, one_step, read_flow, variable
from tests.flows.support import loop, step
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

pty = pytest.importorskip("pty", reason="terminals of POSIX")
pytestmark = pytest.mark.usefixtures("program_on_the_path")

PAGE = {"data": {"sources": [{"id": "a"}], "pagination": {}}}
ESCAPE = "\x1b["


@dataclass
class Screen:
    """A pseudo terminal, what was written to it, and what somebody types."""

    controller: int
    seen: bytes = b""

    def read(self) -> None:
        try:
            while block := os.read(self.controller, 4096):
                self.seen += block
        except OSError:
            return

    def wait_for(self, prompt: bytes) -> None:
        until = time.monotonic() + 20
        while prompt not in self.seen and time.monotonic() < until:
            time.sleep(0.01)
        assert prompt in self.seen

    @property
    def text(self) -> str:
        return self.seen.decode().replace("\r\n", "\n")


def run(
    *args: str,
    stdout: bool = False,
    typed: bytes | signal.Signals = b"",
    prompt: bytes = b"[y/N]:",
    then: Sequence[tuple[bytes, bytes]] = (),
    fresh: bool = False,
    **variables: str,
) -> tuple[int, str, str]:
    """Exit code, standard output and screen of a command on a terminal; `typed` and `then` answer its questions."""
    controller, follower = pty.openpty()
    screen = Screen(controller)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **variables}
    # A signal goes to the process itself, and only a fresh process can hide what is typed.
    is_fresh = fresh or isinstance(typed, signal.Signals)
    program = [sys.executable, "-m", "connector"] if is_fresh else ["connector"]
    process = subprocess.Popen(
        [*program, *args],
        env=environment,
        stdin=follower,
        stderr=follower,
        stdout=follower if stdout else subprocess.PIPE,
    )
    os.close(follower)
    reader = threading.Thread(target=screen.read, daemon=True)
    reader.start()
    try:
        if typed:
            screen.wait_for(prompt)
        if isinstance(typed, bytes):
            os.write(controller, typed)
        else:
            send_signal(process, typed)
        for next_prompt, answer in then:
            screen.wait_for(next_prompt)
            os.write(controller, answer)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    reader.join(5)
    os.close(controller)
    return process.returncode, (out or b"").decode(), screen.text


def test_destructive_action_is_confirmed_with_inputs_and_host(server: LoopbackServer) -> None:
    server.answer({"data": {"status": "SUCCESS"}})
    code, out, screen = run("run", "deleteSource", "-i", "sourceId=abc", typed=b"y\n")

    host = server.url.removeprefix("http://")
    assert (code, [request.method for request in server.requests]) == (0, ["DELETE"])
    assert f'Run deleteSource on {host} (credentials: SEGMENT_API_KEY) with sourceId "abc"? [y/N]' in screen
    assert '"SUCCESS"' in out


@pytest.mark.parametrize("typed", [b"n\n", b"\n"])
def test_declined_confirmation_sends_nothing(server: LoopbackServer, typed: bytes) -> None:
    code, _, screen = run("run", "deleteSource", "-i", "sourceId=abc", typed=typed)

    assert (code, server.requests) == (2, [])
    assert "nothing was sent" in screen


def test_interrupt_at_the_question_sends_nothing(server: LoopbackServer) -> None:
    code, _, screen = run("run", "deleteSource", "-i", "sourceId=abc", typed=signal.SIGINT)

    assert (code, server.requests) == (130, [])
    assert "Traceback" not in screen


def test_yes_on_the_command_line_asks_nothing(server: LoopbackServer) -> None:
    server.answer({"data": {}})
    code, _, screen = run("run", "deleteSource", "-i", "sourceId=abc", "--yes")

    assert (code, "[y/N]" in screen) == (0, False)


def test_errors_are_coloured_on_a_terminal_only() -> None:
    _, _, screen = run("run", "nothing")
    _, _, plain_screen = run("run", "nothing", NO_COLOR="1")

    assert screen.startswith(ESCAPE)
    assert plain_screen.startswith("error: ")


def test_payloads_and_tables_are_coloured_on_a_terminal_and_bare_in_a_pipe(server: LoopbackServer) -> None:
    server.answer(PAGE)
    _, _, screen = run("run", "listSources", stdout=True)
    _, piped, _ = run("run", "listSources")
    _, _, table = run("list", stdout=True)

    assert ESCAPE in screen
    assert '"sources"' in screen
    assert ESCAPE not in piped
    assert ESCAPE in table
    assert "rawRequest" in table


def pages(request: ReceivedRequest) -> ServerResponse:
    number = int(dict(request.query).get("pagination[cursor]", "0")) + 1
    records = [{"id": f"{number}-{record}"} for record in range(3)]
    following = str(number) if number < 4 else None
    return ServerResponse({"data": {"sources": records, "pagination": {"next": following}}}, hang=0.15)


def test_long_work_counts_its_records_on_the_terminal_and_not_in_the_payload(server: LoopbackServer) -> None:
    server.script = pages
    code, out, screen = run("run", "listSources", "--all", "--format", "jsonl")

    assert (code, len(out.splitlines())) == (0, 12)
    assert "records: " in screen


def test_records_on_a_terminal_are_not_mixed_with_a_count(server: LoopbackServer) -> None:
    server.script = pages
    _, _, screen = run("run", "listSources", "--all", "--format", "jsonl", stdout=True)

    assert screen.splitlines()[0] == '{"id":"1-0"}'
    assert "records" not in screen


def test_destructive_flow_is_confirmed_with_steps_host_and_origin(server: LoopbackServer, tmp_path: Path) -> None:
    server.answer({"data": {"status": "SUCCESS"}})
    file = str(one_step(tmp_path, "deleteSource", {"sourceId": "abc"}))
    refused, _, _ = run("flow", "run", file, typed=b"n\n")
    code, _, screen = run("flow", "run", file, typed=b"y\n")

    host = server.url.removeprefix("http://")
    assert (refused, code, [request.method for request in server.requests]) == (2, 0, ["DELETE"])
    assert f'Connection "Workspace": {host} (credentials: SEGMENT_API_KEY)\n' in screen
    assert "Destructive steps: Do It\n" in screen


def test_undoing_asks_with_what_it_will_delete(server: LoopbackServer, tmp_path: Path) -> None:
    server.answer({"data": {"source": {"id": "abc"}}})
    _, _, screen = run("flow", "run", str(one_step(tmp_path, "createSource", NEW_SOURCE)))
    run_id = screen.rpartition("(run ")[2].partition(")")[0]
    server.answer({"data": {"status": "SUCCESS"}})
    code, _, request = run("flow", "undo", run_id, typed=b"y\n")

    assert (code, server.requests[-1].method) == (0, "DELETE")
    assert 'delete what segment.createSource created (step "Do It", connection Workspace, sourceId "abc")\n' in request


def flow_of_everything(folder: Path) -> str:
    """Waits on a rate limit, loops with an error that is ignored, logs, and fails at its end."""
    ignored = {**call("Get", "getSource", {"sourceId": "x"}), "errorConfig": {"errorHandlerType": "ignore"}}
    steps = [
        call("First", "listSources"),
        loop("Each", "=trigger.results.body.data", ignored),
        step("Tell", "log.writeLog", {"level": "warn", "message": "nearly \x1b[2Jdone"}),
        call("Last", "getUser", {"userId": "x"}),
    ]
    return str(integration(folder, *steps, variables=[variable("Workspace")]))


def answer_everything(request: ReceivedRequest, seen: list[str]) -> ServerResponse:
    seen.append(request.path)
    if request.path == "/sources":
        limited = ServerResponse({}, status=429, headers={"Retry-After": "1"})
        return limited if len(seen) == 1 else ServerResponse({"data": {"sources": [], "pagination": {}}})
    return ServerResponse({"errors": [{"type": "not-found"}]}, status=404, hang=0.25)


def test_terminal_shows_the_steps_live(server: LoopbackServer, tmp_path: Path) -> None:
    seen: list[str] = []
    server.script = lambda request: answer_everything(request, seen)
    payload = tmp_path / "payload.json"
    payload.write_text("[1, 2, 3]")
    code, out, screen = run("flow", "run", flow_of_everything(tmp_path), "--payload", str(payload), COLUMNS="150")

    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    assert (code, out) == (4, "")
    assert re.search(r"✓ First  \d\.\d\d s", plain)
    assert re.search(r"waiting \d s: rate limit", plain)
    assert re.search(r"✓ Each  3 of 3, 3 ignored  \d\.\d\d s", plain)
    assert re.search(r"Each +[━╸╺]+ +2 of 3, 2 ignored", plain)
    assert "warn: nearly \\u001b[2Jdone" in plain
    assert re.search(r"✗ Last  \d\.\d\d s  getUser: not found", plain)
    assert 'error: flow "Main", step "Last"' in plain
    assert "To resume: connector flow resume 2" in plain


def test_terminal_that_wants_events_gets_no_live_view(server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(PAGE)
    _, _, screen = run("flow", "run", str(read_flow(tmp_path)), "--events", "jsonl")

    assert ESCAPE not in screen
    assert all(line.startswith("{") for line in screen.splitlines())


def test_interrupt_restores_the_cursor_and_says_how_to_resume(server: LoopbackServer, tmp_path: Path) -> None:
    server.script = lambda _request: ServerResponse(PAGE, hang=60)
    code, out, screen = run("flow", "run", str(read_flow(tmp_path)), prompt=b"Do It", typed=signal.SIGINT)

    assert (code, out) == (130, "")
    assert screen.rindex("\x1b[?25h") > screen.rindex("\x1b[?25l")
    assert "To resume: connector flow resume 2" in screen
    assert "Traceback" not in screen


HOSTILE = "\x1b]0;owned\x07\x9b2J\u202egnp.exe"
CONTROLS = "\x9b\u202e\x07"


@pytest.mark.parametrize("no_color", ["", "1"], ids=["colors", "plain"])
def test_payload_on_a_terminal_cannot_control_it(server: LoopbackServer, no_color: str) -> None:
    server.answer({"data": {"source": {"id": "a", "name": HOSTILE}}})
    code, _, screen = run("run", "getSource", "-i", "sourceId=a", stdout=True, NO_COLOR=no_color)

    assert code == 0
    assert not set(CONTROLS) & set(screen)
    assert "]0;owned" in screen
    assert "\\u202egnp.exe" in screen


def test_payload_in_a_pipe_is_not_changed(server: LoopbackServer) -> None:
    server.answer({"data": {"source": {"id": "a", "name": HOSTILE}}})
    _, out, _ = run("run", "getSource", "-i", "sourceId=a")

    assert json.loads(out)["data"]["data"]["source"]["name"] == HOSTILE


@pytest.mark.parametrize("arguments", [("flow", "show"), ("flow", "check"), ("flow", "run")], ids=" ".join)
def test_names_of_a_flow_cannot_control_the_terminal(
    server: LoopbackServer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    server.answer(PAGE)
    steps = [call(f"List {HOSTILE}", "listSources"), step("Log", "log.writeLog", {"message": HOSTILE, "level": "info"})]
    file = integration(tmp_path, *steps, variables=[variable("Workspace")])
    code, _, screen = run(*arguments, str(file), stdout=True)
    _, _, runs = run("flow", "runs", stdout=True)

    assert code == 0, screen
    assert "gnp.exe" in screen or arguments[1] == "check"
    assert not set(CONTROLS) & set(screen + runs)
