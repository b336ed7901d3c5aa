"""Requests that no honest client sends, to `connector serve` and `connector mcp --http`.

Each gets a response without a secret and without a traceback, and no 5xx but the errors of this project. The log holds
no secret and no traceback either, and an honest request gets its payload after every hostile one.
"""

from __future__ import annotations

import json
import logging
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlsplit

import connector
from connector import errors
from connector.engines.http_app import HttpApp
from connector.engines.mcp_server import McpTools
from connector.engines.service import Caller, ServedConnection, Service
from connector.engines.spiffarena import SpiffArena
from connector.sandbox_kit import asgi_server
from connector.testing import sandbox
from tests.trials.report import Report, main

KEY = "key-of/the+trial=caller"
TASK_SECRET = "hunter2-of-the-task"
PATIENCE, TIMEOUT = 0.2, 10.0
TRACES = ("Traceback (most recent call last)", 'File "', ".py:")
TEXTS = ("", "x", "\0", "é\ud800", "../../etc/passwd", "%2e%2e%2f", "{{7*7}}", "' OR 1=1 --", "a" * 9_000, "[" * 40_000)
VALUES: tuple[Any, ...] = (None, True, -1, 10**400, 1e308, "x", "\ud800", [], {}, [[[]]], {"x-hidden": 1}, "9" * 5_000)
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW", "get")


class Hostile:
    """Makes requests, the same ones for one seed.

    Args:
        choose: Source of the choices.
        host: Host and port of the server.
        typeahead: Path of the typeahead, with its secret.
    """

    def __init__(self, choose: random.Random, host: str, typeahead: str) -> None:
        self.choose = choose
        self.host = host
        self.typeahead = typeahead

    def http(self) -> bytes:
        """Return a request to `connector serve`."""
        return self.choose.choice([self.noise, self.framed, self.action, self.action, self.task, self.query])()

    def mcp(self) -> bytes:
        """Return a request to `connector mcp --http`."""
        return self.choose.choice([self.noise, self.framed, self.message, self.message, self.message])()

    def whole(self, method: str, path: str, body: bytes, *headers: str) -> bytes:
        """Return a request with the right length, unless a header says otherwise."""
        length = [] if any("Length" in each or "Encoding" in each for each in headers) else [len(body)]
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.host}",
            "Connection: close",
            *(f"Content-Length: {number}" for number in length),
            *headers,
        ]
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body

    def noise(self) -> bytes:
        """Bytes that are no request, or half of one."""
        request = self.whole("POST", "/v1/actions/listSources", b"{}", f"X-Api-Key: {KEY}")
        return self.choose.choice(
            [
                self.choose.randbytes(self.choose.randrange(300)),
                request[: self.choose.randrange(len(request))],
                request.replace(b"HTTP/1.1", self.choose.choice([b"HTTP/9.9", b"HTTP/1.1 x", b"", b"SPDY"])),
                request.replace(b"\r\n", self.choose.choice([b"\n", b"\r", b"\0\r\n"])),
                b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(300)) + b"\r\n",
                b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
            ]
        )

    def framed(self) -> bytes:
        """Lengths, encodings, hosts, and keys that are wrong."""
        header = self.choose.choice(
            [
                "Content-Length: -1",
                "Content-Length: 99999999999999999999",
                "Content-Length: 5, 6",
                "Content-Length: 3",
                "Transfer-Encoding: chunked",
                "Transfer-Encoding: gzip",
                "Host: evil.example",
                "X-Api-Key: é",
                f"X-Api-Key: {'k' * 9_000}",
                "Authorization: Bearer",
                f"Authorization: Basic {KEY}",
                "Upgrade: websocket",
                "Expect: 100-continue",
                "X-HTTP-Method-Override: DELETE",
            ]
        )
        path = self.choose.choice(["/v1/actions/listSources", "/mcp", "/openapi.json", "//", "/v1/actions/%00", "*"])
        body = self.choose.choice([b"{}", b"zz\r\n{}\r\n0\r\n\r\n", b"\x1f\x8b\x08"])
        return self.whole(self.choose.choice(METHODS), path, body, header, f"X-Api-Key: {KEY}")

    def action(self) -> bytes:
        """An action with an odd key, body, or header."""
        key = self.choose.choice(["createSource", "listSources", "getSource", "rawRequest", "replaceLabels", ""])
        key = key or quote(self.choose.choice(TEXTS)[:2_000], errors="replace")
        path = f"/v1/{self.choose.choice(['actions', 'records', 'choices'])}/{key}"
        headers = [f"{name}: {self._text()}" for name in ("X-Connection", "X-Max-Wait", "X-Deadline") if self._once(4)]
        return self.whole(self._method(), path, self._body(), f"X-Api-Key: {KEY}", *headers)

    def task(self) -> bytes:
        """A service task of SpiffArena."""
        inputs = {
            "slug": self.choose.choice(VALUES),
            "connection": self.choose.choice([*VALUES, "main"]),
            "spiff__callback_url": self.choose.choice([*VALUES, "http://169.254.169.254/", "https://[x", "//\ud800"]),
            "spiff__task_data": {"password": TASK_SECRET},
            "spiff__task_id": self.choose.choice(VALUES),
        }
        path = f"/v1/do/{self.choose.choice(['segment', 'other', ''])}/{self.choose.choice(['createSource', 'nope'])}"
        return self.whole("POST", path, json.dumps(inputs).encode(), f"Spiff-Connector-Proxy-Api-Key: {KEY}")

    def query(self) -> bytes:
        """A query of a choice, or a typeahead."""
        base = self.choose.choice(
            ["/v1/choices/sources", f"{self.typeahead}/v1/typeahead/sources", "/k/x/v1/typeahead/y"]
        )
        names = ("search", "limit", "prefix", "connection", "region", "nope")
        fields = [f"{name}={quote(self._text()[:50_000], errors='replace')}" for name in names if self._once(2)]
        return self.whole("GET", f"{base}?{'&'.join(fields)}", b"", f"X-Api-Key: {KEY}")

    def message(self) -> bytes:
        """A message of the Model Context Protocol."""
        version = self.choose.choice(["2026-07-28"] * 4 + ["2025-11-25", "2025-06-18", self._text()[:100]])
        method = self.choose.choice(["tools/call"] * 4 + ["initialize", "tools/list", "server/discover", "x"])
        capabilities: dict[str, Any] = self.choose.choice([{}, {"elicitation": {}}])
        about = "io.modelcontextprotocol/"
        params: dict[str, Any] = {
            "name": self.choose.choice(["listSources", "choices", "deleteSource", "rawRequest", self._text()[:2_000]]),
            "arguments": self.choose.choice([{"count": self.choose.choice(VALUES)}, {"source": "sources"}, {}]),
            "protocolVersion": version,
            "capabilities": capabilities,
            "clientInfo": {"name": self._text()[:100], "version": "1"},
            "_meta": {
                f"{about}protocolVersion": version,
                f"{about}clientInfo": {"name": "x", "version": "1"},
                f"{about}clientCapabilities": capabilities,
            },
        }
        if self._once(3):
            params["requestState"] = self._text()[:100]
            params["inputResponses"] = {"confirm": self.choose.choice([*VALUES, {"action": "accept", "content": {}}])}
        if self._once(3):
            params[self.choose.choice(list(params))] = self.choose.choice(VALUES)
        request = {"jsonrpc": "2.0", "id": self.choose.choice([1, 2, "a", 1.5]), "method": method, "params": params}
        body = self._body() if self._once(5) else json.dumps(request).encode()
        named = params["name"]
        return self.whole(
            self._method(),
            "/mcp",
            body,
            "Accept: application/json, text/event-stream",
            "Content-Type: application/json",
            f"MCP-Protocol-Version: {_line(version)}",
            f"Mcp-Method: {method}",
            f"Mcp-Name: {_line(named if isinstance(named, str) else '')}",
            *([f"Mcp-Session-Id: {_line(self._text()[:100])}"] if self._once(10) else []),
        )

    def _once(self, number: int) -> bool:
        return self.choose.randrange(number) == 0

    def _method(self) -> str:
        return "POST" if not self._once(6) else self.choose.choice(METHODS)

    def _text(self) -> str:
        return _line(self.choose.choice([*TEXTS, "NaN", "inf", "-1", "1e999", "99999999999999999999", "main"]))

    def _body(self) -> bytes:
        choose = self.choose
        return choose.choice(
            [
                b"",
                b"{",
                b"null",
                b"[" * 50_000,
                b'{"a":' * 20_000,
                b'{"count": 1e999}',
                b'{"count": NaN, "count": 1}',
                b'{"slug": "\\ud800"}',
                b"\xff\xfe{}",
                b"{" + b'"k": 1, ' * 10_000 + b'"z": 1}',
                json.dumps(
                    {"slug": choose.choice(VALUES), "enabled": choose.choice(VALUES), "metadataId": "x"}
                ).encode(),
                json.dumps({choose.choice(["sourceId", "count", "path"]): choose.choice(VALUES)}).encode(),
                json.dumps(
                    {"method": "DELETE", "path": choose.choice(TEXTS), "baseUrl": "http://evil.example"}
                ).encode(),
                choose.randbytes(100),
            ]
        )


def _line(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and not "\ud800" <= char <= "\udfff")


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect what the loggers of the process write, as an operator would see it."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.setFormatter(logging.Formatter())
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    root = logging.getLogger()
    level, handlers = root.level, root.handlers
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.handlers = handlers
        root.setLevel(level)


def exchange(host: str, request: bytes, patience: float = PATIENCE) -> bytes:
    """Send bytes, and return all that comes back until the server closes the connection.

    Raises:
        TimeoutError: If the server neither responds nor notices that nothing more will come.
    """
    name, _, port = host.rpartition(":")
    received = b""
    with socket.create_connection((name, int(port)), timeout=patience) as connection, suppress(ConnectionError):
        connection.sendall(request)
        while True:
            try:
                part = connection.recv(65_536)
            except TimeoutError:
                if connection.gettimeout() == TIMEOUT:
                    raise
                connection.shutdown(socket.SHUT_WR)  # the request may be incomplete, or its response a stream
                connection.settimeout(TIMEOUT)
                continue
            if not part:
                break
            received += part
    return received


def run(requests: int, seed: int = 1) -> Report:
    """Send hostile requests to both servers and return the report."""
    report, choose = Report("hostile requests", seed), random.Random(seed)
    component = connector.load_component()
    with sandbox() as workspace, logged() as lines:
        service = Service(
            component, {"main": ServedConnection(workspace.connection)}, [Caller("trial", KEY, ("main",))]
        )
        app = HttpApp(service, max_wait=1)
        arena = SpiffArena(app, callback_base="https://arena.example/api")
        tools = McpTools(workspace.runner())
        path = arena.typeahead_path(service.callers[0])
        secrets = [KEY, str(workspace.connection["fields"]["apiKey"]), TASK_SECRET, path]
        with (
            asgi_server.serve(app.asgi(more_routes=arena.routes())) as http_url,
            asgi_server.serve(tools.server().streamable_http_app()) as mcp_url,
        ):
            hosts = {"http": urlsplit(http_url).netloc, "mcp": urlsplit(mcp_url).netloc}
            honest = {"http": Honest.http(hosts["http"]), "mcp": Honest.mcp(hosts["mcp"])}
            for _ in range(requests):
                kind = choose.choice(["http", "http", "mcp"])
                hostile = Hostile(choose, hosts[kind], path)
                request: bytes = getattr(hostile, kind)()
                before = len(lines)
                try:
                    response = exchange(hosts[kind], request)
                except TimeoutError:
                    report.fail("wrong", f"no response for {request[:300]!r}")
                    continue
                _check(report, kind, request, response, lines[before:], secrets)
                _check_honest(report, kind, exchange(hosts[kind], honest[kind], TIMEOUT))
    return report


class Honest:
    """Requests that must always work."""

    @staticmethod
    def http(host: str) -> bytes:
        """Return a list of sources."""
        return Hostile(random.Random(0), host, "").whole(
            "POST", "/v1/actions/listSources", b'{"count": 1}', f"X-Api-Key: {KEY}"
        )

    @staticmethod
    def mcp(host: str) -> bytes:
        """Return the handshake of a client."""
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
        headers = ("Accept: application/json, text/event-stream", "Content-Type: application/json")
        return Hostile(random.Random(0), host, "").whole("POST", "/mcp", body, *headers)


def _check(report: Report, kind: str, request: bytes, response: bytes, lines: list[str], secrets: list[str]) -> None:
    text = response.decode("utf-8", "replace")
    status = text.split(" ", 2)[1] if text.startswith("HTTP/1.1 ") else "none"
    report.count(f"{kind} {status}")
    written = "\n".join(lines)
    for secret in secrets:
        if secret in text:
            report.fail("leaked", f"{text[:300]!r} for {request[:300]!r}")
        if secret in written:
            report.fail("leaked", f"the log: {written[:300]!r} for {request[:300]!r}")
    if "InternalError" in text or any(trace in text or trace in written for trace in TRACES):
        report.fail("uncaught", f"{text[:200]!r} {written[-600:]!r} for {request[:300]!r}")
    if status >= "5" and status != "none" and not _is_ours(text):
        report.fail("wrong", f"{text[:300]!r} for {request[:300]!r}")


def _is_ours(response: str) -> bool:
    with suppress(ValueError, KeyError, TypeError):
        error = json.loads(response.partition("\r\n\r\n")[2])["error"]
        return error["type"] in vars(errors)
    return False


def _check_honest(report: Report, kind: str, response: bytes) -> None:
    if not response.startswith(b"HTTP/1.1 200") or (b'"sources"' not in response and b'"serverInfo"' not in response):
        report.fail("lost", f"{kind}: {response[:300]!r}")


if __name__ == "__main__":
    main(run, __doc__, requests=1_500, seed=1)
