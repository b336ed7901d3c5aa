"""What the sandbox's commands do on a terminal only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import ROOT, Command

pty = pytest.importorskip("pty", reason="terminals of POSIX")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))


def sources(command: Command) -> int:
    return len(command("sandbox", "dump").json["sources"])


@pytest.mark.parametrize("args", [["reset"], ["seed", "--sources", "5"]], ids=["reset", "seed"])
@pytest.mark.parametrize(("typed", "code", "left"), [(b"n\n", 2, 3), (b"y\n", 0, 5)], ids=["no", "yes"])
@pytest.mark.usefixtures("program_on_the_path")
def test_discarding_data_needs_confirmation(
    command: Command, args: list[str], typed: bytes, code: int, left: int
) -> None:
    from tests.cli.test_terminal import run

    command("sandbox", "seed", "--sources", "3")
    ended, _, screen = run("sandbox", *args, typed=typed)
    assert (ended, "? [y/N]:" in screen) == (code, True)
    assert sources(command) == left


def test_serve_logs_a_line_a_request_and_ctrl_c_ends_it() -> None:
    from tests.cli.test_terminal import Screen

    controller, follower = pty.openpty()
    screen = Screen(controller)
    command = [sys.executable, "-m", "connector", "sandbox", "serve", "--port", "0", "--in-memory"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdin=follower, stderr=follower, stdout=subprocess.PIPE) as process:
        os.close(follower)
        reader = threading.Thread(target=screen.read, daemon=True)
        reader.start()
        try:
            assert process.stdout
            url, token = (process.stdout.readline().decode().split()[1] for _ in range(2))
            requests.get(f"{url}/sources?x=hidden", headers={"Authorization": f"Bearer {token}"}, timeout=5)
            screen.wait_for(b" ms")
            hostile = f"{url}/%1B%5D0%3Bowned%07%C2%9B2J%E2%80%AEgnp.exe"
            requests.get(hostile, headers={"Authorization": f"Bearer {token}"}, timeout=5)
            screen.wait_for(b"gnp.exe")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()
    reader.join(5)
    os.close(controller)
    assert screen.text.startswith("GET /sources 200 ")
    assert token not in screen.text
    assert not set("\x1b\x07\x9b\u202e") & set(screen.text)
