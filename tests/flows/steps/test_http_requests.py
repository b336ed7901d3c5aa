"""Steps of Prismatic's HTTP component against a real server on loopback."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector import Component
from connector.errors import ConnectionInputError, InvalidFlowError, StepError, UsageError
from connector.flows import Run
from connector.flows.run.components import components_by_key
from tests.flows.support import flow_of, step, value
from tests.support.server import LoopbackServer, ServerResponse

SECRET = "secret-of-the-http-connection"
CONNECTION = {
    "key": "API",
    "dataType": "connection",
    "connection": {"key": "basic", "component": {"key": "http"}},
    "inputs": {"host": {"type": "value", "value": "evil.example"}},
}
USES_IT = {"connection": {"type": "configVar", "value": "API"}}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer().running() as running:
        running.answer({"ok": True})
        yield running


@pytest.fixture
def other() -> Iterator[LoopbackServer]:
    with LoopbackServer().running() as running:
        running.answer({"other": True})
        yield running


@pytest.fixture
def send(workshop: Component) -> Callable[..., Run]:
    """Runs one HTTP step."""

    def run_step(action: str, url: str, options: dict[str, Any] | None = None, **inputs: Any) -> Run:
        flow = flow_of(step("Send", f"http.{action}", {"url": url, **inputs}), config=[CONNECTION])
        return flow.run(workshop, **{"journal": False, "max_wait": 5, "keep_values": True, **(options or {})})

    return run_step


def pairs(**entries: str) -> dict[str, Any]:
    return {"type": "complex", "value": [{"name": name, **value(part)} for name, part in entries.items()]}


def connection(server: LoopbackServer, key: str = "basic", **fields: str) -> dict[str, Any]:
    fields = fields or {"username": "ada", "password": SECRET}
    host = server.url.partition("//")[2]
    return {"connections": {"API": {"key": key, "fields": {"host": host, **fields}}}}


def test_get_returns_the_body_of_the_response(server: LoopbackServer, send: Callable[..., Run]) -> None:
    run = send("httpGet", f"{server.url}/items/ä b?page=1", queryParams=pairs(q="x y"), headers=pairs(X_Test="1"))

    assert run.results == {"ok": True}
    assert (server.requests[0].method, server.requests[0].target) == ("GET", "/items/%C3%A4%20b?page=1&q=x+y")
    assert server.requests[0].headers["X_Test"] == "1"
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize("method", ["Post", "Put", "Patch"])
def test_body_is_sent_as_json_or_as_text(server: LoopbackServer, send: Callable[..., Run], method: str) -> None:
    send(f"http{method}", server.url, data='{"a": 1}')
    send(f"http{method}", server.url, data="hello")
    send(f"http{method}", server.url, data="a=b", headers=pairs(**{"content-type": "x/y"}))

    assert [request.method for request in server.requests] == [method.upper()] * 3
    assert [request.body for request in server.requests] == [b'{"a": 1}', b"hello", b"a=b"]
    types = [request.headers["Content-Type"] for request in server.requests]
    assert types == ["application/json", "text/plain; charset=utf-8", "x/y"]


def test_delete_is_sent(server: LoopbackServer, send: Callable[..., Run]) -> None:
    send("httpDelete", f"{server.url}/items/1")

    assert server.requests[0].method == "DELETE"


def test_full_response_has_status_and_headers(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse({"id": 1}, status=201, headers={"X-Total": "7"}))

    results = send("httpGet", server.url, includeFullResponse="true").results

    assert (results["data"], results["status"], results["headers"]["x-total"]) == ({"id": 1}, 201, "7")


def test_response_types(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.script = lambda request: {
        "/json": ServerResponse(b"not json"),
        "/text": ServerResponse(b'{"a": 1}'),
        "/png": ServerResponse(b"\x89PNG", headers={"Content-Type": "image/png"}),
    }[request.path]

    assert send("httpGet", f"{server.url}/json").results == "not json"
    assert send("httpGet", f"{server.url}/text", responseType="text").results == '{"a": 1}'
    binary = send("httpGet", f"{server.url}/png", responseType="binary").results
    assert binary == {"data": base64.b64encode(b"\x89PNG").decode(), "contentType": "image/png"}


def test_binary_response_with_text_is_text(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse("ä,b".encode(), headers={"Content-Type": "text/csv"}))
    assert send("httpGet", server.url, responseType="binary").results == {"data": "ä,b", "contentType": "text/csv"}

    server.answer(ServerResponse(b"\xff", headers={"Content-Type": "text/csv"}))
    results = send("httpGet", server.url, responseType="arraybuffer").results
    assert results == {"data": "/w==", "contentType": "application/octet-stream"}


def test_results_of_other_steps_are_sent_as_they_came(server: LoopbackServer, workshop: Component) -> None:
    code = "module.exports = async () => ({data: Buffer.from('hé')})"
    bodies = ("=trigger.results.body.data", "=trigger.results.body", "=code.results")
    sends = [step(f"Send {n}", "http.httpPost", {"url": server.url, "data": body}) for n, body in enumerate(bodies)]
    flow = flow_of(step("Code", "code.runCode", {"code": code}), *sends)

    flow.run(workshop, form={"a": "1 2"}, journal=False)
    flow.run(workshop, payload={"a": [1]}, journal=False)

    sent = [(request.body, request.headers["Content-Type"]) for request in server.requests]
    form = "application/x-www-form-urlencoded"
    binary = ("hé".encode(), "application/octet-stream")
    assert sent == [
        (b"a=1+2", "text/plain; charset=utf-8"),
        (b"a=1+2", form),
        binary,
        (b'{"a":[1]}', "application/json"),
        (b'{"a":[1]}', "application/json"),
        binary,
    ]


def test_form_has_fields_and_files(server: LoopbackServer, workshop: Component) -> None:
    server.script = lambda request: ServerResponse(
        b"\x89PNG" if request.method == "GET" else {"ok": True},
        headers={"Content-Type": "image/png" if request.method == "GET" else "application/json"},
    )
    flow = flow_of(
        step("Get", "http.httpGet", {"url": server.url, "responseType": "binary"}),
        step(
            "Send",
            "http.httpPostFormData",
            {
                "url": server.url,
                "httpMethod": "put",
                "formData": pairs(title="My picture"),
                "fileData": pairs(file="=get.results", note="hello"),
                "fileDataFileNames": pairs(file="a.png"),
            },
        ),
    )
    flow.run(workshop, journal=False)

    request = server.requests[-1]
    assert request.method == "PUT"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n' in request.body
    assert b'name="note"; filename="note"' in request.body
    assert b'name="title"\r\n\r\nMy picture\r\n' in request.body


def test_content_type_that_would_break_a_form_is_rejected(server: LoopbackServer, workshop: Component) -> None:
    server.answer(ServerResponse(b"\x89PNG", headers={"Content-Type": "image/p\xf1g"}))
    flow = flow_of(
        step("Get", "http.httpGet", {"url": server.url, "responseType": "binary"}),
        step("Send", "http.httpPostFormData", {"url": server.url, "fileData": pairs(file="=get.results")}),
    )

    with pytest.raises(StepError, match="invalid media type"):
        flow.run(workshop, journal=False)

    assert [request.method for request in server.requests] == ["GET"]


BASIC = base64.b64encode(f"ada:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("key", "fields", "expected"),
    [
        ("basic", {"username": "ada", "password": SECRET}, f"Basic {BASIC}"),
        ("apiKey", {"apiKey": SECRET}, f"Basic {SECRET}"),
        ("apiKey", {"apiKey": SECRET, "authType": "Bearer"}, f"Bearer {SECRET}"),
        ("bearer", {"token": SECRET}, f"Bearer {SECRET}"),
        ("oauth2", {"accessToken": SECRET}, f"Bearer {SECRET}"),
        ("clientCredentials", {"accessToken": SECRET}, f"Bearer {SECRET}"),
    ],
)
def test_connection_authorizes(
    server: LoopbackServer, send: Callable[..., Run], key: str, fields: dict[str, str], expected: str
) -> None:
    send("httpGet", server.url, connection(server, key, **fields), **USES_IT)

    assert server.requests[0].headers["Authorization"] == expected


def test_connection_of_an_unknown_kind_is_replaced_by_the_one_that_is_passed(
    server: LoopbackServer, workshop: Component
) -> None:
    digest = CONNECTION | {"connection": {"key": "digest", "component": {"key": "http"}}}
    flow = flow_of(step("Send", "http.httpGet", {"url": server.url, **USES_IT}), config=[digest])

    [problem] = flow.check(workshop)
    assert (problem.severity, problem.message) == ("warning", 'unknown http connection "digest"')
    with pytest.raises(UsageError, match='unknown connection "digest"'):
        flow.run(workshop, journal=False, connections={"API": {"fields": {"host": server.url, "token": SECRET}}})
    flow.run(workshop, journal=False, **connection(server, "bearer", token=SECRET))
    assert server.requests[0].headers["Authorization"] == f"Bearer {SECRET}"


def test_secret_of_a_connection_goes_to_no_other_host(
    server: LoopbackServer, other: LoopbackServer, send: Callable[..., Run]
) -> None:
    with pytest.raises(StepError, match="the connection is for host") as caught:
        send("httpPost", other.url, connection(server), **USES_IT)

    assert not other.requests
    assert isinstance(caught.value.cause, UsageError)


def test_secret_is_never_sent_in_clear_text(server: LoopbackServer, send: Callable[..., Run]) -> None:
    settings = {"connections": {"API": {"fields": {"host": "api.example.com", "username": "a", "password": SECRET}}}}

    with pytest.raises(StepError, match="needs https"):
        send("httpGet", "http://api.example.com/", settings, **USES_IT)


def test_host_of_a_connection_is_not_read_from_the_file(send: Callable[..., Run]) -> None:
    settings = {"connections": {"API": {"fields": {"username": "ada", "password": SECRET}}}}

    with pytest.raises(ConnectionInputError, match="no host"):
        send("httpGet", "https://evil.example/", settings, **USES_IT)


@pytest.mark.parametrize("host", ["", "https://", "user@api.example.com", "api.example.com/path", "a b"])
def test_host_of_a_connection_is_a_host(send: Callable[..., Run], host: str) -> None:
    settings = {"connections": {"API": {"fields": {"host": host, "username": "ada", "password": SECRET}}}}

    with pytest.raises(ConnectionInputError, match=r"no host|must be a host such as"):
        send("httpGet", "https://api.example.com/", settings, **USES_IT)


def test_redirect_to_the_same_host_keeps_the_authorization(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse(status=302, headers={"Location": "/new?x=1"}), ServerResponse({"new": True}))

    run = send("httpGet", f"{server.url}/old", connection(server), headers=pairs(X_Key="k"), **USES_IT)

    assert run.results == {"new": True}
    assert server.requests[1].target == "/new?x=1"
    assert server.requests[1].headers["Authorization"] == f"Basic {BASIC}"
    assert server.requests[1].headers["X_Key"] == "k"


def test_redirect_to_another_host_has_no_secrets(
    server: LoopbackServer, other: LoopbackServer, send: Callable[..., Run]
) -> None:
    server.answer(ServerResponse(status=307, headers={"Location": f"{other.url}/x"}))

    run = send("httpGet", server.url, connection(server), headers=pairs(X_Key=SECRET), **USES_IT)

    assert run.results == {"other": True}
    assert not {"Authorization", "X_Key"} & set(other.requests[0].headers)


def test_write_is_not_repeated_by_a_redirect(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse(status=303, headers={"Location": "/result"}), ServerResponse({"id": 1}))
    assert send("httpPost", server.url, data="{}").results == {"id": 1}
    assert [request.method for request in server.requests] == ["POST", "GET"]

    server.answer(ServerResponse(status=308, headers={"Location": "/again"}))
    with pytest.raises(StepError, match=r"unexpected redirect \(308\)"):
        send("httpPost", server.url, data="{}")
    assert [request.method for request in server.requests] == ["POST", "GET", "POST"]


def test_redirects_end(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse(status=302, headers={"Location": "/again"}))

    with pytest.raises(StepError, match=r"unexpected redirect \(302\)"):
        send("httpGet", server.url)
    assert len(server.requests) <= 6


@pytest.mark.parametrize("location", ["ftp://files.example/x", "http://user:pw@127.0.0.1/"])
def test_redirect_to_something_else_is_rejected(
    server: LoopbackServer, send: Callable[..., Run], location: str
) -> None:
    server.answer(ServerResponse(status=302, headers={"Location": location}))

    with pytest.raises(StepError, match="invalid redirect"):
        send("httpGet", server.url)


def test_retries_of_a_read_are_those_of_the_step(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(*[ServerResponse(status=503)] * 2, ServerResponse({"ok": 3}))

    assert send("httpGet", server.url, maxRetries="2", retryDelayMS="1").results == {"ok": 3}
    assert len(server.requests) == 3


@pytest.mark.parametrize("action", ["httpPut", "httpDelete"])
def test_idempotent_write_is_retried_on_request(server: LoopbackServer, send: Callable[..., Run], action: str) -> None:
    server.answer(ServerResponse(status=503), ServerResponse({"ok": 2}))

    results = send(action, server.url, maxRetries="1", retryDelayMS="1", retryOnAllErrors="true").results

    assert (results, len(server.requests)) == ({"ok": 2}, 2)


def test_write_with_an_unknown_outcome_is_not_repeated(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse(status=503))

    with pytest.raises(StepError, match="may have been applied"):
        send("httpPost", server.url, data="{}", maxRetries="3", retryDelayMS="1", retryOnAllErrors="true")
    assert len(server.requests) == 1


def test_timeout_is_in_milliseconds(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse(hang=5))

    with pytest.raises(StepError, match="timed out"):
        send("httpPost", server.url, data="{}", timeout="50")


def test_secrets_are_not_shown(
    server: LoopbackServer, send: Callable[..., Run], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer(ServerResponse({"message": f"bad {SECRET} and key-in-a-header"}, status=400))

    with pytest.raises(StepError) as caught:
        send("httpGet", server.url, connection(server), headers=pairs(X_Key="key-in-a-header"), **USES_IT)

    assert "bad request (400)" in str(caught.value)
    for text in (str(caught.value), caplog.text):
        assert SECRET not in text
        assert "key-in-a-header" not in text


def test_debugged_request_is_logged(
    server: LoopbackServer, send: Callable[..., Run], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    send("httpGet", f"{server.url}/x?token=t", debugRequest="true")

    assert f"GET {server.url} -> 200" in caplog.text


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"url": "api.example.com"}, "url: must be a URL such as https://api.example.com/items"),
        ({"url": "file:///etc/passwd"}, "url: must be a URL"),
        ({"url": "https://a:b@example.com"}, "url: must not contain a user or a password"),
        ({"url": "https://example.com", "ignoreSslErrors": "true"}, "certificates are always checked"),
        ({"url": "https://example.com:99999"}, "url: must be a URL"),
        ({"url": "https://example.com", "headers": pairs(Host="x")}, "headers: must not set Host"),
        ({"url": "https://example.com", "headers": pairs(**{"a b": "x"})}, "contains an invalid header name"),
        ({"url": "https://example.com", "headers": pairs(a="x\ny")}, "contains invalid characters in header a"),
        ({"url": "https://example.com", "responseType": "stream"}, "responseType: must be one of"),
    ],
)
def test_invalid_inputs_are_found_before_the_run(workshop: Component, inputs: dict[str, Any], message: str) -> None:
    flow = flow_of(step("Send", "http.httpGet", inputs))

    assert [problem.severity for problem in flow.check(workshop)] == ["error"]
    with pytest.raises(InvalidFlowError, match=message):
        flow.run(workshop, journal=False)


def test_dry_run_sends_reads_only(server: LoopbackServer, workshop: Component) -> None:
    flow = flow_of(
        step("Read", "http.httpGet", {"url": server.url}),
        step("Write", "http.httpPost", {"url": server.url, "data": "{}"}),
    )

    run = flow.run(workshop, dry_run=True)

    assert [request.method for request in server.requests] == ["GET"]
    assert [write["action"] for write in run.skipped_writes] == ["http.httpPost"]


def test_deadline_of_the_run_ends_a_request(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse(hang=5))

    with pytest.raises(StepError, match="timed out"):
        send("httpGet", server.url, {"deadline": 0.2})


def test_large_response_is_an_error(server: LoopbackServer, send: Callable[..., Run]) -> None:
    server.answer(ServerResponse(b"x", headers={"X": "y"}, promise=2**30))

    with pytest.raises(StepError, match="too large"):
        send("httpGet", server.url)


def test_own_component_with_the_key_http_comes_first(workshop: Component) -> None:
    assert components_by_key({"http": workshop})["http"] is workshop
