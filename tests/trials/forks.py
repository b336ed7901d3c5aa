"""Calls on one runner across forks: parent and children share no connection, so no response is mixed up.

The server runs in a process of its own and returns the ID that it was asked for. Parent and children call at the same
time, after the parent has filled the pool with connections.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import connector
from tests.trials.report import Report, main

SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        body = json.dumps({"data": {"source": {"id": self.path.rsplit("/", 1)[1]}}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_args):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
CHILDREN = 6


@contextmanager
def served() -> Iterator[str]:
    """Run the server in a process of its own and yield its URL."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def call(runner: connector.Runner, name: str, count: int) -> tuple[int, int, int]:
    """Read sources and return how many responses were right, wrong, and missing."""
    right = wrong = missing = 0
    for number in range(count):
        source_id = f"{name}-{number}"
        try:
            payload = runner.invoke("getSource", {"sourceId": source_id}, max_wait=5)
        except connector.ConnectorError:
            missing += 1
        else:
            is_right = payload["data"]["data"]["source"]["id"] == source_id
            right, wrong = right + is_right, wrong + (not is_right)
    return right, wrong, missing


def run(calls: int) -> Report:
    """Make calls in the parent and in forked children, and return the report."""
    report = Report("forks", 0)
    each = max(1, calls // (CHILDREN + 1))
    with served() as url:
        fields = {"apiKey": "token-of-the-trial", "baseUrl": url}
        with connector.Runner(connector.load_component(), {"fields": fields}) as runner:
            call(runner, "before", 5)
            pipes: list[int] = []
            for child in range(CHILDREN):
                reader, writer = os.pipe()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads
                    process = os.fork()
                if process == 0:
                    os.write(writer, " ".join(map(str, call(runner, f"child{child}", each))).encode())
                    os._exit(0)
                os.close(writer)
                pipes.append(reader)
            counts = [call(runner, "parent", each)]
            for reader in pipes:
                with os.fdopen(reader) as stream:
                    right, wrong, missing = map(int, stream.read().split())
                counts.append((right, wrong, missing))
                os.wait()
    for right, wrong, missing in counts:
        report.count("ok", right)
        for kind, number in (("wrong", wrong), ("lost", missing)):
            for _ in range(number):
                report.fail(kind, "a response was mixed up or lost")
    return report


if __name__ == "__main__":
    main(run, __doc__, calls=1_800)
