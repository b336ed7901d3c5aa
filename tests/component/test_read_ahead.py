"""Reading the next page of a list while the caller works on the one before."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import connector
from connector.errors import InvalidResponseError, NotFoundError, PaginationError, UsageError
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse


def page(number: int, *, following: Any = None, records: Any = None) -> ServerResponse:
    pagination = {"current": str(number), "totalEntries": 3} | ({"next": following} if following else {})
    sources = [{"id": f"s{number}"}] if records is None else records
    return ServerResponse({"data": {"sources": sources, "pagination": pagination}})


def three_pages(request: ReceivedRequest) -> ServerResponse:
    number = int(dict(request.query).get("pagination[cursor]", "0"))
    return page(number, following=str(number + 1) if number < 2 else None)


def happens(condition: Callable[[], bool]) -> bool:
    """Return True as soon as a condition holds, and False if it does not within some seconds."""
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return condition()


def test_next_page_is_read_while_the_caller_works(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = three_pages

    walk = runner.pages("listSources", ahead=1)

    next(walk)
    assert happens(lambda: len(server.requests) == 2)
    assert [payload["data"]["data"]["sources"][0]["id"] for payload in walk] == ["s1", "s2"]
    assert len(server.requests) == 3


def test_page_is_read_only_on_demand_by_default(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = three_pages

    walk = runner.records("listSources")

    next(walk)
    assert not happens_soon(lambda: len(server.requests) > 1)


def happens_soon(condition: Callable[[], bool]) -> bool:
    time.sleep(0.05)
    return condition()


def test_nothing_more_is_read_after_a_break(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = three_pages

    for record in runner.records("listSources", ahead=1):
        assert record["id"] == "s0"
        break

    assert happens(lambda: len(server.requests) == 2)
    assert not happens_soon(lambda: len(server.requests) > 2)


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (ServerResponse({"errors": [{"type": "not-found", "message": "gone"}]}, status=404), NotFoundError),
        (page(1, following="1"), PaginationError),
        (page(1, following={"cursor": 1}), PaginationError),
        (page(1, following="2", records="none"), InvalidResponseError),
    ],
)
def test_error_comes_after_the_records_before_it(
    runner: connector.Runner, server: LoopbackServer, second: ServerResponse, error: type[Exception]
) -> None:
    server.answer(page(0, following="1"), second)
    walk = runner.pages("listSources", ahead=1)

    assert next(walk)["data"]["data"]["sources"] == [{"id": "s0"}]
    with pytest.raises(error):
        list(walk)


def test_variables_of_the_caller_are_seen_by_hooks(fields: dict[str, Any], server: LoopbackServer) -> None:
    server.script = three_pages
    tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")
    calls: list[tuple[str, bool]] = []

    class Watch:
        @connector.hookimpl(wrapper=True)
        def send_request(self) -> Any:
            calls.append((tenant.get(), threading.current_thread() is threading.main_thread()))
            return (yield)

    component = connector.load_component()
    component.add_plugin(Watch())
    tenant.set("acme")
    with connector.Runner(component, {"fields": fields}) as runner:
        assert len(list(runner.records("listSources", ahead=1))) == 3

    assert calls == [("acme", True), ("acme", False), ("acme", False)]


@pytest.mark.parametrize("ahead", [2, -1, None])
def test_no_more_than_one_page_can_be_read_ahead(runner: connector.Runner, ahead: Any) -> None:
    with pytest.raises(UsageError, match="ahead must be 0 or 1"):
        next(runner.pages("listSources", ahead=ahead))


def test_command_line_reads_ahead(monkeypatch: pytest.MonkeyPatch, server: LoopbackServer) -> None:
    server.script = three_pages
    threads: list[str] = []
    invoke = connector.Component.perform_validated

    def watched(self: connector.Component, *args: Any) -> Any:
        threads.append(threading.current_thread().name)
        return invoke(self, *args)

    monkeypatch.setattr(connector.Component, "perform_validated", watched)
    monkeypatch.setenv("SEGMENT_API_KEY", "token")
    monkeypatch.setenv("SEGMENT_BASE_URL", server.url)

    from connector.cli import main

    main(["run", "listSources", "--all"])

    assert threads == ["MainThread", "connector-ahead", "connector-ahead"]
