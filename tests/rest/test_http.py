"""What happens on the wire when it does not go well, over real HTTP on loopback."""

from __future__ import annotations

import email.utils
import gzip
import logging
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import errors
from connector.rest import CallLimits, Endpoint, Request
from connector.rest.transport import Transport
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer, ServerResponse

FAULT = {"errors": [{"type": "input-validation", "message": '"id" is required', "field": "id"}]}
OK = {"data": {"source": {"id": "s"}}}


def read(runner: connector.Runner, **limits: float) -> Any:
    return runner.invoke("getSource", {"sourceId": "s"}, **limits)


def write(runner: connector.Runner, **limits: float) -> Any:
    return runner.invoke("createSource", {"slug": "s", "enabled": True, "metadataId": "m"}, **limits)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (413, errors.PayloadTooLargeError),
        (418, errors.RejectedError),
        (422, errors.UnprocessableError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (507, errors.ServerError),
        (501, errors.RejectedError),
        (505, errors.RejectedError),
        (408, errors.ServerError),
        (300, errors.InvalidResponseError),
        (302, errors.InvalidResponseError),
    ],
)
def test_each_status_has_its_class_and_shows_every_word_of_the_api(
    status: int, expected: type[errors.RequestError], runner: connector.Runner, server: LoopbackServer
) -> None:
    faults = [*FAULT["errors"], {"type": "other", "message": "second"}]
    server.answer(ServerResponse({"errors": faults}, status, {"Location": "http://127.0.0.2/"}))

    with pytest.raises(errors.RequestError) as caught:
        read(runner)

    error = caught.value
    assert type(error) is expected
    assert error.status == status
    assert error.hint
    assert str(error).startswith("getSource: ")
    assert "[GET /sources/s]" in str(error)
    if status not in {300, 302}:
        assert '  - "id" is required\n  - second' in str(error)
        told = error.to_dict()["error"]
        assert told["errors"] == faults
        assert (told["action"], told["method"], told["path"], told["status"]) == (
            "getSource",
            "GET",
            "/sources/s",
            status,
        )


def test_message_for_401_names_the_three_causes(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse(FAULT, 401))

    with pytest.raises(errors.AuthenticationError) as caught:
        read(runner)

    for cause in ("token is valid", "region matches", "role allows this"):
        assert cause in str(caught.value)


def test_html_page_is_named_by_its_title(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(
        ServerResponse(b"<html><head><title>502 Bad Gateway</title></head></html>", 502, {"Content-Type": "text/html"})
    )

    with pytest.raises(errors.ServerError, match='HTML page titled "502 Bad Gateway"'):
        read(runner)


@pytest.mark.parametrize(
    ("body", "entries"),
    [
        (b'{"errors": 5}', ['{"errors": 5}']),
        (b'{"errors": {"message": "no list"}}', ['{"errors": {"message": "no list"}}']),
        (b'{"errors": [5, null, {"data": 5}]}', ["no message"]),
        (
            b'{"errors": [{"data": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}]}",
            ['{"errors": [{"data": ' + '{"a":' * 35 + '{"a"…'],
        ),
    ],
    ids=["number", "object", "odd entries", "deep"],
)
def test_error_body_of_another_shape_is_still_an_api_error(
    body: bytes, entries: list[str], runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(ServerResponse(body, 422))

    with pytest.raises(errors.UnprocessableError) as caught:
        read(runner)
    first, *lines = str(caught.value).splitlines()
    assert first == "getSource: unprocessable request (422) [GET /sources/s]"
    assert lines == [f"  - {entry}" for entry in entries] + [f"hint: {errors.UnprocessableError.hint}"]


@pytest.mark.parametrize(
    ("headers", "milliseconds"),
    [
        ({"Retry-After": "\u00b2"}, "null"),
        ({"Retry-After": "9" * 400}, "null"),
        ({}, "1" + "0" * 400),
        ({}, "1e999"),
        ({}, "NaN"),
        ({"X-RateLimit-Reset": "Fri, 31 Dec 99999 23:59:59 GMT"}, "null"),
    ],
)
def test_absurd_wait_is_still_a_rate_limit(
    headers: dict[str, str], milliseconds: str, runner: connector.Runner, server: LoopbackServer
) -> None:
    body = f'{{"errors": [{{"message": "slow", "data": {{"msBeforeNext": {milliseconds}}}}}]}}'.encode()
    server.answer(ServerResponse(body, 429, headers))

    with pytest.raises(errors.RateLimitError) as caught:
        read(runner, max_wait=0)

    assert "inf" not in str(caught.value)


def test_plain_text_of_an_error_is_shown(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"upstream says no", 404, {"Content-Type": "text/plain"}))

    with pytest.raises(errors.NotFoundError, match="upstream says no"):
        read(runner)


@pytest.mark.parametrize(
    ("body", "reason"), [(b"", "empty"), (b"{", "not JSON"), (b"<html>", "not JSON"), (b"[" * 100_000, "not JSON")]
)
def test_successful_status_with_a_body_that_is_not_json_is_an_error(
    body: bytes, reason: str, runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(ServerResponse(body))

    with pytest.raises(errors.InvalidResponseError) as caught:
        read(runner)
    excerpt = {b"": "", b"{": ": {", b"<html>": ": HTML page"}.get(body, f": {'[' * 200}…")
    assert caught.value.message == f"response (200) is {reason}{excerpt}"
    assert "write" not in caught.value.hint


def test_invalid_response_to_a_write_says_that_it_was_accepted(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(ServerResponse(b"ok", 201))

    with pytest.raises(errors.InvalidResponseError, match="write was applied"):
        write(runner)


@pytest.mark.parametrize(
    "body", [b'{"data": "\\ud800"}', b'\xef\xbb\xbf{"data": 1}', b'{"data": ' + b"[" * 250 + b"]" * 250 + b"}"]
)
def test_json_that_the_fast_parser_rejects_is_parsed_by_the_slow_one(
    body: bytes, runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(ServerResponse(body))

    assert "data" in read(runner)["data"]


def test_compressed_response_is_read(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse(gzip.compress(b'{"data": 1}'), headers={"Content-Encoding": "gzip"}))

    assert read(runner) == {"data": {"data": 1}}


def test_read_without_a_response_is_retried(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(
        ServerResponse(cut=True), ServerResponse(b"", 503), ServerResponse({"data": 1}, promise=5), ServerResponse(OK)
    )
    runner = connector.Runner(segment, {"fields": fields})

    assert read(runner) == {"data": OK}
    assert len(server.requests) == 4


def test_read_is_repeated_three_times_and_no_more(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(b"", 500))

    with pytest.raises(errors.ServerError):
        read(connector.Runner(segment, {"fields": fields}))

    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "answer", [ServerResponse(cut=True), ServerResponse(OK, 201, promise=9)], ids=["no answer", "cut-off answer"]
)
def test_write_without_a_complete_response_is_never_retried(
    answer: ServerResponse, segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(answer)

    with pytest.raises(errors.OutcomeUnknownError, match="the write may have been applied"):
        write(connector.Runner(segment, {"fields": fields}))

    assert len(server.requests) == 1


def test_write_that_the_api_fails_is_not_repeated(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(FAULT, 503))

    with pytest.raises(errors.OutcomeUnknownError, match="hint: Check before you retry"):
        write(connector.Runner(segment, {"fields": fields}))

    assert len(server.requests) == 1


def test_truncated_error_response_is_still_an_api_error(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse(FAULT, 422, promise=9))

    with pytest.raises(errors.UnprocessableError) as caught:
        write(runner)

    assert (caught.value.status, caught.value.api_errors) == (422, ())


def test_read_that_times_out_is_reported(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(OK, hang=60))

    with pytest.raises(errors.NoResponseError, match="request timed out"):
        read(connector.Runner(segment, {"fields": fields}), deadline=0.5)


def test_write_that_times_out_has_an_unknown_outcome(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(OK, hang=60))

    with pytest.raises(errors.OutcomeUnknownError):
        write(connector.Runner(segment, {"fields": fields}), deadline=0.5)


def test_request_is_not_sent_after_the_deadline(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(OK)

    with pytest.raises(errors.DeadlineError, match="the request was not sent"):
        write(runner, deadline=0)

    assert server.requests == []


def test_iteration_ends_at_its_deadline_even_if_its_consumer_is_slow(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer({"data": {"sources": [{"id": "s"}], "pagination": {"next": "MQ=="}}})
    pages = runner.pages("listSources", deadline=0.5)

    next(pages)
    time.sleep(0.5)
    with pytest.raises(errors.DeadlineError):
        next(pages)

    assert len(server.requests) == 1


def test_refused_connection_names_the_host_and_sent_nothing(segment: connector.Component) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    runner = connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": f"http://127.0.0.1:{port}"}}, max_wait=0)

    with pytest.raises(
        errors.UnreachableError,
        match=rf"cannot connect to 127\.0\.0\.1:{port}: connection refused(?s:.*)Nothing was sent",
    ):
        write(runner)


def test_unknown_host_name_says_so(segment: connector.Component) -> None:
    runner = connector.Runner(
        segment, {"fields": {"apiKey": TOKEN, "baseUrl": "https://no-such-host.invalid"}}, max_wait=0
    )

    with pytest.raises(
        errors.UnreachableError, match=r"""cannot resolve host "no-such-host\.invalid"(?s:.*)Nothing was sent"""
    ):
        read(runner)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def tls_port(certificate: Path) -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_untrusted_certificate_is_an_error_of_the_set_up(segment: connector.Component, tls_port: int) -> None:
    runner = connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": f"https://localhost:{tls_port}"}})

    with pytest.raises(errors.TLSError, match=r"TLS error for localhost:[0-9]+: self-signed certificate") as caught:
        write(runner)

    assert caught.value.exit_code == 3
    assert "REQUESTS_CA_BUNDLE" in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Retry-After": "1"}, {"errors": [{"data": {"msBeforeNext": 60_000}}]}),
        ({}, {"errors": [{"type": "RequestError", "message": "Too many", "data": {"msBeforeNext": 700}}]}),
        ({"X-RateLimit-Reset": "soon"}, {"errors": [{"data": {"msBeforeNext": 500.5}}]}),
    ],
    ids=["Retry-After", "msBeforeNext", "msBeforeNext before a bad reset"],
)
def test_rate_limit_is_waited_for_as_the_response_asks(
    headers: dict[str, str], body: Any, segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(body, 429, headers), ServerResponse(OK, 201))

    assert write(connector.Runner(segment, {"fields": fields})) == {"data": OK}
    waited = server.times[1] - server.times[0]
    assert 0.45 < waited < 2


def test_rate_limit_message_is_not_part_of_the_response(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(
        ServerResponse({"errors": [{"message": "slow", "data": {"msBeforeNext": 1}}]}, 429), ServerResponse(b"", 204)
    )

    payload = runner.invoke("rawRequest", {"url": "/sources/s", "method": "DELETE"}, max_wait=5)

    assert (payload, len(server.requests)) == ({"data": None}, 2)


def test_rate_limit_message_is_not_part_of_a_later_error(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(
        ServerResponse({"errors": [{"message": "slow", "data": {"msBeforeNext": 1}}]}, 429), ServerResponse(b"", 503)
    )

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        write(runner, max_wait=5)

    assert caught.value.api_errors == ()


def test_compressed_rate_limit_is_read(runner: connector.Runner, server: LoopbackServer) -> None:
    body = gzip.compress(b'{"errors": [{"message": "slow", "data": {"msBeforeNext": 7000}}]}')
    server.answer(ServerResponse(body, 429, {"Content-Encoding": "gzip"}))

    with pytest.raises(errors.RateLimitError) as caught:
        read(runner, max_wait=0)

    assert (caught.value.retry_after, [fault.message for fault in caught.value.api_errors]) == (7.0, ["slow"])


def test_rate_limit_that_breaks_off_is_waited_out(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse({"errors": []}, 429, promise=9), OK)

    assert write(runner, max_wait=5) == {"data": OK}


def test_reset_header_is_a_date(segment: connector.Component, fields: dict[str, Any], server: LoopbackServer) -> None:
    reset = email.utils.formatdate(time.time() + 1000, usegmt=True)
    server.answer(ServerResponse({"errors": []}, 429, {"X-RateLimit-Reset": reset}))

    with pytest.raises(errors.RateLimitError) as caught:
        read(connector.Runner(segment, {"fields": fields}), max_wait=5)

    assert 900 < (caught.value.retry_after or 0) <= 1001


def test_rate_limit_that_asks_too_much_is_raised_at_once_with_the_seconds(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    body = {"errors": [{"type": "RequestError", "message": "Too many requests", "data": {"msBeforeNext": 57_647}}]}
    server.answer(ServerResponse(body, 429))
    runner = connector.Runner(segment, {"fields": fields})

    with pytest.raises(errors.RateLimitError, match="Too many requests") as caught:
        read(runner, max_wait=5)

    assert caught.value.retry_after == pytest.approx(57.647)
    assert caught.value.to_dict()["error"]["retryAfter"] == pytest.approx(57.647)
    assert len(server.requests) == 1


def test_429_seen_by_one_thread_holds_the_others(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(ServerResponse(FAULT, 429, {"Retry-After": "1"}), ServerResponse(OK))
    waiting = threading.Event()
    runner = connector.Runner(segment, {"fields": fields}, on_wait=lambda *_: waiting.set())
    first = threading.Thread(target=read, args=(runner,))
    first.start()
    assert waiting.wait(20)
    others = [threading.Thread(target=read, args=(runner,)) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in (first, *others):
        thread.join()

    assert len(server.requests) == 6
    assert min(server.times[1:]) - server.times[0] > 0.8


def test_held_gate_raises_at_once_where_waiting_is_not_allowed(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(ServerResponse(FAULT, 429, {"Retry-After": "30"}))
    with pytest.raises(errors.RateLimitError):
        read(runner)

    with pytest.raises(errors.RateLimitError, match="rate limited by an earlier call") as caught:
        read(runner)

    assert len(server.requests) == 1
    assert caught.value.retry_after == pytest.approx(30, abs=2)


def test_waits_are_reported_to_on_wait(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    told: list[tuple[float, str]] = []
    server.answer(ServerResponse(FAULT, 429, {"Retry-After": "1"}), ServerResponse(OK))
    runner = connector.Runner(
        segment, {"fields": fields}, on_wait=lambda seconds, reason: told.append((seconds, reason))
    )

    read(runner)

    assert told == [(1.0, "rate limit")]


def test_neither_netrc_nor_cookies_nor_redirects_apply(
    runner: connector.Runner, server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answer(ServerResponse(OK, headers={"Set-Cookie": "a=b; Path=/"}))

    read(runner)
    read(runner)

    assert [request.headers["Authorization"] for request in server.requests] == [f"Bearer {TOKEN}"] * 2
    assert all("Cookie" not in request.headers for request in server.requests)


def test_proxy_of_the_environment_is_used(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("http_proxy", server.url)
    server.answer(OK)

    response = Transport().send(Endpoint(base_url="http://service.example/v1"), Request("GET", "/a?b=c"), CallLimits())

    assert response.json() == OK
    assert server.requests[0].target == "http://service.example/v1/a?b=c"
    assert server.requests[0].headers["Host"] == "service.example"


def test_loopback_address_bypasses_the_proxy(
    segment: connector.Component, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answer(OK)

    read(connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": server.url}}))

    assert server.requests[0].target == "/sources/s"


def test_log_has_line_status_time_and_sizes_and_no_token(
    runner: connector.Runner, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer(ServerResponse({"data": {}}, 201))

    with caplog.at_level(logging.DEBUG):
        write(runner)

    (line,) = [record.getMessage() for record in caplog.records if record.name == "connector.rest"]
    host = server.url.removeprefix("http://")
    assert line.startswith(f"POST {host}/sources -> 201, 12 B in 0.")
    assert line.endswith(" s, 44 B sent")
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("status", [401, 422, 500])
def test_token_that_the_api_repeats_is_not_shown(
    status: int, runner: connector.Runner, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer(
        ServerResponse(
            {"errors": [{"message": f"bad token {TOKEN}", "field": TOKEN, "data": {"token": TOKEN}}]}, status
        )
    )

    with caplog.at_level(logging.DEBUG), pytest.raises(errors.RequestError) as caught:
        read(runner)

    assert TOKEN not in str(caught.value) + repr(caught.value) + str(caught.value.to_dict()) + caplog.text


def test_no_exception_of_a_library_hangs_on_an_error(runner: connector.Runner, server: LoopbackServer) -> None:
    """They hold the request, and with it the token."""
    server.answer(ServerResponse(cut=True))

    with pytest.raises(errors.NoResponseError) as caught:
        read(runner)

    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_error_and_log_show_the_path_of_the_base_url(
    segment: connector.Component, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer(ServerResponse({}, 404))
    host = server.url.removeprefix("http://")
    runner = connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": f"{server.url}/v2"}})

    with caplog.at_level(logging.DEBUG), pytest.raises(errors.NotFoundError) as raised:
        read(runner)

    assert server.requests[0].target == "/v2/sources/s"
    assert "[GET /v2/sources/s]" in str(raised.value)
    assert f"GET {host}/v2/sources/s -> 404" in caplog.text
