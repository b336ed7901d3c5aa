"""What only a terminal gets: colours, a question, a count on long work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import pytest

from tests.cli.conftest import ROOT
from tests.support.server import Answer, Asked, LoopbackServer

pty = pytest.importorskip("pty", reason="terminals of POSIX")

PAGE = {"data": {"sources": [{"id": "a"}], "pagination": {}}}
ESCAPE = "\x1b["


@dataclass
class Screen:
    """A pseudo terminal, what was written to it, and what somebody types."""

    controller: int
    seen: bytes = b""

    def read(self) -> None:
        try:
            while found := os.read(self.controller, 4096):
                self.seen += found
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
    *args: str, stdout: bool = False, typed: bytes | signal.Signals = b"", **variables: str
) -> tuple[int, str, str]:
    """Exit code, standard output and screen of a command on a terminal; `typed` answers its question."""
    controller, follower = pty.openpty()
    screen = Screen(controller)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "connector", *args],
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
            screen.wait_for(b"[y/N]: ")
        if isinstance(typed, bytes):
            os.write(controller, typed)
        else:
            process.send_signal(typed)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    reader.join(5)
    os.close(controller)
    return process.returncode, (out or b"").decode(), screen.text


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_what_takes_away_is_asked_about_with_inputs_and_host(server: LoopbackServer) -> None:
    server.answer({"data": {"status": "SUCCESS"}})
    code, out, screen = run("run", "deleteSource", "-i", "sourceId=abc", typed=b"y\n")

    host = server.url.removeprefix("http://")
    assert (code, [asked.method for asked in server.asked]) == (0, ["DELETE"])
    assert f'deleteSource {{"sourceId":"abc"}} on {host} with the credentials of SEGMENT_API_KEY' in screen
    assert '"SUCCESS"' in out


@pytest.mark.parametrize("typed", [b"n\n", b"\n"])
def test_a_no_sends_nothing(server: LoopbackServer, typed: bytes) -> None:
    code, _, screen = run("run", "deleteSource", "-i", "sourceId=abc", typed=typed)

    assert (code, server.asked) == (2, [])
    assert "nothing was sent" in screen


def test_an_interrupt_at_the_question_sends_nothing(server: LoopbackServer) -> None:
    code, _, screen = run("run", "deleteSource", "-i", "sourceId=abc", typed=signal.SIGINT)

    assert (code, server.asked) == (130, [])
    assert "Traceback" not in screen


def test_a_yes_on_the_command_line_asks_nothing(server: LoopbackServer) -> None:
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


def pages(asked: Asked) -> Answer:
    number = int(dict(asked.query).get("pagination[cursor]", "0")) + 1
    records = [{"id": f"{number}-{record}"} for record in range(3)]
    following = str(number) if number < 4 else None
    return Answer({"data": {"sources": records, "pagination": {"next": following}}}, hang=0.15)


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
