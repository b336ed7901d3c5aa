"""A to-do service that this repository has no component for: pages by `Link`, PUT, and a key in a header of its own.

Run as a program, it prints its URL and serves until it is stopped.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "key-of-the-chores"


class TodoService(ThreadingHTTPServer):
    """The service with its to-dos."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.todos: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}/api"


class Handler(BaseHTTPRequestHandler):
    """Handles one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: TodoService

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        url = urlsplit(self.path)
        if self.headers["X-Chores-Key"] != KEY:
            self.respond(401, {"problem": "unknown key"})
        elif url.path == "/api/todos" and self.command == "GET":
            self.list_todos(parse_qs(url.query))
        elif url.path == "/api/todos" and self.command == "POST":
            self.put_todo(None, json.loads(content))
        elif match := re.fullmatch(r"/api/todos/(\d+)", url.path):
            self.one_todo(int(match[1]), content)
        else:
            self.respond(404, {"problem": "no such path"})

    do_GET = do_POST = do_PUT = handle_any

    def list_todos(self, query: dict[str, list[str]]) -> None:
        size, page = int(query.get("per_page", ["3"])[0]), int(query.get("page", ["1"])[0])
        links = ['</api/todos>; rel="first"']
        if size * page < len(self.server.todos):
            links.append(f'</api/todos?page={page + 1}&per_page={size}>; rel="next"')
        self.respond(200, self.server.todos[size * (page - 1) : size * page], {"Link": ", ".join(links)})

    def one_todo(self, number: int, content: bytes) -> None:
        if not 1 <= number <= len(self.server.todos):
            self.respond(404, {"problem": f"no to-do {number}"})
        elif self.command == "PUT":
            self.put_todo(number, json.loads(content))
        else:
            self.respond(200, self.server.todos[number - 1])

    def put_todo(self, number: int | None, body: Any) -> None:
        if not isinstance(body, dict) or not body.get("title"):
            self.respond(422, {"problem": "a to-do needs a title"})
            return
        with self.server.lock:
            todo = {"id": number or len(self.server.todos) + 1, "title": body["title"], "done": body.get("done", False)}
            if number is None:
                self.server.todos.append(todo)
            else:
                self.server.todos[number - 1] = todo
        self.respond(201 if number is None else 200, todo)

    def respond(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        fields = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""


@contextmanager
def running() -> Iterator[TodoService]:
    """Serve in a thread until the block ends."""
    service = TodoService()
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


if __name__ == "__main__":
    program = TodoService()
    sys.stdout.write(f"url {program.url}\n")
    sys.stdout.flush()
    program.serve_forever()
