"""A runner for programs that use asyncio."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar

from connector.component.definitions import Payload
from connector.component.pagination import records_of
from connector.component.runner import Runner
from connector.rest.rate_limits import CANCELLED

if TYPE_CHECKING:
    from connector.component.bulk import RowResult
    from connector.component.dry_run import DryRun

T = TypeVar("T")

THREADS = 64


class AsyncRunner:
    """Runs the actions of a `Runner` in threads of its own, so that the event loop never blocks.

    Args:
        runner: The runner; closing this object closes it too.
        threads: Maximum number of calls that run at once. `asyncio.to_thread` has few threads, and a call that waits
            for a rate limit holds one.

    A cancelled call stops at once for its caller. If it waits for a rate limit or a retry, the wait ends and nothing
    more is sent. A request on its way is never cut, since a write that was sent would have an unknown outcome: its
    thread finishes the request, and the result is dropped.
    """

    def __init__(self, runner: Runner, *, threads: int = THREADS) -> None:
        self.runner = runner
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="connector")

    async def invoke(self, key: str, inputs: Mapping[str, Any] | None = None, **limits: float | None) -> Payload:
        """Run an action once; see `Runner.invoke`."""
        return await self._run(self.runner.invoke, key, inputs, **limits)

    async def dry_run(self, key: str, inputs: Mapping[str, Any] | None = None, **options: Any) -> DryRun:
        """Return the write that an action would send; see `Runner.dry_run`."""
        return await self._run(self.runner.dry_run, key, inputs, **options)

    async def pages(
        self, key: str, inputs: Mapping[str, Any] | None = None, *, ahead: int = 0, **limits: float | None
    ) -> AsyncIterator[Payload]:
        """Yield the payloads of a list action, page by page; see `Runner.pages`."""
        pages = self.runner.pages(key, inputs, ahead=ahead, **limits)
        while (page := await self._run(next, pages, None)) is not None:
            yield page

    async def records(
        self, key: str, inputs: Mapping[str, Any] | None = None, *, ahead: int = 0, **limits: float | None
    ) -> AsyncIterator[Any]:
        """Yield the records of a list action over all pages; see `Runner.records`."""
        action = self.runner.component.action(key)
        async for page in self.pages(key, inputs, ahead=ahead, **limits):
            for record in records_of(action, page):
                yield record

    async def each(self, key: str, rows: Iterable[Mapping[str, Any]], **settings: Any) -> AsyncIterator[RowResult]:
        """Yield the result of an action for each row; see `Runner.each`."""
        run = await self._run(self.runner.each, key, rows, **settings)
        try:
            while (result := await self._run(next, run, None)) is not None:
                yield result
        finally:
            await self._run(run.close)

    async def choices(self, key: str, inputs: Mapping[str, Any] | None = None, **options: Any) -> Payload:
        """Return the choices of a data source; see `Runner.choices`."""
        return await self._run(self.runner.choices, key, inputs, **options)

    async def test_connection(self, **limits: float | None) -> Payload:
        """Test the connection; see `Runner.test_connection`."""
        return await self._run(self.runner.test_connection, **limits)

    async def _run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        context, cancelled = contextvars.copy_context(), threading.Event()
        context.run(CANCELLED.set, cancelled)
        bound: Callable[[], T] = functools.partial(context.run, function, *args, **kwargs)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, bound)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def close(self) -> None:
        """Wait for the calls on their way, then close the runner."""
        await asyncio.to_thread(self._executor.shutdown)
        self.runner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()
