"""The raw request: any operation, never another host."""

from __future__ import annotations

import base64
from contextlib import nullcontext
from email.message import Message
from email.parser import BytesParser
from typing import Any

import pytest

import connector
from connector import errors
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse


def raw(
    runner: connector.Runner, server: LoopbackServer, method: str = "POST", url: str = "/x", **inputs: Any
) -> ReceivedRequest:
    if not server.answers:
        server.answer({"data": 1})
    runner.invoke("rawRequest", {"url": url, "method": method, **inputs})
    return server.requests[-1]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.com/",
        "http:evil.com",
        "HTTPS://evil.com",
        "//evil.com/x",
        "///evil.com",
        "\\\\evil.com",
        "/\\evil.com",
        "javascript:alert(1)",
        "/a/../b",
        "..",
        "/a/%2e%2e/b",
        "/a/..%2fb",
        "/a#b",
        " /a",
        "/a\r\nHost: evil.com",
        "/a\x00",
        "/a%0d%0ab",
    ],
)
def test_path_that_leads_to_another_host_is_rejected(
    url: str, runner: connector.Runner, server: LoopbackServer
) -> None:
    with pytest.raises(errors.InputError, match=r"URL \(url\): must"):
        raw(runner, server, url=url)

    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/sources", "/sources"),
        ("sources", "/sources"),
        ("@evil.com/x", "/@evil.com/x"),
        (".evil.com/x", "/.evil.com/x"),
        ("/a b/ü", "/a%20b/%C3%BC"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a?x=1&y=[2]", "/a?x=1&y=%5B2%5D"),
        ("/a/b:c", "/a/b:c"),
    ],
)
def test_path_stays_on_the_connections_host(
    url: str, target: str, runner: connector.Runner, server: LoopbackServer
) -> None:
    request = raw(runner, server, url=url)

    assert request.target == target
    assert request.headers["Host"] == server.url.removeprefix("http://")


@pytest.mark.parametrize(
    "name", ["Authorization", "authorization", "Host", "Content-Length", "Proxy-Authorization", "Cookie"]
)
def test_headers_of_the_connection_cannot_be_set(name: str, runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.InputError, match=f"must not set {name}"):
        raw(runner, server, headers={name: "x"})


@pytest.mark.parametrize("headers", [{"X-A": "a\r\nB: c"}, {"X A": "b"}, {"": "b"}, {"X-A": "ü"}])
def test_invalid_headers_are_rejected(headers: Any, runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.InputError, match=r"Header \(headers\)"):
        raw(runner, server, headers=headers)


def test_headers_and_query_come_as_pairs(runner: connector.Runner, server: LoopbackServer) -> None:
    request = raw(
        runner,
        server,
        url="/x?a=1",
        headers=[{"key": "accept", "value": "application/json"}, {"key": "X-More", "value": "yes"}],
        queryParams=[{"key": "b", "value": "2 3"}, {"key": "c", "value": ["4", "5"]}, {"key": "d", "value": True}],
    )

    assert request.target == "/x?a=1&b=2+3&c=4&c=5&d=true"
    assert (request.headers["Accept"], request.headers["X-More"]) == ("application/json", "yes")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("data", "body", "kind"),
    [
        ({"a": [1, None]}, b'{"a":[1,null]}', "application/json"),
        ([1], b"[1]", "application/json"),
        (7, b"7", "application/json"),
        ('{"a": 1}', b'{"a": 1}', "application/json"),
        ("plain words", b"plain words", "text/plain; charset=utf-8"),
        ("NaN", b"NaN", "text/plain; charset=utf-8"),
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
    ],
)
def test_json_body_goes_out_as_json_and_text_as_text(
    data: Any, body: bytes, kind: str, runner: connector.Runner, server: LoopbackServer
) -> None:
    request = raw(runner, server, data=data)

    assert (request.body, request.headers["Content-Type"]) == (body, kind)


def test_content_type_of_the_caller_decides(runner: connector.Runner, server: LoopbackServer) -> None:
    request = raw(runner, server, data="a=b", headers={"content-type": "application/x-www-form-urlencoded"})

    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def parts(request: ReceivedRequest) -> dict[str, Message]:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + request.body)
    return {str(part.get_param("name", header="Content-Disposition")): part for part in message.get_payload()}  # type: ignore[union-attr,misc]


def test_forms_and_files_go_out_as_multipart(runner: connector.Runner, server: LoopbackServer) -> None:
    request = raw(
        runner,
        server,
        formData=[{"key": "field", "value": "text"}],
        fileData={
            "a": "x,y",
            "b": {"data": base64.b64encode(b"\x00\x01").decode(), "contentType": "image/png"},
            "c": b"raw",
        },
        fileDataFileNames=[{"key": "a", "value": "table.csv"}],
    )

    files = parts(request)
    assert files["field"].get_payload(decode=True) == b"text"
    assert files["a"].get_payload(decode=True) == b"x,y"
    assert files["a"].get_filename() == "table.csv"
    assert files["b"].get_payload(decode=True) == b"\x00\x01"
    assert files["b"].get_content_type() == "image/png"
    assert files["c"].get_payload(decode=True) == b"raw"


def test_file_that_is_not_base64_is_rejected(runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.InputError, match=r"File Data \(fileData\): contains invalid base64"):
        raw(runner, server, fileData={"a": {"data": "###"}})


@pytest.mark.parametrize("values", ["\ud800", {"a": float("nan")}, {"a": object()}], ids=["surrogate", "nan", "object"])
@pytest.mark.parametrize("key", ["data", "queryParams", "fileData"])
def test_unsendable_request_is_rejected(
    key: str, values: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    inputs: dict[str, Any] = {key: values if key == "data" else {"f": values}}
    with pytest.raises(errors.InputError, match=key):
        raw(runner, server, **inputs)

    assert server.requests == []


def test_null_in_the_query_is_not_sent(runner: connector.Runner, server: LoopbackServer) -> None:
    assert raw(runner, server, url="/x", queryParams={"a": None, "b": [1, None, True]}).target == "/x?b=1&b=true"


@pytest.mark.parametrize("key", ["timeout", "retryDelayMS"])
def test_infinite_time_is_rejected(key: str, runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.InputError, match="must be at most"):
        raw(runner, server, **{key: "inf"})


def test_data_and_a_form_exclude_each_other(runner: connector.Runner, server: LoopbackServer) -> None:
    with pytest.raises(errors.InputError, match="data cannot be combined with formData or fileData"):
        raw(runner, server, data="x", formData={"a": "b"})


@pytest.mark.parametrize(
    ("kind", "answer", "expected"),
    [
        ("json", ServerResponse(b'{"a": 1}'), {"a": 1}),
        ("json", ServerResponse(b"", 204), None),
        (
            "text",
            ServerResponse("grün".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"}),
            "grün",
        ),
        ("text", ServerResponse(b"x", headers={"Content-Type": "text/plain; charset=nonsense"}), "x"),
        ("document", ServerResponse(b"<a/>", headers={"Content-Type": "text/xml"}), "<a/>"),
        (
            "arraybuffer",
            ServerResponse(b"\x00\xff", headers={"Content-Type": "image/png"}),
            {"data": "AP8=", "contentType": "image/png"},
        ),
    ],
)
def test_response_type_decides_how_the_body_is_read(
    kind: str, answer: ServerResponse, expected: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(answer)

    payload = runner.invoke("rawRequest", {"url": "/x", "method": "GET", "responseType": kind})

    assert payload == {"data": expected}


def test_response_that_is_not_json_has_a_hint(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"words"))

    with pytest.raises(errors.InvalidResponseError, match="Set responseType to text"):
        raw(runner, server)


@pytest.mark.parametrize(
    "method", ["DELETE", "GET", "HEAD", "LINK", "OPTIONS", "PATCH", "POST", "PURGE", "PUT", "UNLINK"]
)
def test_every_method_of_the_original_works(method: str, runner: connector.Runner, server: LoopbackServer) -> None:
    assert raw(runner, server, method).method == method


@pytest.mark.parametrize(
    ("method", "effect"),
    [("GET", "read"), ("HEAD", "read"), ("POST", "write"), ("PATCH", "write"), ("DELETE", "destructive")],
)
def test_method_decides_the_effect(method: str, effect: str, segment: connector.Component) -> None:
    action = segment.actions["rawRequest"]

    assert action.effect_depends_on_inputs
    assert action.effect_of(action.inputs.from_values({"url": "/x", "method": method})) == effect


def test_timeout_is_in_milliseconds_and_0_is_the_default(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    runner = connector.Runner(segment, {"fields": fields}, max_wait=0)
    server.answer(ServerResponse({}, hang=0.4))

    raw(runner, server, "GET", timeout="0")
    with pytest.raises(errors.NoResponseError, match="request timed out"):
        raw(runner, server, "GET", timeout="100")


@pytest.mark.parametrize(("tries", "expected"), [("0", 4), ("1", 2), (2, 3)])
def test_max_retries_counts_retries_and_0_uses_the_default_policy(
    tries: Any, expected: int, segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(b"", 503))

    with pytest.raises(errors.ServerError):
        raw(connector.Runner(segment, {"fields": fields}), server, "GET", maxRetries=tries, retryDelayMS="10")

    assert len(server.requests) == expected


@pytest.mark.parametrize("answer", [ServerResponse(b"", 503), ServerResponse(cut=True)], ids=["503", "no response"])
@pytest.mark.parametrize(("method", "retry", "attempts"), [("PUT", True, 2), ("DELETE", True, 2), ("PUT", False, 1)])
def test_idempotent_write_is_retried_after_an_error_if_requested(
    method: str,
    retry: bool,
    attempts: int,
    answer: ServerResponse,
    segment: connector.Component,
    fields: dict[str, Any],
    server: LoopbackServer,
) -> None:
    server.answer(answer, ServerResponse({}))
    runner = connector.Runner(segment, {"fields": fields})

    with nullcontext() if retry else pytest.raises((errors.ServerError, errors.NoResponseError)):
        raw(runner, server, method, maxRetries=1, retryDelayMS=1, retryAllErrors=retry)

    assert len(server.requests) == attempts


@pytest.mark.parametrize(("retry", "attempts"), [(True, 2), (False, 1)])
@pytest.mark.parametrize("status", [400, 404])
def test_read_is_retried_after_any_error_if_requested(
    status: int,
    retry: bool,
    attempts: int,
    segment: connector.Component,
    fields: dict[str, Any],
    server: LoopbackServer,
) -> None:
    server.answer(ServerResponse(b"", status), ServerResponse({}))
    runner = connector.Runner(segment, {"fields": fields})

    with nullcontext() if retry else pytest.raises(errors.RejectedError):
        raw(runner, server, "GET", maxRetries=1, retryDelayMS=1, retryAllErrors=retry)

    assert len(server.requests) == attempts


def test_other_write_is_retried_only_after_a_rate_limit(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(b"", 429, {"Retry-After": "0"}), ServerResponse(b"", 503), ServerResponse({}))
    runner = connector.Runner(segment, {"fields": fields})

    with pytest.raises(errors.OutcomeUnknownError):
        raw(runner, server, "POST", maxRetries=3, retryDelayMS=1, retryAllErrors="true")

    assert len(server.requests) == 2


def test_write_without_a_response_is_never_retried(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(cut=True), ServerResponse({}))
    runner = connector.Runner(segment, {"fields": fields})

    with pytest.raises(errors.OutcomeUnknownError):
        raw(runner, server, "POST", maxRetries=3, retryAllErrors=True, retryDelayMS=1)

    assert len(server.requests) == 1


def test_exponential_backoff_takes_the_place_of_the_delay(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(b"", 503), ServerResponse({}))
    runner = connector.Runner(segment, {"fields": fields})

    raw(runner, server, "GET", maxRetries=1, retryDelayMS=60_000, useExponentialBackoff=True)

    assert server.times[1] - server.times[0] < 2
