"""Measure how fast the sandbox starts and responds, and its memory: `python -m benchmarks.sandbox`.

Server and client share the machine, as they do when it is used. Seconds are of the wall clock; the machine is named
by what a bare loopback server does on it. Figures are medians of several rounds.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

import connector
from benchmarks.loopback import serving
from connector.component.connections import environment_names
from connector.sandbox_kit import sandbox

SOURCES, DESTINATIONS = 40_000, 5_000
ROUNDS = 5
REQUESTS = 1_000


def median(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    measure()
    return statistics.median(measure() for _ in range(rounds))


def seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=True, timeout=60)
    return time.perf_counter() - started


def rate(url: str, headers: dict[str, str]) -> float:
    """Return the requests per second of one bare connection."""
    host, port = url.removeprefix("http://").split(":")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    message = f"GET /sources?pagination.count=2 HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode()
    with socket.create_connection((host, int(port))) as connection:
        stream = connection.makefile("rb")

        def ask() -> None:
            connection.sendall(message)
            length = 0
            while (line := stream.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            stream.read(length)

        started = time.perf_counter()
        for _ in range(REQUESTS):
            ask()
        return REQUESTS / (time.perf_counter() - started)


@contextmanager
def served(file: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """`connector sandbox serve` in a process of its own: process, URL, token."""
    command = [sys.executable, "-m", "connector", "sandbox", "serve", "--port", "0", "--file", str(file), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url, token = (process.stdout.readline().split()[1] for _ in range(2))
        try:
            yield process, url, token
        finally:
            process.terminate()


def memory(process: subprocess.Popen[str]) -> str:
    status = Path(f"/proc/{process.pid}/status")
    if not status.is_file():
        return "unknown here"
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return f"{int(fields['VmRSS'].split()[0]) / 1024:.0f} MB, {int(fields['VmHWM'].split()[0]) / 1024:.0f} MB at most"


def starts(file: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "connector", "run", "listSources"]
    sandboxed = median(lambda: seconds([*command, f"--sandbox={file}"], environment))
    with serving() as url:
        direct = environment | {"SEGMENT_API_KEY": "benchmark", "SEGMENT_BASE_URL": url}
        bare = median(lambda: seconds(command, direct))
    print(f"cold connector run listSources --sandbox: {sandboxed:.2f} s ({bare:.2f} s against a running server)")


def one_test() -> float:
    started = time.perf_counter()
    with sandbox.serve(component):
        pass
    return time.perf_counter() - started


def requests_a_second(file: Path) -> None:
    with served(file) as (process, url, token):
        fast = median(lambda: rate(url, {"Authorization": f"Bearer {token}"}))
        print(f"requests a second, one connection, listSources of 2: {fast:.0f}")
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"

            def create() -> float:
                started = time.perf_counter()
                for _ in range(100):
                    body = {"slug": os.urandom(8).hex(), "enabled": True, "metadataId": "IqDTy1TpoU"}
                    assert session.post(f"{url}/sources", json=body, timeout=10).status_code == 201
                return 100 / (time.perf_counter() - started)

            print(f"writes a second, one connection, createSource through requests: {median(create):.0f}")
        print(f"memory of the serving process: {memory(process)}")


def big(file: Path) -> None:
    command = [sys.executable, "-m", "connector", "sandbox", "seed", "--file", str(file), "--sources", str(SOURCES)]
    elapsed = seconds([*command, "--destinations", str(DESTINATIONS)], dict(os.environ))
    print(f"making {SOURCES:,} sources, {DESTINATIONS:,} destinations: {elapsed:.1f} s, {file.stat().st_size >> 20} MB")
    with served(file) as (process, url, token):
        definition = component.connection()
        assert environment_names(definition)["apiKey"] == "SEGMENT_API_KEY"
        connection = {"key": definition.key, "fields": {"apiKey": token, "baseUrl": url}}
        with connector.Runner(component, connection) as runner:

            def iterate() -> float:
                started = time.perf_counter()
                assert sum(1 for _ in runner.records("listSources")) == SOURCES
                return time.perf_counter() - started

            print(f"iteration over {SOURCES:,} sources through the runner: {median(iterate, 3):.2f} s")
        print(f"memory of the serving process: {memory(process)}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        starts(Path(folder) / "small.sqlite")
        print(f"a workspace for one test, opened, served and closed: {median(one_test, 20) * 1000:.1f} ms")
        requests_a_second(Path(folder) / "small.sqlite")
        big(Path(folder) / "big.sqlite")


component = connector.load_component()

if __name__ == "__main__":
    main()
