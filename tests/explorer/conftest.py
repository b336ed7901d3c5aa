"""The explorer over a sandbox in memory, and a client that sends raw requests to it in this process."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemBytecodeCache

import connector
from connector.explorer.app import Explorer
from connector.explorer.guard import Guard
from connector.explorer.site import Target
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox

PORT = 8731
URL = f"http://127.0.0.1:{PORT}"
JSON = {"Content-Type": "application/json", "Origin": URL}
FLOWS = Path(__file__).parents[2] / "examples" / "flows"


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    content: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def text(self) -> str:
        is_compressed = self.header("Content-Encoding") == "gzip"
        return (gzip.decompress(self.content) if is_compressed else self.content).decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Client:
    """Sends requests to an ASGI application, headers as they are."""

    guard: Guard
    links: list[str] = field(default_factory=list)
    cookie: str = ""

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"", host: str | None = None
    ) -> Reply:
        named = {"Host": f"127.0.0.1:{PORT}" if host is None else host, **(headers or {})}
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", PORT),
        }
        return asyncio.run(self._send(scope, body))

    async def _send(self, scope: dict[str, Any], body: bytes) -> Reply:
        messages: list[Any] = []
        chunks = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            if chunks:
                return chunks.pop()
            return await asyncio.Event().wait()  # the client stays

        async def send(message: Any) -> None:
            messages.append(message)

        await self.guard(scope, receive, send)
        headers = [(name.decode(), value.decode("latin-1")) for name, value in messages[0]["headers"]]
        return Reply(messages[0]["status"], headers, b"".join(message.get("body", b"") for message in messages[1:]))

    def open(self) -> None:
        """Open the last link, and keep the cookie."""
        opened = self.send("GET", self.links[-1].removeprefix(URL))
        self.cookie = (opened.header("Set-Cookie") or "").partition(";")[0]

    def get(self, path: str, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", path, {"Cookie": self.cookie, "Accept-Encoding": "gzip", **named})

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", path, {"Cookie": self.cookie, **JSON, **headers}, content)

    def call(self, key: str, inputs: dict[str, Any], **options: Any) -> Any:
        return self.post(f"/call/{key}", {"inputs": inputs, **options}).json


@dataclass
class Explored(Client):
    """An open explorer and the sandbox behind it."""

    sandbox: Sandbox = field(kw_only=True)
    explorer: Explorer = field(kw_only=True)


@contextmanager
def exploring(
    component: connector.Component, *, read_only: bool = False, is_real: bool = False, flows: Path = FLOWS
) -> Iterator[Explored]:
    """Explore a new sandbox; a real service is one that the page does not know to be a sandbox."""
    with sandbox(component) as workspace:
        target = Target(
            runner=workspace.runner(read_only=read_only),
            name="Acme production" if is_real else "Sandbox: nothing is real",
            sandbox=None if is_real else workspace,
            arguments=("--profile", "acme") if is_real else ("--sandbox",),
            profile="acme" if is_real else "",
            flows=flows,
        )
        explorer = Explorer(target)
        links: list[str] = []
        guard = Guard(explorer.asgi(), links.append)
        guard.bind(URL)
        client = Explored(guard, links, sandbox=workspace, explorer=explorer)
        client.open()
        try:
            yield client
        finally:
            explorer.close()


@pytest.fixture(autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each explorer would compile its templates, which takes longer than what most tests do."""
    cache = FileSystemBytecodeCache(str(tmp_path_factory.getbasetemp()))
    monkeypatch.setattr("connector.explorer.site.Environment", partial(Environment, bytecode_cache=cache))


@pytest.fixture(scope="session")
def component() -> connector.Component:
    """A component of its own, since the explorer adds a plugin to it."""
    return connector.load_component()


@pytest.fixture
def explored(component: connector.Component) -> Iterator[Explored]:
    with exploring(component) as client:
        yield client


@pytest.fixture
def real(component: connector.Component) -> Iterator[Explored]:
    with exploring(component, read_only=True, is_real=True) as client:
        yield client
