"""`connector serve` over real HTTP: actions, records, choices, callers, connections and errors."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

import connector
from connector import errors
from connector.component.policy import Policy
from connector.engines import readiness
from connector.engines.http_app import HttpApp
from connector.engines.http_messages import error_response
from connector.engines.service import Caller, ServedConnection, Service
from connector.sandbox_kit import asgi_server
from tests.engines.conftest import READER, TENANT, Server, eventually, service_of
from tests.support.server import LoopbackServer, ServerResponse

SOURCE = {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"}


def test_action_returns_the_payload(served: Server) -> None:
    response = served.run("createSource", SOURCE)

    assert response.status_code == 200
    assert response.json()["data"]["data"]["source"]["slug"] == "checkout"
    assert "checkout" in [source["slug"] for source in served.workspace.sources]


def test_records_come_as_json_lines_over_all_pages(served: Server) -> None:
    response = served.call("POST", "/v1/records/listSources", {"count": 2})

    records = [json.loads(line) for line in response.text.splitlines()]
    assert response.headers["Content-Type"] == "application/jsonl"
    assert [record["id"] for record in records] == [source["id"] for source in served.workspace.sources]


def test_error_after_the_first_page_is_the_last_line(served: Server) -> None:
    served.workspace.add_fault("rate-limit:1/min")

    lines = served.call("POST", "/v1/records/listSources", {"count": 2}, X_Max_Wait="0").text.splitlines()

    assert len(lines) == 3
    assert json.loads(lines[-1])["error"]["type"] == "RateLimitError"


def test_choices_are_searched_and_limited(served: Server) -> None:
    response = served.call("GET", "/v1/choices/sources?search=web&limit=1")

    assert [choice["label"] for choice in response.json()["result"]] == ["web"]
    assert served.call("GET", "/v1/choices/sources?limit=x").status_code == 400


def test_connection_is_tested(served: Server) -> None:
    assert served.call("GET", "/v1/connection").json()["data"]["data"]["workspace"]["slug"] == "sandbox"


def test_list_of_actions_holds_what_the_caller_may_run(served: Server) -> None:
    admin = {action["key"] for action in served.call("GET", "/v1/actions").json()["actions"]}
    reader = {action["key"] for action in served.call("GET", "/v1/actions", key=READER).json()["actions"]}
    tenant = {
        action["key"]
        for action in served.call("GET", "/v1/actions", key=TENANT, X_Connection="other").json()["actions"]
    }

    assert len(admin) == len(served.app.service.component.actions)
    assert "createSource" in admin - reader
    assert {"deleteSource", "rawRequest"} <= admin - tenant


def test_action_is_described_with_its_schemas(served: Server) -> None:
    described = served.call("GET", "/v1/actions/createSource").json()

    assert described["label"] == "Create Source"
    assert described["effect"] == "write"
    assert "slug" in described["input"]["properties"]
    assert served.call("GET", "/v1/actions/createSource", key=READER).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Api-Key": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}],
    ids=["no key", "wrong key", "wrong bearer", "basic"],
)
def test_request_without_a_valid_key_is_rejected(served: Server, headers: dict[str, str]) -> None:
    response = requests.get(f"{served.url}/v1/actions", headers=headers, timeout=10)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "X-Api-Key" in response.json()["error"]["hint"]


def test_bearer_token_is_a_key(served: Server) -> None:
    response = requests.get(f"{served.url}/v1/actions", headers={"Authorization": f"Bearer {READER}"}, timeout=10)

    assert response.status_code == 200


def test_unknown_and_foreign_connection_get_the_same_error(served: Server) -> None:
    foreign = served.run("listSources", {}, key=READER, X_Connection="other")
    unknown = served.run("listSources", {}, key=READER, X_Connection="nope")

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text.replace("other", "nope") == unknown.text


def test_only_connection_needs_no_header(served: Server) -> None:
    headers = {"X-Api-Key": READER}
    response = requests.post(f"{served.url}/v1/actions/listSources", json={}, headers=headers, timeout=10)

    assert response.status_code == 200


def test_several_connections_need_a_header(served: Server) -> None:
    response = requests.post(
        f"{served.url}/v1/actions/listSources", json={}, headers={"X-Api-Key": "key-of-admin"}, timeout=10
    )

    assert response.status_code == 400
    assert "main, other" in response.json()["error"]["hint"]


def test_read_only_caller_changes_nothing(served: Server) -> None:
    response = served.run("createSource", SOURCE, key=READER)

    assert (response.status_code, response.json()["error"]["type"]) == (403, "PolicyError")
    assert "checkout" not in [source["slug"] for source in served.workspace.sources]


@pytest.mark.parametrize("policy", [Policy(["listUsers"]), Policy(toolset="tracking-plans")])
def test_hint_about_a_forbidden_action_is_for_a_caller_who_does_not_own_the_policy(
    served: Server, policy: Policy
) -> None:
    served.app.service.replace_callers([Caller("reader", READER, ("main",), policy)])

    error = served.run("listSources", {}, key=READER).json()["error"]

    assert (error["type"], error["hint"]) == ("PolicyError", "Ask the operator of this server to permit it.")


def test_policy_of_the_connection_holds_for_every_caller(served: Server) -> None:
    source_id = served.workspace.sources[0]["id"]

    response = served.run("deleteSource", {"sourceId": source_id}, X_Connection="other")

    assert response.status_code == 403
    assert source_id in [source["id"] for source in served.workspace.sources]


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"{", "not JSON"), (b"[]", "must be a JSON object"), (b'"x"', "must be a JSON object")],
)
def test_body_that_is_not_an_object_is_rejected(served: Server, body: bytes, message: str) -> None:
    response = requests.post(
        f"{served.url}/v1/actions/listSources", data=body, headers={"X-Api-Key": READER}, timeout=10
    )

    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


def test_body_over_the_limit_is_rejected(served: Server) -> None:
    response = requests.post(
        f"{served.url}/v1/actions/listSources", data=b" " * 4_000_001, headers={"X-Api-Key": READER}, timeout=10
    )

    assert response.status_code == 413


def test_invalid_inputs_are_all_listed(served: Server) -> None:
    response = served.run("createSource", {"count": 1})

    assert response.status_code == 422
    assert [problem["location"] for problem in response.json()["error"]["problems"]] == [
        "slug",
        "enabled",
        "metadataId",
        "count",
    ]


def test_rate_limit_names_the_wait(served: Server) -> None:
    served.workspace.add_fault("rate-limit:0/min")

    response = served.run("listSources", {}, X_Max_Wait="0")

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1


def test_unknown_outcome_and_conflict_differ_in_type(served: Server) -> None:
    served.workspace.set_assumption("slug-taken", "409")
    taken = served.workspace.sources[0]["slug"]
    conflict = served.run("createSource", {**SOURCE, "slug": taken})
    served.workspace.add_fault("drop:1:after")
    unknown = served.run("createSource", SOURCE)

    assert [each.status_code for each in (conflict, unknown)] == [409, 409]
    assert [each.json()["error"]["type"] for each in (conflict, unknown)] == ["ConflictError", "OutcomeUnknownError"]


STATUSES = {
    errors.InputError: 422,
    errors.PolicyError: 403,
    errors.UnknownKeyError: 404,
    errors.UsageError: 400,
    errors.ConnectionInputError: 424,
    errors.AuthenticationError: 424,
    errors.ForbiddenError: 424,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.OutcomeUnknownError: 409,
    errors.RateLimitError: 429,
    errors.DeadlineError: 504,
    errors.UnreachableError: 503,
    errors.ServerError: 503,
    errors.RejectedError: 424,
}


@pytest.mark.parametrize(("kind", "status"), STATUSES.items(), ids=lambda each: getattr(each, "__name__", str(each)))
def test_each_error_has_its_status(kind: type[errors.ConnectorError], status: int) -> None:
    assert error_response(kind("x"), is_read=False).status_code == status


def test_defect_in_a_write_has_no_status_that_engines_repeat(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "connector.engines"):
        write, read = (error_response(KeyError("secret"), is_read=is_read) for is_read in (False, True))

    assert (write.status_code, read.status_code) == (424, 500)
    assert b"secret" not in bytes(write.body)
    assert "secret" not in caplog.text
    assert "KeyError" in caplog.text


def test_server_error_of_a_create_is_not_a_5xx(served: Server) -> None:
    served.workspace.add_fault("error:500:1")

    response = served.run("createSource", SOURCE, X_Max_Wait="0")

    assert response.status_code < 500
    assert response.status_code != 429


def test_access_log_names_caller_connection_action_and_nothing_secret(
    served: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "connector.access"):
        served.run("createSource", {**SOURCE, "slug": "private-slug"})

    (line,) = [record.getMessage() for record in caplog.records if record.name == "connector.access"]
    assert "POST /v1/actions/{key} caller=admin connection=main action=createSource status=200 ms=" in line
    assert "private-slug" not in line
    assert "key-of-admin" not in line


def test_liveness_and_readiness_need_no_key(served: Server) -> None:
    assert requests.get(f"{served.url}/liveness", timeout=10).json() == {"ok": True}
    assert requests.get(f"{served.url}/readiness", timeout=10).status_code == 200
    served.app.is_draining = True
    response = requests.get(f"{served.url}/readiness", timeout=10)
    assert (response.status_code, response.json()) == (503, {"ok": False, "reason": "the server stops"})


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/nothing", (404, "UnknownKeyError", 'unknown path "/v1/nothing"')),
        ("GET", "/", (404, "UnknownKeyError", 'unknown path "/"')),
        ("DELETE", "/v1/connection", (405, "UsageError", 'path "/v1/connection" has no method DELETE')),
        ("POST", "/openapi.json", (405, "UsageError", 'path "/openapi.json" has no method POST')),
    ],
)
def test_path_or_method_that_the_server_does_not_have_is_an_error_in_json(
    served: Server, method: str, path: str, expected: tuple[int, str, str]
) -> None:
    response = requests.request(method, f"{served.url}{path}", timeout=30)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["message"]) == expected
    assert error["hint"] == "GET /openapi.json describes the paths of this server."
    assert ("GET" in response.headers.get("Allow", "")) == (response.status_code == 405)


def test_response_to_an_unknown_method_lists_all_methods_of_the_path(served: Server) -> None:
    response = requests.delete(f"{served.url}/v1/actions/listSources", timeout=30)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_readiness_does_not_wait_for_a_database_that_does_not_respond(
    served: Server, segment: connector.Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, responding = [], threading.Event()

    def check() -> None:
        looks.append(1)
        responding.wait(60)

    monkeypatch.setattr(readiness, "AWAY_SECONDS", 0.05)
    app = HttpApp(service_of(segment, served.workspace), check_database=check)
    with asgi_server.serve(app.asgi()) as url:
        for _ in range(2):
            assert requests.get(f"{url}/readiness", timeout=30).status_code == 503
        eventually(lambda: looks)
        assert len(looks) == 1
        responding.set()
        eventually(lambda: requests.get(f"{url}/readiness", timeout=30).json() == {"ok": True})


def test_readiness_shows_nothing_of_an_error(
    served: Server, segment: connector.Component, caplog: pytest.LogCaptureFixture
) -> None:
    def check() -> None:
        raise connector.ConnectorError('database on "db.example" is used without a verified certificate')

    app = HttpApp(service_of(segment, served.workspace), check_database=check)
    with asgi_server.serve(app.asgi()) as url:
        response = requests.get(f"{url}/readiness", timeout=30)
    assert (response.status_code, "db.example" in response.text) == (503, False)
    assert "db.example" in caplog.text


def test_slow_connection_does_not_take_the_threads_of_another(segment: connector.Component, served: Server) -> None:
    release = threading.Event()

    def hold(_request: object) -> ServerResponse:
        release.wait(20)
        return ServerResponse({"data": {"sources": [], "pagination": {"current": "MA=="}}})

    with LoopbackServer().running() as slow:
        slow.script = hold
        connections = {
            "slow": ServedConnection({"fields": {"apiKey": "t", "baseUrl": slow.url}}),
            "quick": ServedConnection(served.workspace.connection),
        }
        service = Service(segment, connections, [Caller("c", "k", ("slow", "quick"))])
        with asgi_server.serve(HttpApp(service, threads=8).asgi()) as url:

            def call(name: str) -> requests.Response:
                headers = {"X-Api-Key": "k", "X-Connection": name}
                return requests.post(f"{url}/v1/actions/listSources", json={}, headers=headers, timeout=30)

            held = [threading.Thread(target=call, args=("slow",)) for _ in range(12)]
            for thread in held:
                thread.start()
            while len(slow.requests) < 2:
                time.sleep(0.01)
            try:
                assert call("quick").status_code == 200
                assert len(slow.requests) == 2, "a connection gets a quarter of the threads"
            finally:
                release.set()
                for thread in held:
                    thread.join()


def test_toolset_decides_which_operations_are_offered(segment: connector.Component) -> None:
    connections = {"main": ServedConnection({"fields": {"apiKey": "t"}})}
    policies = {"few": Policy(toolset="documented"), "tags": Policy(toolset=["tracking-plans"]), "many": Policy()}
    service = Service(segment, connections, [Caller(name, name, ("main",), each) for name, each in policies.items()])

    counts = {
        name: len(service.actions(service.runner(caller).policy))
        for name, caller in zip(policies, service.callers, strict=True)
    }

    assert counts["few"] == len(segment.actions)
    assert counts["many"] > 190
    assert 0 < counts["tags"] < 30
    service.close()


@contextmanager
def leaving(service: Service, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[str, Any], None]]:
    """Serve, and yield a function that sends a call and disconnects once the API has its request."""
    with caplog.at_level(logging.INFO, "connector.access"), asgi_server.serve(HttpApp(service).asgi()) as url:

        def leave(action: str, inputs: Any) -> None:
            headers = {"X-Api-Key": "k"}
            with pytest.raises(requests.ReadTimeout):
                requests.post(f"{url}/v1/actions/{action}", json=inputs, headers=headers, timeout=(5, 0.3))

        yield leave


def api_service(segment: connector.Component, server: LoopbackServer) -> Service:
    """Return a service with one caller whose API is a loopback server."""
    connection = ServedConnection({"fields": {"apiKey": "t", "baseUrl": server.url}})
    return Service(segment, {"main": connection}, [Caller("c", "k", ("main",))])


def statuses(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the statuses in the access log."""
    return [record.getMessage().split("status=")[1][:3] for record in caplog.records if record.name.endswith("access")]


def test_disconnect_ends_a_call_that_waits(
    segment: connector.Component, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer(ServerResponse({"errors": []}, 429, {"Retry-After": "15"}))

    with leaving(api_service(segment, server), caplog) as leave:
        leave("createSource", SOURCE)
        eventually(lambda: statuses(caplog) == ["499"], seconds=10)

    assert len(server.requests) == 1


def test_disconnect_never_cuts_a_write(
    segment: connector.Component, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    def slow(_request: object) -> ServerResponse:
        time.sleep(0.6)
        return ServerResponse({"data": {"source": {"id": "a"}}}, 201)

    server.script = slow

    with leaving(api_service(segment, server), caplog) as leave:
        leave("createSource", SOURCE)
        eventually(lambda: statuses(caplog) == ["200"], seconds=10)

    assert len(server.requests) == 1


def test_hooks_see_the_name_of_the_tenant(segment: connector.Component) -> None:
    connections = {name: ServedConnection({"fields": {"apiKey": "t"}}) for name in ("acme", "globex")}
    service = Service(segment, connections, [Caller("c", "k", ("acme", "globex"))])

    contexts = [service.runner(service.callers[0], name).context() for name in connections]

    assert [context.tenant for context in contexts] == ["acme", "globex"]
    service.close()
