"""A local HTTP server for an ASGI application, in a thread or in the foreground."""

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

INSTALL = "Run: pip install 'segment-connector[server]'"
MAX_PORT = 65_535
TICK_SECONDS = 0.1
STOP_SECONDS = 5.0
GRACE_SECONDS = 2.0
IDLE_SECONDS = 60.0
"""How long a client may take to send a whole request, or to read a response."""


def require_server() -> None:
    """Check that the extra `server` is installed.

    Raises:
        MissingExtraError: If it is not.
    """
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"the sandbox needs {' and '.join(missing)}", hint=INSTALL)


@contextlib.contextmanager
def serve(app: App, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False) -> Iterator[str]:
    """Serve an application in a thread, until the block ends.

    Args:
        app: The ASGI application.
        host: The address to bind.
        port: The port; 0 chooses a free one.
        allow_remote: Whether `host` may be an address that other hosts can reach.

    Yields:
        The base URL, for example `http://127.0.0.1:49152`.

    Raises:
        MissingExtraError: If the extra `server` is not installed.
        ServerStartError: If the address is in use, unknown, or not loopback.
    """
    require_server()
    with contextlib.closing(_bound(host, port, allow_remote=allow_remote)) as listener:
        server = _server(app, GRACE_SECONDS)
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
    grace: float = GRACE_SECONDS,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve an application in the foreground, until Ctrl-C or SIGTERM.

    Args:
        app: The ASGI application.
        host: The address to bind.
        port: The port; 0 chooses a free one.
        allow_remote: Whether `host` may be an address that other hosts can reach.
        ready: Called with the base URL once the address is bound.
        log: Called with one line per request: method, path, status, milliseconds.
        grace: Seconds that requests in progress get to finish after a signal to stop.
        stopping: Called once the server accepts no new connections.

    Raises:
        MissingExtraError: If the extra `server` is not installed.
        ServerStartError: If the address is in use, unknown, or not loopback.
    """
    require_server()
    with contextlib.closing(_bound(host, port, allow_remote=allow_remote)) as listener:
        ready(_url(listener))
        with contextlib.suppress(KeyboardInterrupt):
            _run(_server(_logging(app, log) if log else app, grace, stopping), listener)


def _bound(host: str, port: int, *, allow_remote: bool) -> socket.socket:
    if not 0 <= port <= MAX_PORT:
        raise ServerStartError(f"invalid port {port}: must be 0 to {MAX_PORT}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ServerStartError(f"cannot bind to {host}:{port}: {error}") from None
    if not allow_remote and not ipaddress.ip_address(address[0]).is_loopback:
        raise ServerStartError(
            f"other hosts can reach {host}",
            hint="Pass --allow-remote to accept other hosts, or use --host 127.0.0.1.",
        )
    # asyncio switches off Nagle's algorithm only for sockets whose protocol is named as TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # The socket listens before the thread runs, so that the first request cannot come too early.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ServerStartError(
            f"cannot bind to {host}:{port}: {error.strerror}", hint="Choose another port with --port."
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
    """Return the faster of the HTTP protocols of uvicorn that are installed, with the extension `CUT`."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    one_of_two: Any = AutoHTTPProtocol

    class Protocol(one_of_two):  # type: ignore[misc]
        app: Any

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._whole_app = self.app
            self.app = self._cuttable
            self._waiting_since = 0.0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._waiting_since = self.loop.time()
            self._check_idle()

        def _check_idle(self) -> None:
            # uvicorn has a timeout between two requests of a connection, but none before or within a request, nor for a
            # client that does not read the response. A client that sends one byte after another also has to finish.
            if self.transport.is_closing():
                return
            received = self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body
            if received and not self.flow.write_paused:
                self._waiting_since = self.loop.time()
            if self.loop.time() - self._waiting_since >= IDLE_SECONDS:
                self.transport.abort()
            else:
                self.loop.call_later(IDLE_SECONDS / 4, self._check_idle)

        async def _cuttable(self, scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), CUT: self.transport.close}
            try:
                await self._whole_app(scope, receive, send)
            except asyncio.CancelledError:
                # Only the end of the server cancels a request, and uvicorn would log that as an error.
                self.cycle.disconnected = True
                self.transport.abort()
            finally:
                self._waiting_since = self.loop.time()

    return Protocol


def _server(app: App, grace: float, stopping: Callable[[], None] = lambda: None) -> Any:
    """Return a uvicorn server that can be stopped at once, even from another thread."""
    import uvicorn

    class Server(uvicorn.Server):
        loop: asyncio.AbstractEventLoop | None = None
        woken: asyncio.Event

        def stop(self) -> None:
            self.should_exit = True
            # Without a loop the server has not started yet or has ended; either way it checks `should_exit`.
            with contextlib.suppress(RuntimeError):
                if self.loop:
                    self.loop.call_soon_threadsafe(self.woken.set)

        # uvicorn's own loop sleeps for 0.1 s per tick, so that each sandbox in a test suite would end 0.1 s late. This
        # one waits for an event that stop() sets from another thread.
        async def main_loop(self) -> None:
            self.loop, self.woken, tick = asyncio.get_running_loop(), asyncio.Event(), 0
            while not await self.on_tick(tick):
                tick += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.woken.wait(), TICK_SECONDS)

        # uvicorn's own shutdown polls every 0.1 s, and waits for open connections without a limit.
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for server in self.servers:
                server.close()
            for listener in sockets or []:
                listener.close()
            stopping()
            for connection in list(self.server_state.connections):
                connection.shutdown()
            latest = time.monotonic() + grace
            while self.server_state.connections and not self.force_exit and time.monotonic() < latest:
                await asyncio.sleep(0.002)
            await self.lifespan.shutdown()

    return Server(
        uvicorn.Config(
            app,
            http=_protocol(),
            ws="none",
            lifespan="auto",
            loop="asyncio",
            log_config=None,
            access_log=False,
        )
    )
