"""The runner: calls, pages, policy, threads."""

from __future__ import annotations

import dataclasses
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import connector
from connector import errors
from tests.conftest import TOKEN
from tests.support.server import Asked, LoopbackServer, ServerResponse


def pages(count: int, size: int = 2, loop: bool = False) -> Any:
    """A script that answers so many pages of sources; with `loop` the last one leads back to the first."""

    def script(asked: Asked) -> ServerResponse:
        page = int(dict(asked.query).get("pagination[cursor]", "0"))
        pagination = {"current": str(page), "totalEntries": count * size}
        if page + 1 < count or loop:
            pagination["next"] = str((page + 1) % count)
        sources = [{"id": f"s{page}-{i}", "slug": f"slug{page}-{i}"} for i in range(size)]
        return ServerResponse({"data": {"sources": sources, "pagination": pagination}})

    return script


def test_pages_are_payloads_one_at_a_time(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = pages(3)

    walk = runner.pages("listSources")

    assert next(walk)["data"]["data"]["pagination"]["next"] == "1"
    assert len(server.asked) == 1
    assert len(list(walk)) == 2


def test_items_are_the_records_of_all_pages(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = pages(3)

    assert [source["id"] for source in runner.records("listSources")] == [
        "s0-0",
        "s0-1",
        "s1-0",
        "s1-1",
        "s2-0",
        "s2-1",
    ]


def test_iteration_requests_200_per_page_by_default(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = pages(1)

    list(runner.pages("listSources"))
    list(runner.records("listSources", {"count": 7}))

    assert [dict(asked.query)["pagination[count]"] for asked in server.asked] == ["200", "7"]


def test_iteration_begins_at_the_passed_cursor(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = pages(3)

    assert [item["id"] for item in runner.records("listSources", {"cursor": "2"})] == ["s2-0", "s2-1"]


def test_fetch_all_returns_the_first_response_with_every_record_and_without_next(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    server.script = pages(3, size=1)

    assert runner.invoke("listSources", {"fetchAll": "true"}) == {
        "data": {
            "data": {
                "sources": [{"id": f"s{page}-0", "slug": f"slug{page}-0"} for page in range(3)],
                "pagination": {"current": "0", "totalEntries": 3},
            }
        }
    }


@pytest.mark.parametrize(
    "walk",
    [
        lambda runner: runner.invoke("listSources", {"fetchAll": True}),
        lambda runner: list(runner.records("listSources")),
        lambda runner: runner.choices("sources"),
    ],
    ids=["fetchAll", "items", "options"],
)
def test_cursor_that_comes_again_is_an_error_and_not_an_endless_loop(
    walk: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    server.script = pages(2, loop=True)

    with pytest.raises(errors.PaginationError, match="same cursor twice"):
        walk(runner)

    assert len(server.asked) == 3


@pytest.mark.parametrize("cursor", [{"a": 1}, ["x"], 1.5])
def test_cursor_that_is_none_is_an_error(cursor: Any, runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {"sources": [], "pagination": {"current": "0", "next": cursor}}})

    with pytest.raises(errors.PaginationError, match="invalid cursor"):
        list(runner.records("listSources"))


@pytest.mark.parametrize("body", [{}, [], "x", None, {"data": {"sources": {}}}])
@pytest.mark.parametrize(
    "ask",
    [
        lambda runner: list(runner.records("listSources")),
        lambda runner: runner.choices("sources"),
        lambda runner: runner.invoke("listSources", {"fetchAll": True}),
    ],
    ids=["items", "options", "fetchAll"],
)
def test_response_without_the_list_is_an_error(
    ask: Any, body: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(body)

    with pytest.raises(errors.InvalidResponseError, match=r"response has no list at \$\.data\.data\.sources"):
        ask(runner)


def test_action_that_does_not_list_has_no_pages(runner: connector.Runner) -> None:
    with pytest.raises(errors.UsageError, match="getSource: is not a list action"):
        list(runner.pages("getSource", {"sourceId": "s"}))


def test_iteration_over_many_pages_uses_constant_memory(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = pages(60, size=200)
    walk = runner.records("listSources")
    for _ in range(400):
        next(walk)
    tracemalloc.start()
    rest = sum(1 for _ in walk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rest == 60 * 200 - 400
    assert peak < 2_000_000


def test_invoke_is_safe_from_many_threads(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = lambda asked: ServerResponse({"data": {"source": {"id": asked.path.rsplit("/", 1)[1]}}})

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: runner.invoke("getSource", {"sourceId": str(n)}), range(200)))

    assert [payload["data"]["data"]["source"]["id"] for payload in found] == [str(n) for n in range(200)]


def test_runner_without_connection_is_an_error(segment: connector.Component, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", TOKEN)

    with pytest.raises(errors.ConnectionInputError, match=r'Pass connection=\{"key": "apiKey"') as caught:
        connector.Runner(segment)

    assert caught.value.exit_code == 3


def test_missing_token_names_the_variable_the_sandbox_and_where_tokens_are_created(
    segment: connector.Component,
) -> None:
    with pytest.raises(errors.ConnectionInputError, match="no API key") as caught:
        connector.Runner(segment, {"key": "apiKey", "fields": {}})

    assert caught.value.hint.startswith(
        "Set SEGMENT_API_KEY, or pass --connection FILE. To try it without an account, add --sandbox."
    )
    assert "Settings > Access Management > Tokens" in caught.value.hint


@pytest.mark.parametrize("connection", [{}, {"fields": "x"}, {"key": "apiKey"}, [1], "text"])
def test_connection_of_another_shape_is_rejected(connection: Any, segment: connector.Component) -> None:
    with pytest.raises(errors.ConnectionInputError, match='has no "fields"'):
        connector.Runner(segment, connection)


def test_unknown_connection_suggests_the_nearest(segment: connector.Component) -> None:
    with pytest.raises(errors.UnknownKeyError, match="Did you mean apiKey"):
        connector.Runner(segment, {"key": "apikey", "fields": {"apiKey": "x"}})


def limited(segment: connector.Component, fields: dict[str, Any], **policy: Any) -> connector.Runner:
    return connector.Runner(segment, {"fields": fields}, max_wait=0, **policy)


READ = ("getSource", {"sourceId": "s"})
WRITE = ("updateSource", {"sourceId": "s", "name": "n"})
RAW_READ = ("rawRequest", {"url": "/sources", "method": "GET"})
RAW_WRITE = ("rawRequest", {"url": "/sources", "method": "POST"})


@pytest.mark.parametrize(
    ("policy", "passing", "refused"),
    [
        ({"allow": ["getSource"]}, [READ], [WRITE, RAW_READ]),
        ({"allow": ["rawRequest"]}, [RAW_READ, RAW_WRITE], [READ]),
        ({"block": ["deleteSource"]}, [READ, WRITE], [RAW_READ, RAW_WRITE]),
        ({"block": ["deleteSource"], "allow": ["rawRequest"]}, [RAW_WRITE], [READ]),
        ({"read_only": True}, [READ, RAW_READ], [WRITE, RAW_WRITE]),
        ({}, [READ, WRITE, RAW_READ, RAW_WRITE], []),
    ],
    ids=["allow", "allow raw", "block blocks raw", "block but raw by name", "read-only", "everything"],
)
def test_policy_decides_before_any_request(
    policy: dict[str, Any],
    passing: list[Any],
    refused: list[Any],
    segment: connector.Component,
    fields: dict[str, Any],
    server: LoopbackServer,
) -> None:
    server.answer({"data": {}})
    runner = limited(segment, fields, **policy)
    for key, inputs in refused:
        with pytest.raises(errors.PolicyError, match=key):
            runner.invoke(key, inputs)
    assert server.asked == []

    for key, inputs in passing:
        runner.invoke(key, inputs)
    assert len(server.asked) == len(passing)


def test_policy_for_an_unknown_action_is_rejected(segment: connector.Component, fields: dict[str, Any]) -> None:
    with pytest.raises(errors.UnknownKeyError, match="Did you mean deleteSource"):
        limited(segment, fields, block=["deleteSorce"])


def test_read_only_stops_a_write_inside_an_action_that_claims_to_read(
    fields: dict[str, Any], server: LoopbackServer
) -> None:
    class Liar:
        @connector.hookimpl
        def register_actions(self, register: Any) -> None:
            @connector.action("lie", display=connector.Display(label="Lie"))
            def lie(context: connector.Context, inputs: connector.Inputs) -> connector.Payload:
                return context.api.post("sources", json={})

            register(lie)

    component = connector.load_component()
    component.add_plugin(Liar())

    with pytest.raises(errors.PolicyError, match="would send POST"):
        limited(component, fields, read_only=True).invoke("lie")
    assert server.asked == []


def test_closing_closes_the_pool_and_is_done_by_with(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer({"data": {}})
    with connector.Runner(segment, {"fields": fields}) as runner:
        runner.invoke(*READ)

    runner.close()


def test_deadline_of_an_iteration_covers_all_pages(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    script = pages(1000)
    server.script = lambda asked: dataclasses.replace(script(asked), hang=0.05)
    runner = connector.Runner(segment, {"fields": fields})

    with pytest.raises(errors.TemporaryError):
        list(runner.pages("listSources", deadline=0.4))

    assert len(server.asked) < 20


def test_list_that_is_null_is_empty(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {"sources": None, "pagination": {"current": "MA=="}}})

    assert list(runner.records("listSources")) == []
    assert runner.invoke("listSources", {"fetchAll": True})["data"]["data"]["sources"] is None
