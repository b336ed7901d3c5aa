from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from connector import testing
from connector.cli import main
from connector.sandbox_kit.sandbox import Sandbox
from tests.support.server import LoopbackServer

ROOT = Path(__file__).parents[2]
TOKEN = "tok-4711-very-secret"

SOURCE_INPUTS = ["-i", "slug=shop", "-i", "enabled=true", "-i", "metadataId=IqDTy1TpoU"]
INITIAL_SLUGS = ["ios", "web", "my-test-source", "old-website", "landing-pages"]
SELECT_SLUGS = ["--select", "$.data.data.sources[*].slug"]


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return from_json(self.out)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", TOKEN)


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox that the environment leads to."""
    with testing.sandbox() as opened:
        monkeypatch.setenv("SEGMENT_API_KEY", opened.connection["fields"]["apiKey"])
        monkeypatch.setenv("SEGMENT_BASE_URL", opened.connection["fields"]["baseUrl"])
        yield opened


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    with LoopbackServer().running() as running:
        monkeypatch.setenv("SEGMENT_BASE_URL", running.url)
        yield running


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Command:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *args: str | Path, stdin: str = "") -> Ended:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main([str(argument) for argument in args])
        out, err = self.capsys.readouterr()
        assert TOKEN not in out + err
        assert "Traceback" not in err
        return Ended(code, out, err)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


@pytest.fixture
def program_on_the_path(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


def start(*args: str, **settings: Any) -> subprocess.Popen[bytes]:
    """A command in a process of its own, with this worktree's packages."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    line = [sys.executable, "-m", "connector", *args]
    return subprocess.Popen(line, cwd=settings.pop("cwd", ROOT / "tests"), env=environment, **pipes)


def send_signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process that waits.

    Python notices a signal between two instructions or in a system call. One that comes right before a system call
    would be noticed after it: when the wait is over.
    """
    state = Path(f"/proc/{process.pid}/stat")
    if not state.exists():
        time.sleep(0.5)
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] in "RD":
        time.sleep(0.01)
    process.send_signal(number)


def finish(process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Ended:
    with process:
        try:
            out, err = process.communicate(stdin, timeout=30)
        finally:
            process.kill()
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


OTHER_MANIFEST = """\
key: other
version: 0.1.0
display: {label: Other, description: A small one.}
connections:
  login: {label: Login, description: A token.}
dataSources:
  things: {label: Things, description: All things.}
actions:
  listThings: {label: List Things, description: Lists things.}
  saveThing: {label: Save Thing, description: Saves a thing.}
"""
OTHER_CONNECTION = """\
from pydantic import SecretStr
from typing import Annotated
from connector import Input, Inputs, connection
from connector.rest import Endpoint

class Login(Inputs):
    host: Annotated[str, Input(label="Host", comments="Where it is.")]
    token: Annotated[SecretStr, Input(label="Token", comments="A token.", type="password")]

@connection("login", environment="OTHER")
def login(fields: Login, inputs: object) -> Endpoint:
    return Endpoint(base_url=fields.host, authorization=fields.token, secrets=[fields.token])
"""
OTHER_ACTIONS = """\
from typing import Annotated
from pydantic import MISSING
from connector import Context, Input, Inputs, Pagination, Payload, action

class Page(Inputs):
    count: Annotated[int, Input(label="Count", comments="How many.", example=5)] | MISSING = MISSING
    cursor: Annotated[str, Input(label="Cursor", comments="Where to begin.")] | MISSING = MISSING
    fetch_all: Annotated[bool, Input(label="All", comments="Everything.", type="boolean")] | MISSING = MISSING

class Thing(Inputs):
    name: Annotated[str, Input(label="Name", comments="Its name.", example="Tea", data_source="things")]

@action("listThings", pagination=Pagination(records="$.data.things", cursor="$.data.next"))
def list_things(context: Context, inputs: Page) -> Payload:
    return context.api.get("things")

@action("saveThing", effect="write")
def save_thing(context: Context, inputs: Thing) -> Payload:
    return context.api.post("things", json=inputs.body("name"))
"""
OTHER_SOURCES = """\
from connector import Context, Inputs, Payload, data_source, picklist

class Nothing(Inputs):
    pass

@data_source("things")
def things(context: Context, inputs: Nothing) -> Payload:
    return picklist({"id": name} for name in context.api.get("things")["data"]["things"])
"""


@pytest.fixture
def other_component(tmp_path: Path) -> Path:
    """The manifest of a small component that holds together."""
    files = {
        "manifest.yaml": OTHER_MANIFEST,
        "connections/login.py": OTHER_CONNECTION,
        "actions/things.py": OTHER_ACTIONS,
        "actions/examples/listThings.json": '{"data": {"things": ["a"]}}',
        "actions/examples/saveThing.json": '{"data": {"saved": true}}',
        "datasources/things.py": OTHER_SOURCES,
        "datasources/examples/things.json": '{"result": [{"label": "a", "key": "a"}]}',
    }
    for name, text in files.items():
        file = tmp_path / "other" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "other" / "manifest.yaml"
