"""A to-do service in memory: enough of an API to show a component at work.

GET /lists, GET /tasks?listId=&count=&cursor=, POST /tasks {"title", "listId", "done"}; bodies are JSON, and every
request needs `Authorization: Bearer TOKEN`.
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LISTS = {"home": "At home", "work": "At work"}

ServerResponse = tuple[int, dict[str, Any]]


class TodoServer(ThreadingHTTPServer):
    """The service, with its tasks.

    Args:
        token: The token that requests must carry.
        port: Where to listen on this machine; 0 is a free port.
    """

    daemon_threads = True

    def __init__(self, token: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.token = token
        self.tasks: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def list_tasks(self, query: dict[str, str]) -> ServerResponse:
        """A page of the tasks, and where the next one begins."""
        with self.lock:
            found = [task for task in self.tasks if query.get("listId") in {None, task["listId"]}]
        start, count = int(query.get("cursor", "0")), int(query.get("count", "20"))
        following = {"next": str(start + count)} if start + count < len(found) else {}
        return 200, {"tasks": found[start : start + count], **following}

    def create_task(self, given: dict[str, Any]) -> ServerResponse:
        """Write a task down."""
        if given.get("listId") not in LISTS:
            return 422, {"error": f"there is no list {given.get('listId')}"}
        with self.lock:
            task = {"id": str(len(self.tasks) + 1), "done": False, **given}
            self.tasks.append(task)
        return 201, {"task": task}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TodoServer

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def _respond(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self._answer(f"{self.command} {url.path}", dict(parse_qsl(url.query)), body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, asked: str, query: dict[str, str], body: bytes) -> ServerResponse:
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            return 401, {"error": "the token is wrong"}
        match asked:
            case "GET /lists":
                return 200, {"lists": [{"id": key, "name": name} for key, name in LISTS.items()]}
            case "GET /tasks":
                return self.server.list_tasks(query)
            case "POST /tasks":
                return self.server.create_task(json.loads(body))
            case _:
                return 404, {"error": f"there is no {asked}"}

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A to-do service in memory.")
    parser.add_argument("--port", type=int, default=8035)
    parser.add_argument("--token", default="todo-token")
    options = parser.parse_args()
    with TodoServer(options.token, options.port) as server:
        print(f"{server.url}, token {server.token}; Ctrl-C ends it.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
