"""A dry run shows the request of a call, sends nothing, and concerns no other call."""

from __future__ import annotations

import threading
from typing import Annotated, Any

import pytest

import connector
from connector import errors
from connector.rest import Request, Response
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer, ServerResponse

NEW = {"slug": "shop", "enabled": True, "metadataId": "m"}


def test_dry_run_returns_the_exact_write_and_sends_nothing(runner: connector.Runner, server: LoopbackServer) -> None:
    result = runner.dry_run("createSource", NEW)

    assert result.request is not None
    assert (result.request["method"], result.request["url"]) == ("POST", f"{server.url}/sources")
    assert result.request["body"] == NEW
    assert result.request["headers"]["Authorization"] == "***"
    assert (result.payload, server.requests) == (None, [])


def test_dry_run_has_the_headers_and_the_body_that_the_call_sends(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer({"data": {}})
    request = runner.dry_run("createSource", NEW).request
    runner.invoke("createSource", NEW)

    (sent,) = server.requests
    assert request is not None
    assert sent.json == request["body"]
    assert {name: sent.headers[name] for name in request["headers"]} == request["headers"] | {
        "Authorization": f"Bearer {TOKEN}"
    }


def test_dry_run_of_a_destructive_action_sends_nothing(runner: connector.Runner, server: LoopbackServer) -> None:
    request = runner.dry_run("deleteSource", {"sourceId": "a"}).request

    assert request is not None
    assert (request["method"], request["url"], server.requests) == ("DELETE", f"{server.url}/sources/a", [])


def test_dry_run_names_the_secret_inputs_that_it_masks(runner: connector.Runner) -> None:
    result = runner.dry_run("createSource", {**NEW, "settings": {"password": "hunter2"}})

    assert result.request is not None
    assert result.masked == ("settings",)
    assert result.request["body"]["settings"] == {"password": "***"}


class Renaming(connector.Inputs):
    source_id: Annotated[str, connector.Input(label="Source ID", comments="ID of the source.")]


@connector.action("renameSource", effect="write", display=connector.Display(label="Rename", description="Renames."))
def rename_source(context: connector.Context, inputs: Renaming) -> connector.Payload:
    old = context.api.get("sources", inputs.source_id)["data"]["source"]["slug"]
    return context.api.patch("sources", inputs.source_id, json={"slug": f"{old}-2"})


class Brings:
    @connector.hookimpl
    def register_actions(self, component_key: str, register: Any) -> None:
        register(rename_source)


def test_dry_run_sends_the_reads_of_an_action_that_writes_afterwards(
    fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse({"source": {"slug": "old"}}))
    component = connector.load_component()
    component.add_plugin(Brings())
    with connector.Runner(component, {"fields": fields}) as runner:
        last = runner.dry_run("renameSource", {"sourceId": "a"}).request
        first = runner.dry_run("renameSource", {"sourceId": "a"}, send_reads=False).request

    assert last is not None
    assert first is not None
    assert (last["method"], last["body"]) == ("PATCH", {"slug": "old-2"})
    assert (first["method"], [request.method for request in server.requests]) == ("GET", ["GET"])


def test_dry_run_of_a_read_returns_its_payload_or_its_request(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {"source": {"id": "a"}}})

    read = runner.dry_run("getSource", {"sourceId": "a"})
    rehearsal = runner.dry_run("getSource", {"sourceId": "a"}, send_reads=False)

    assert (read.request, read.payload) == (None, {"data": {"data": {"source": {"id": "a"}}}})
    assert rehearsal.request is not None
    assert (rehearsal.request["method"], len(server.requests)) == ("GET", 1)


def test_dry_run_concerns_no_call_of_another_thread(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    inside, sent = threading.Event(), threading.Event()

    class Pausing:
        @connector.hookimpl(wrapper=True)
        def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
            if action.key == "deleteSource":
                inside.set()
                assert sent.wait(30)
            return (yield)

    runner.component.add_plugin(plugin := Pausing())
    try:
        results: list[Any] = []
        thread = threading.Thread(
            target=lambda: results.append(runner.dry_run("deleteSource", {"sourceId": "a"}).request)
        )
        thread.start()
        assert inside.wait(30)
        runner.invoke("createSource", NEW)
        sent.set()
        thread.join(30)
    finally:
        runner.component.plugins.unregister(plugin)

    assert [request.method for request in server.requests] == ["POST"]
    assert results[0]["method"] == "DELETE"


def test_dry_run_ends_with_its_call(runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.InputError):
        runner.dry_run("createSource", {})
    runner.dry_run("createSource", NEW)
    server.answer({"data": {}})

    runner.invoke("createSource", NEW)

    assert len(server.requests) == 1


def test_dry_run_has_what_a_wrapper_changes_and_calls_no_plugin_that_sends(
    fields: dict[str, Any], server: LoopbackServer
) -> None:
    calls: list[str] = []

    class Signing:
        @connector.hookimpl(wrapper=True)
        def send_request(self, context: Any, request: Request) -> Any:
            request.headers["X-Signature"] = "signed"
            return (yield)

    class Sending:
        @connector.hookimpl(tryfirst=True)
        def send_request(self, context: Any, request: Request) -> Response:
            calls.append(request.method)
            return Response(200, "OK", {}, b"{}")

    component = connector.load_component()
    component.add_plugin(Signing())
    component.add_plugin(Sending())
    with connector.Runner(component, {"fields": fields}) as runner:
        request = runner.dry_run("createSource", NEW).request

    assert request is not None
    assert (request["headers"]["X-Signature"], calls, server.requests) == ("signed", [], [])


def test_dry_run_does_not_wait_for_a_rate_limit(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse({}, status=429, headers={"Retry-After": "60"}))
    with pytest.raises(errors.RateLimitError):
        runner.invoke("createSource", NEW, max_wait=0)

    request = runner.dry_run("createSource", NEW, max_wait=0).request

    assert request is not None
    assert (request["method"], len(server.requests)) == ("POST", 1)


def test_dry_run_obeys_the_policy(segment: connector.Component, fields: dict[str, Any]) -> None:
    with (
        connector.Runner(segment, {"fields": fields}, read_only=True) as runner,
        pytest.raises(errors.PolicyError, match="read-only"),
    ):
        runner.dry_run("createSource", NEW)


async def _request_of(runner: connector.AsyncRunner) -> dict[str, Any] | None:
    return (await runner.dry_run("createSource", NEW)).request


def test_dry_run_works_with_asyncio(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    import asyncio

    with connector.Runner(segment, {"fields": fields}) as runner:
        request = asyncio.run(_request_of(connector.AsyncRunner(runner)))

    assert request is not None
    assert (request["method"], server.requests) == ("POST", [])
