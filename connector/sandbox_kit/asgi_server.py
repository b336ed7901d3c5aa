"""Serves an ASGI application over HTTP on this machine: in a thread, or in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from connector.errors import MissingExtraError, ServerStartError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CUT = "connector.cut"
"""The ASGI extension that closes the connection of a request: `scope["extensions"][CUT]()`."""

INSTALL = "Install it: pip install 'segment-connector[server]'"
MAX_PORT = 65_535
TICK_SECONDS = 0.1
STOP_SECONDS = 5.0
GRACE_SECONDS = 2.0


def require_server() -> None:
    """Makes sure that the extra `server` is installed.

    Raises:
        MissingExtraError: It is not.
    """
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"this needs {' and '.join(missing)}.", hint=INSTALL)


@contextlib.contextmanager
def serve(app: App, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False) -> Iterator[str]:
    """Serves an application in a thread, until the block ends.

    Args:
        app: The ASGI application.
        host: The address to bind.
        port: The port; 0 takes a free one.
        allow_remote: Whether `host` may be reached from other machines.

    Yields:
        The base URL, for example `http://127.0.0.1:49152`.

    Raises:
        MissingExtraError: The extra `server` is not installed.
        ServerStartError: The address is taken, unknown, or not loopback.
    """
    require_server()
    with contextlib.closing(_bound(host, port, allow_remote=allow_remote)) as listener:
        server = _server(app)
        thread = threading.Thread(target=_run, args=(server, listener), name="serve", daemon=True)
        thread.start()
        try:
            yield _url(listener)
        finally:
            server.stop()
            thread.join(STOP_SECONDS)


def run(
    app: App,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_remote: bool = False,
    ready: Callable[[str], None] = lambda _url: None,
    log: Callable[[str], None] | None = None,
) -> None:
    """Serves an application in the foreground, until Ctrl-C.

    Args:
        app: The ASGI application.
        host: The address to bind.
        port: The port; 0 takes a free one.
        allow_remote: Whether `host` may be reached from other machines.
        ready: Gets the base URL once the address is bound.
        log: Gets a line for each request: method, path, status, milliseconds.

    Raises:
        MissingExtraError: The extra `server` is not installed.
        ServerStartError: The address is taken, unknown, or not loopback.
    """
    require_server()
    with contextlib.closing(_bound(host, port, allow_remote=allow_remote)) as listener:
        ready(_url(listener))
        with contextlib.suppress(KeyboardInterrupt):
            _run(_server(_logging(app, log) if log else app), listener)


def _bound(host: str, port: int, *, allow_remote: bool) -> socket.socket:
    if not 0 <= port <= MAX_PORT:
        raise ServerStartError(f"{host}:{port} cannot be served: a port is from 0 to {MAX_PORT}.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ServerStartError(f"{host}:{port} is no address of this machine: {error}.") from None
    if not allow_remote and not ipaddress.ip_address(address[0]).is_loopback:
        raise ServerStartError(f"{host} can be reached from other machines.", hint="Allow that, or bind 127.0.0.1.")
    # Named TCP, or asyncio would not switch Nagle's delay off.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # It listens before the thread runs, so that the first request cannot come too early.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ServerStartError(
            f"{host}:{port} cannot be served: {error.strerror}.", hint="Choose another port."
        ) from None
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _run(server: Any, listener: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listener]))


def _logging(app: App, log: Callable[[str], None]) -> App:
    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), "cut off"

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        await app(scope, receive, watched)
        if scope["type"] == "http":
            path = scope["raw_path"].decode("latin-1")
            log(f"{scope['method']} {path} {status} {(time.perf_counter() - started) * 1000:.0f} ms")

    return logged


def _protocol() -> Any:
    """Uvicorn's HTTP, the faster one where it is installed, with the extension that closes the connection."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    one_of_two: Any = AutoHTTPProtocol

    class Protocol(one_of_two):  # type: ignore[misc]
        app: Any

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._whole_app = self.app
            self.app = self._cuttable

        async def _cuttable(self, scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), CUT: self.transport.close}
            await self._whole_app(scope, receive, send)

    return Protocol


def _server(app: App) -> Any:
    """A uvicorn server that stops at once when told to, even from another thread."""
    import uvicorn

    class Server(uvicorn.Server):
        loop: asyncio.AbstractEventLoop | None = None
        woken: asyncio.Event

        def stop(self) -> None:
            self.should_exit = True
            # Without a loop it has not begun, or it has ended; either way it sees `should_exit`.
            with contextlib.suppress(RuntimeError):
                if self.loop:
                    self.loop.call_soon_threadsafe(self.woken.set)

        async def main_loop(self) -> None:
            self.loop, self.woken, tick = asyncio.get_running_loop(), asyncio.Event(), 0
            while not await self.on_tick(tick):
                tick += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.woken.wait(), TICK_SECONDS)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for server in self.servers:
                server.close()
            for listener in sockets or []:
                listener.close()
            for connection in list(self.server_state.connections):
                connection.shutdown()
            latest = time.monotonic() + GRACE_SECONDS
            while self.server_state.connections and not self.force_exit and time.monotonic() < latest:
                await asyncio.sleep(0.002)

    return Server(
        uvicorn.Config(
            app,
            http=_protocol(),
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
        )
    )
