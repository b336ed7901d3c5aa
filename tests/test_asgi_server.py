"""Serving an ASGI application on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.errors import MissingExtraError, ServerStartError
from connector.sandbox_kit import asgi_server
from connector.sandbox_kit.asgi_server import CUT, serve

ROOT = Path(__file__).parents[1]
PROGRAM = """
import sys
from connector.sandbox_kit.asgi_server import run

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})

run(app, ready=lambda url: print(url, flush=True), log=lambda line: print(line, flush=True))
print("stopped", flush=True)
"""


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def cut(scope: Any, receive: Any, send: Any) -> None:
    scope["extensions"][CUT]()
    while (await receive())["type"] != "http.disconnect":
        pass


def test_application_is_served_on_a_free_loopback_port() -> None:
    with serve(hello) as url:
        assert url.startswith("http://127.0.0.1:")
        assert requests.get(url, timeout=5).text == "hello"


@pytest.fixture
def slow_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Periods so long that a server which waits for one of them still runs when the test looks."""
    monkeypatch.setattr(asgi_server, "TICK_SECONDS", 600)
    monkeypatch.setattr(asgi_server, "GRACE_SECONDS", 600)


@pytest.mark.usefixtures("slow_ticks")
def test_server_and_thread_stop_after_the_block() -> None:
    before = threading.enumerate()
    with serve(hello) as url:
        pass
    assert threading.enumerate() == before
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


@pytest.mark.usefixtures("slow_ticks")
def test_idle_connection_does_not_hold_up_the_end() -> None:
    before = set(threading.enumerate())
    with requests.Session() as session:
        with serve(hello) as url:
            session.get(url, timeout=5)
        assert set(threading.enumerate()) <= before


def test_connections_are_served_without_nagles_delay() -> None:
    delays: list[int] = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        connection = scope["extensions"][CUT].__self__.get_extra_info("socket")
        delays.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await hello(scope, receive, send)

    with serve(look) as url:
        requests.get(url, timeout=5)

    assert delays == [1]


def test_application_can_cut_a_connection_without_a_response(capfd: pytest.CaptureFixture[str]) -> None:
    with serve(cut) as url, pytest.raises(requests.ConnectionError, match="without response"):
        requests.get(url, timeout=5)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_address_for_other_hosts_is_rejected_unless_allowed(host: str) -> None:
    with pytest.raises(ServerStartError, match="other hosts can reach"), serve(hello, host=host):
        pass


def test_address_that_others_reach_is_served_when_allowed() -> None:
    with serve(hello, host="0.0.0.0", allow_remote=True) as url:
        assert requests.get(url.replace("0.0.0.0", "127.0.0.1"), timeout=5).text == "hello"


def test_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerStartError, match=f"cannot bind to 127.0.0.1:{port}: "), serve(hello, port=port):
            pass


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000)])
def test_impossible_address_is_named(host: str, port: int) -> None:
    with (
        pytest.raises(ServerStartError, match=f"{host}:{port}|port {port}"),
        serve(hello, host=host, port=port),
    ):
        pass


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else real(name))
    with pytest.raises(MissingExtraError, match=r"needs uvicorn\n.*pip install 'segment-connector\[server\]'"):
        asgi_server.require_server()
    with pytest.raises(MissingExtraError), serve(hello):
        pass


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_in_the_foreground_it_logs_requests_and_a_signal_stops_it(number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        url = process.stdout.readline().strip()
        assert requests.get(f"{url}/path?token=hidden", timeout=5).status_code == 204
        line = process.stdout.readline()
        process.send_signal(number)
        assert process.wait(30) == code
        rest = process.stdout.read()
        assert process.stderr.read() == ""
    assert line.startswith("GET /path 204 ")
    assert line.endswith(" ms\n")
    assert rest == ("stopped\n" if code == 0 else "")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"])
def test_connection_that_sends_nothing_more_is_closed(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(asgi_server, "IDLE_SECONDS", 0.2)

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    with serve(reads) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(sent)
            while connection.recv(1000):
                pass  # an error response may come before the end


def send_slowly(connection: socket.socket, data: bytes) -> None:
    """Send one byte after another, until the server closes the connection."""
    connection.settimeout(0.02)
    for byte in data:
        connection.sendall(bytes([byte]))
        with contextlib.suppress(TimeoutError):
            if connection.recv(1) == b"":
                raise ConnectionError


def test_client_that_sends_one_byte_after_another_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi_server, "IDLE_SECONDS", 0.2)
    with serve(hello) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection, pytest.raises(ConnectionError):
            send_slowly(connection, b"GET / HTTP/1.1\r\nX: " + b"x" * 1000)


def test_client_that_does_not_read_the_response_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi_server, "IDLE_SECONDS", 0.2)
    ended = threading.Event()

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 2**20, "more_body": True})
        ended.set()

    with serve(flood) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert ended.wait(10)


def test_request_that_the_end_of_the_server_cancels_is_not_logged_as_an_error(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi_server, "GRACE_SECONDS", 0.05)
    started = threading.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        started.set()
        await asyncio.sleep(600)

    with serve(endless) as url:
        host, port = url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)), timeout=10)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert started.wait(10)
    connection.close()
    assert capfd.readouterr().err == ""


def test_slow_response_is_not_taken_for_an_idle_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi_server, "IDLE_SECONDS", 0.1)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.5)
        await hello(scope, receive, send)

    with serve(slow) as url:
        assert requests.get(url, timeout=10).text == "hello"
