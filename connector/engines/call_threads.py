"""The calls of the HTTP interface: who makes one, and the threads in which they run."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request

from connector import errors
from connector.component.runner import Runner
from connector.engines.service import Caller, Service
from connector.rest.rate_limits import CANCELLED

T = TypeVar("T")

THREADS = 64
SHARE = 4
"""One connection uses at most this fraction of the threads, so that a rate-limited tenant does not slow the others."""


@dataclass
class Call:
    """One request to the server, with what the access log says about it.

    Attributes:
        request: The request.
        caller: Who calls.
        connection: Name of the connection, once it is known.
        key: Key of the action or data source, or "-".
        is_read: Whether an error without a better status may be a 5xx, which engines repeat.
        outlives_client: Whether the call goes on when the client is gone, since its result is reported elsewhere.
    """

    request: Request
    caller: Caller
    connection: str = "-"
    key: str = "-"
    is_read: bool = True
    outlives_client: bool = False


class CallThreads:
    """Runs blocking calls in threads.

    Args:
        service: Its connections share the threads.
        threads: Maximum number of calls that run at once.
        max_wait: Maximum seconds that a call waits for a place of its connection.
    """

    def __init__(self, service: Service, threads: int, max_wait: float) -> None:
        self._service = service
        self._threads = threads
        self._max_wait = max_wait

    async def run(self, call: Call, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a blocking function in a thread.

        A call first waits for a place of its connection. This wait costs no thread and is bounded by `max_wait`.
        When the client disconnects, a call that waits ends. A request on its way is never cut.

        Raises:
            RateLimitError: If the connection has no free place in time.
            ClientDisconnect: If the client disconnected while the call waited.
        """
        cancelled = threading.Event()
        watch = None if call.outlives_client else asyncio.create_task(_watch(call.request, cancelled))
        try:
            return await self._work(call, cancelled, functools.partial(function, *args, **kwargs))
        except errors.CallCancelledError:
            if cancelled.is_set():
                raise ClientDisconnect from None
            raise
        finally:
            if watch:
                watch.cancel()

    async def _work(self, call: Call, cancelled: threading.Event, function: Callable[[], T]) -> T:
        places = self._places(call.connection)
        try:
            with anyio.fail_after(self._max_wait):
                await places.acquire()
        except TimeoutError:
            raise errors.RateLimitError("too many calls are waiting on this connection", retry_after=1) from None
        try:
            if cancelled.is_set():
                raise ClientDisconnect
            CANCELLED.set(cancelled)  # the thread gets a copy of this context
            return await anyio.to_thread.run_sync(function, limiter=self._limiter)
        finally:
            places.release()

    @functools.cached_property
    def _limiter(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(self._threads)  # made on first use: it belongs to the running event loop

    @functools.cached_property
    def _semaphores(self) -> dict[str, asyncio.Semaphore]:
        share = self._threads if len(self._service.connections) == 1 else max(1, self._threads // SHARE)
        return {name: asyncio.Semaphore(share) for name in self._service.connections}

    def _places(self, connection: str) -> asyncio.Semaphore:
        return self._semaphores[connection]


async def _watch(request: Request, cancelled: threading.Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    cancelled.set()


def is_read(runner: Runner, key: str, inputs: dict[str, Any]) -> bool:
    """Return whether a call changes nothing; False if the inputs are invalid, which sends nothing either way."""
    try:
        action = runner.component.action(key)
        return action.effect_of(action.inputs.from_values(inputs)) == "read"
    except errors.ConnectorError:
        return False
