"""A real HTTP server on loopback that answers what a test scripts, and keeps what it was asked."""

from __future__ import annotations

import json
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.structures import CaseInsensitiveDict


@dataclass
class ReceivedRequest:
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


Script = Callable[[ReceivedRequest], ServerResponse]


class LoopbackServer:
    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.answers: list[ServerResponse] = []
        self.script: Script | None = None
        self.times: list[float] = []
        self.ended = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes: with Nagle's algorithm the second one waits for a delayed acknowledgment.
            disable_nagle_algorithm = True

            def handle(self) -> None:
                sys.settrace(None)  # coverage would take as long as the rest, and has nothing to measure here
                super().handle()

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                request = ReceivedRequest(
                    self.command, self.path, CaseInsensitiveDict(self.headers.items()), self.rfile.read(length)
                )
                outer.requests.append(request)
                outer.times.append(time.monotonic())
                self.send(outer.script(request) if outer.script else outer.next_answer())

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
        with serving(self._server):
            try:
                yield self
            finally:
                self.ended.set()


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Let a server respond in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class RawServer:
    """A server on loopback that answers each request with the next of some prepared bytes; the last one is repeated.

    An answer is bytes, or a list of bytes and pauses in seconds. The connection stays open for the next request, unless
    the answer ends with `CLOSE`.
    """

    CLOSE = b"<close>"

    def __init__(self, *answers: bytes | list[bytes | float], tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                self.connections += 1
                if self.tls:
                    peer = self.tls.wrap_socket(peer, server_side=True)
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, suppress(OSError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while request := self._read(peer):
                with self._lock:
                    self.requests.append(request)
                    answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                for part in answer if isinstance(answer, list) else [answer]:
                    if isinstance(part, float | int):
                        time.sleep(part)
                    else:
                        peer.sendall(part.removesuffix(self.CLOSE))
                        if part.endswith(self.CLOSE):
                            return

    @staticmethod
    def _read(peer: socket.socket) -> bytes:
        content = b""
        while b"\r\n\r\n" not in content:
            part = peer.recv(65536)
            if not part:
                return b""
            content += part
        head, _, body = content.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        while length and len(body) < int(length[1]):
            body += peer.recv(65536)
        return head + b"\r\n\r\n" + body


def raw_response(
    body: Any = b"{}", status: str = "200 OK", *headers: str, length: int | None = None, has_length: bool = True
) -> bytes:
    """One response as bytes; `length` is announced instead of the true one."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    if has_length:
        lines.append(f"Content-Length: {len(content) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content
