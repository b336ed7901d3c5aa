"""`connector.AsyncRunner`: the calls of a runner for programs that use asyncio."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import connector
from tests.support.server import LoopbackServer, ServerResponse

SOURCE = {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"}


def page(*ids: str, following: str | None = None) -> ServerResponse:
    """Return one page of sources."""
    cursors = {"current": "a", **({"next": following} if following else {})}
    return ServerResponse({"data": {"sources": [{"id": each} for each in ids], "pagination": cursors}})


def test_calls_return_what_the_runner_returns(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse({"data": {"source": {"id": "a"}}}))

    async def run() -> Any:
        async with connector.AsyncRunner(runner) as calls:
            return await calls.invoke("getSource", {"sourceId": "a"})

    assert asyncio.run(run()) == {"data": {"data": {"source": {"id": "a"}}}}


def test_records_come_over_all_pages(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(page("a", "b", following="n"), page("c"))

    async def run() -> list[str]:
        async with connector.AsyncRunner(runner) as calls:
            return [record["id"] async for record in calls.records("listSources")]

    assert asyncio.run(run()) == ["a", "b", "c"]


def test_choices_are_awaited(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(page("a", "b"))

    async def run() -> Any:
        async with connector.AsyncRunner(runner) as calls:
            return await calls.choices("sources", limit=1)

    assert asyncio.run(run()) == {"result": [{"label": "a", "key": "a"}]}


def test_error_is_raised_in_the_task(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse({"errors": []}, 404))

    async def run() -> None:
        async with connector.AsyncRunner(runner) as calls:
            await calls.invoke("getSource", {"sourceId": "a"})

    with pytest.raises(connector.errors.NotFoundError):
        asyncio.run(run())


def test_as_many_calls_run_at_once_as_there_are_threads(runner: connector.Runner, server: LoopbackServer) -> None:
    barrier = threading.Barrier(8, timeout=20)

    def meet(_request: object) -> ServerResponse:
        barrier.wait()
        return ServerResponse({"data": {"source": {"id": "a"}}})

    server.script = meet

    async def run() -> None:
        async with connector.AsyncRunner(runner, threads=8) as calls:
            await asyncio.gather(*(calls.invoke("getSource", {"sourceId": "a"}) for _ in range(8)))

    asyncio.run(run())

    assert len(server.requests) == 8


def test_cancelled_write_on_its_way_is_finished(runner: connector.Runner, server: LoopbackServer) -> None:
    received, release = threading.Event(), threading.Event()
    finished: list[str] = []

    def hold(_request: object) -> ServerResponse:
        received.set()
        release.wait(20)
        finished.append("answered")
        return ServerResponse({"data": {"source": {"id": "a"}}})

    server.script = hold

    async def run() -> None:
        async with connector.AsyncRunner(runner) as calls:
            task = asyncio.create_task(calls.invoke("createSource", SOURCE))
            await asyncio.to_thread(received.wait, 20)
            task.cancel()
            started = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not finished, "the task ended before the response"
            assert time.monotonic() >= started
            release.set()

    asyncio.run(run())

    assert finished == ["answered"]
    assert len(server.requests) == 1


def test_each_yields_a_result_per_row(
    runner: connector.Runner, server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))
    server.script = lambda request: ServerResponse({"data": {"path": request.path}})

    async def run() -> list[str]:
        async with connector.AsyncRunner(runner) as calls:
            return [result.status async for result in calls.each("getSource", [{"sourceId": "a"}, {"sourceId": "b"}])]

    assert asyncio.run(run()) == ["done", "done"]


def test_cancelled_call_stops_waiting_and_sends_nothing_more(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse({"errors": []}, 429, {"Retry-After": "60"}))

    async def run() -> None:
        async with connector.AsyncRunner(runner) as calls:
            task = asyncio.create_task(calls.invoke("createSource", SOURCE, max_wait=90))
            while not server.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    began = time.monotonic()
    asyncio.run(run())  # its end waits for the threads

    assert time.monotonic() - began < 20
    assert len(server.requests) == 1
