"""The runner: calls, pages, policy, threads."""

from __future__ import annotations

import dataclasses
import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import connector
from connector import errors
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse
from tests.support.wire import repeated_writes


def pages(count: int, size: int = 2, loop: bool = False) -> Any:
    """A script that returns `count` pages of sources; with `loop` the last one leads back to the first."""

    def script(request: ReceivedRequest) -> ServerResponse:
        page = int(dict(request.query).get("pagination[cursor]", "0"))
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
    assert len(server.requests) == 1
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

    assert [dict(request.query)["pagination[count]"] for request in server.requests] == ["200", "7"]


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

    assert len(server.requests) == 3


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
    server.script = lambda request: ServerResponse({"data": {"source": {"id": request.path.rsplit("/", 1)[1]}}})

    with ThreadPoolExecutor(16) as pool:
        payloads = list(pool.map(lambda n: runner.invoke("getSource", {"sourceId": str(n)}), range(200)))

    assert [payload["data"]["data"]["source"]["id"] for payload in payloads] == [str(n) for n in range(200)]


def test_runner_without_connection_is_an_error(segment: connector.Component, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", TOKEN)

    with pytest.raises(errors.ConnectionInputError, match=r'Pass connection=\{"key": "apiKey"') as caught:
        connector.Runner(segment)

    assert caught.value.exit_code == 3


def test_missing_token_names_the_argument_the_sandbox_and_where_tokens_are_created(
    segment: connector.Component,
) -> None:
    with pytest.raises(errors.ConnectionInputError, match="no API key") as caught:
        connector.Runner(segment, {"key": "apiKey", "fields": {}})

    assert caught.value.hint.startswith(
        'Pass connection={"key": "apiKey", "fields": {"apiKey": ...}}. To try it without an account, use '
        "connector.testing.sandbox()."
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
    assert server.requests == []

    for key, inputs in passing:
        runner.invoke(key, inputs)
    assert len(server.requests) == len(passing)


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
    assert server.requests == []


@pytest.mark.parametrize(
    "call",
    [
        lambda runner: runner.invoke(*READ),
        lambda runner: list(runner.records("listSources")),
        lambda runner: runner.choices("sources"),
        lambda runner: runner.test_connection(),
        lambda runner: runner.invoke("getSource", {}),
    ],
    ids=["invoke", "records", "choices", "test", "invalid inputs"],
)
def test_call_on_a_closed_runner_is_an_error(
    call: Any, segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    with connector.Runner(segment, {"fields": fields}) as runner:
        pass
    runner.close()

    with pytest.raises(errors.UsageError, match="the runner is closed"):
        call(runner)
    assert server.requests == []


def test_iteration_ends_when_its_runner_is_closed(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = pages(3)
    iterator = runner.pages("listSources")
    next(iterator)
    runner.close()

    with pytest.raises(errors.CallCancelledError, match="cancelled; the request was not sent"):
        next(iterator)
    assert len(server.requests) == 1


@pytest.mark.parametrize("limit", ["5", -1, float("nan"), True, [1]], ids=repr)
@pytest.mark.parametrize("name", ["max_wait", "deadline", "max_response_bytes"])
def test_limit_that_is_not_a_number_is_an_error(
    name: str, limit: Any, segment: connector.Component, fields: dict[str, Any], runner: connector.Runner
) -> None:
    message = re.escape(f"{name} must be a number of 0 or more, got {limit!r}")
    if name != "deadline":
        with pytest.raises(errors.UsageError, match=message):
            connector.Runner(segment, {"fields": fields}, **{name: limit})
    if name != "max_response_bytes":
        with pytest.raises(errors.UsageError, match=message):
            runner.invoke(*READ, **{name: limit})


def test_deadline_of_an_iteration_covers_all_pages(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    script = pages(1000)
    server.script = lambda request: dataclasses.replace(script(request), hang=0.05)
    runner = connector.Runner(segment, {"fields": fields})

    with pytest.raises(errors.TemporaryError):
        list(runner.pages("listSources", deadline=0.4))

    assert len(server.requests) < 20


def test_list_that_is_null_is_empty(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {"sources": None, "pagination": {"current": "MA=="}}})

    assert list(runner.records("listSources")) == []
    assert runner.invoke("listSources", {"fetchAll": True})["data"]["data"]["sources"] is None


@pytest.mark.parametrize(
    ("policy", "call"),
    [
        ({"block": ["listSources"]}, lambda runner: runner.choices("sources")),
        ({"block": ["sources"]}, lambda runner: runner.choices("sources")),
        ({"allow": ["getSource"]}, lambda runner: runner.choices("sources")),
        ({"block": ["listSources"]}, lambda runner: list(runner.records("listSources"))),
        ({"block": ["listSources"]}, lambda runner: list(runner.pages("listSources"))),
        ({"block": ["testConnection"]}, lambda runner: runner.test_connection()),
        ({"allow": ["getSource"]}, lambda runner: runner.test_connection()),
    ],
)
def test_policy_holds_for_data_sources_records_and_the_test_of_the_connection(
    policy: dict[str, Any],
    call: Any,
    segment: connector.Component,
    fields: dict[str, Any],
    server: LoopbackServer,
) -> None:
    server.answer({"data": {"sources": [], "pagination": {}, "workspace": {"slug": "w"}}})

    with pytest.raises(errors.PolicyError):
        call(limited(segment, fields, **policy))
    assert server.requests == []
    call(limited(segment, fields))
    assert server.requests


def test_data_source_runs_if_its_actions_are_allowed(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer({"data": {"sources": [], "pagination": {}}})

    assert limited(segment, fields, allow=["listSources"]).choices("sources") == {"result": []}


def test_block_holds_when_its_list_changes_or_is_a_generator(
    segment: connector.Component, fields: dict[str, Any]
) -> None:
    keys = ["getSource"]
    by_list = limited(segment, fields, block=keys)
    by_generator = limited(segment, fields, block=(key for key in ["getSource"]))
    keys.clear()

    for runner in (by_list, by_generator, by_generator):
        with pytest.raises(errors.PolicyError, match="getSource: is blocked"):
            runner.invoke(*READ)


def test_string_of_keys_is_rejected(segment: connector.Component, fields: dict[str, Any]) -> None:
    with pytest.raises(errors.UsageError, match='block must be a list of keys, got "getSource"'):
        limited(segment, fields, block="getSource")


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"])
def test_read_only_runner_rejects_method_override_headers(
    header: str, segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer({"data": 1})
    inputs = {"url": "/sources/a", "method": "GET", "headers": {header: "DELETE"}}

    with pytest.raises(errors.PolicyError, match=header):
        limited(segment, fields, read_only=True).invoke("rawRequest", inputs)
    assert server.requests == []
    limited(segment, fields).invoke("rawRequest", inputs)
    assert server.requests[0].headers[header] == "DELETE"


def test_list_with_too_many_empty_pages_in_a_row_is_an_error(runner: connector.Runner, server: LoopbackServer) -> None:
    def script(request: ReceivedRequest) -> ServerResponse:
        number = len(server.requests)
        records = [{"id": "a"}] if number == 50 else []
        return ServerResponse({"data": {"sources": records, "pagination": {"next": str(number)}}})

    server.script = script

    with pytest.raises(errors.PaginationError, match="100 empty pages in a row"):
        list(runner.records("listSources"))
    assert len(server.requests) == 150


def test_null_first_page_does_not_lose_the_next_ones(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(
        {"data": {"sources": None, "pagination": {"next": "n"}}}, {"data": {"sources": [{"id": "a"}], "pagination": {}}}
    )

    assert runner.invoke("listSources", {"fetchAll": True})["data"]["data"]["sources"] == [{"id": "a"}]


def test_empty_string_is_sent_when_it_is_named(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": 1})
    runner.invoke("updateSource", {"sourceId": "s", "name": connector.EMPTY, "slug": ""})

    assert server.requests[0].json == {"name": ""}


def test_update_without_any_field_is_not_sent(runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.NoChangesError, match="nothing to update") as caught:
        runner.invoke("updateSource", {"sourceId": "s", "name": ""})

    assert server.requests == []
    assert caught.value.hint == "Set at least one of: slug, enabled, name, settings."


def test_fields_of_an_update_are_named_by_their_keys(runner: connector.Runner) -> None:
    with pytest.raises(errors.NoChangesError) as caught:
        runner.invoke("updateFunction", {"functionId": "f"})

    assert caught.value.hint == "Set at least one of: code, settings, displayName, logoUrl, description."


@pytest.mark.parametrize("value", ["s\n", "\ts ", "\u00a0s"])
def test_whitespace_around_an_id_is_not_sent(value: str, runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": 1})
    runner.invoke("getSource", {"sourceId": value})
    runner.invoke("deleteUser", {"userIds": [value]})

    assert server.requests[0].target == "/sources/s"
    assert server.requests[1].query == [("userIds.0", "s")]


def test_blank_id_is_rejected(runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.InputError, match=r"sourceId.*must"):
        runner.invoke("getSource", {"sourceId": " \n"})

    assert server.requests == []


def test_code_keeps_its_whitespace(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": 1})
    runner.invoke("updateFunction", {"functionId": "f", "code": "  x\n"})

    assert server.requests[0].json == {"code": "  x\n"}


REPEATED_BY_FLOWS = {
    "addConnectionFromSourceToWarehouse",
    "deleteDestination",
    "deleteDestinationSubscription",
    "deleteFunction",
    "deleteSource",
    "deleteTransformation",
    "deleteUser",
    "deleteWarehouse",
    "removeSourceConnectionFromWarehouse",
    "updateDestination",
    "updateDestinationSubscription",
    "updateFunction",
    "updateSource",
    "updateTransformation",
    "updateWarehouse",
}
"""One write too many here makes flows and engines repeat it."""


def test_only_listed_writes_are_idempotent(segment: connector.Component) -> None:
    actions = segment.actions.values()

    expected = REPEATED_BY_FLOWS | repeated_writes()
    assert {action.key for action in actions if action.idempotent and action.effect != "read"} == expected
    assert [action.key for action in actions if action.effect == "read" and not action.idempotent] == []


@pytest.mark.parametrize("way", ["records", "pages", "fetchAll"])
def test_every_page_reports_the_records_so_far(
    segment: connector.Component, server: LoopbackServer, fields: dict[str, Any], way: str
) -> None:
    server.script, counts = pages(3), list[int]()
    with connector.Runner(segment, {"fields": fields}, on_page=counts.append) as runner:
        if way == "fetchAll":
            runner.invoke("listSources", {"fetchAll": True})
        else:
            list(getattr(runner, way)("listSources"))

    assert counts == [2, 4, 6]


def test_plugin_sees_the_tenant_of_a_call(server: LoopbackServer, fields: dict[str, Any]) -> None:
    tenants: list[str] = []

    class Watch:
        @connector.hookimpl(wrapper=True)
        def send_request(self, context: connector.Context) -> Any:
            tenants.append(context.tenant)
            return (yield)

    server.answer(ServerResponse({"data": {"source": {"id": "a"}}}))
    component = connector.load_component()
    component.add_plugin(Watch(), "watch")
    with connector.Runner(component, {"fields": fields}, tenant="acme") as runner:
        runner.invoke("getSource", {"sourceId": "a"})

    assert tenants == ["acme"]


def test_records_of_a_payload_are_public(segment: connector.Component) -> None:
    action = segment.action("listSources")

    assert connector.records_of(action, {"data": {"data": {"sources": [1, 2]}}}) == [1, 2]
