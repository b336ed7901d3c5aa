"""A real HTTP server on loopback that answers what a test scripts, and keeps what it was asked."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.structures import CaseInsensitiveDict


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: CaseInsensitiveDict[str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ServerResponse:
    """One scripted answer.

    `body` that is no bytes goes out as JSON. `promise` announces more bytes than are sent, `hang` waits so many
    seconds, at the longest until the server ends, `cut` closes the connection without an answer.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promise: int = 0
    hang: float = 0.0
    cut: bool = False


Script = Callable[[Asked], ServerResponse]


class LoopbackServer:
    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[ServerResponse] = []
        self.script: Script | None = None
        self.times: list[float] = []
        self.ended = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes: with Nagle's algorithm the second one waits for a delayed acknowledgment.
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(
                    self.command, self.path, CaseInsensitiveDict(self.headers.items()), self.rfile.read(length)
                )
                outer.asked.append(asked)
                outer.times.append(time.monotonic())
                self.send(outer.script(asked) if outer.script else outer.next_answer())

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = handle_any
            do_LINK = do_UNLINK = do_PURGE = handle_any

            def send(self, answer: ServerResponse) -> None:
                ended = outer.ended.wait(answer.hang) if answer.hang else False
                if answer.cut or ended:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                headers = {"Content-Type": "application/json", **answer.headers}
                if self.command == "HEAD":
                    body = b""
                self.send_response(answer.status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) + answer.promise))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True
                if answer.promise:
                    self.close_connection = True

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def next_answer(self) -> ServerResponse:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def answer(self, *answers: ServerResponse | Any) -> None:
        """Script the answers to come; the last one is repeated."""
        self.answers = [a if isinstance(a, ServerResponse) else ServerResponse(a) for a in answers]

    @contextmanager
    def running(self) -> Iterator[LoopbackServer]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()
