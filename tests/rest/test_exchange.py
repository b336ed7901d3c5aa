"""One exchange that goes wrong: what is retried, what is unknown, and what was certainly not sent."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import tracemalloc
import zlib
from contextlib import suppress
from typing import Any

import pytest
import requests
import responses
import urllib3

import connector
from connector import errors
from connector.rest import CallLimits, Endpoint, Request
from connector.rest.transport import Transport
from tests.rest.conftest import RunnerOf, error_of, patch_adapter, read, write
from tests.support.server import RawServer, raw_response

OK = {"data": {"source": {"id": "s"}}}
GOOD = raw_response(OK)
CLOSE = RawServer.CLOSE
BIG = b'{"data": "' + b"x" * 30_000 + b'"}'

BROKEN = {
    "no response": CLOSE,
    "half a status line": b"HTTP/1.1 20" + CLOSE,
    "half the headers": b"HTTP/1.1 200 OK\r\nContent-Type: app" + CLOSE,
    "half a body": raw_response(OK, length=500) + CLOSE,
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{}" + CLOSE,
    "half a gzip body": raw_response(gzip.compress(BIG)[:-20], "200 OK", "Content-Encoding: gzip"),
    "half a deflate body": raw_response(zlib.compress(BIG)[:-20], "200 OK", "Content-Encoding: deflate"),
    "half a body without a length": raw_response(b'{"data": {"sou', has_length=False) + CLOSE,
    "status line of another protocol": b"SSH-2.0-OpenSSH\r\n\r\n" + CLOSE,
}
ONLY_OWN = {"half the headers", "half a gzip body", "half a deflate body", "half a body without a length"}


# Through the adapter, the library decides what a whole body is.
WAYS = [(fault, way) for fault in BROKEN for way in ("own", "adapter") if way == "own" or fault not in ONLY_OWN]


@pytest.mark.parametrize(("fault", "way"), WAYS, indirect=["way"])
def test_read_with_a_broken_response_is_retried(fault: str, way: str, runner_of: RunnerOf) -> None:
    with RawServer(BROKEN[fault], GOOD) as server, runner_of(server) as runner:
        assert read(runner) == OK

    assert len(server.requests) == 2


@pytest.mark.parametrize(("fault", "way"), WAYS, indirect=["way"])
def test_write_with_a_broken_response_has_an_unknown_outcome(fault: str, way: str, runner_of: RunnerOf) -> None:
    with RawServer(BROKEN[fault], GOOD) as server, runner_of(server) as runner:
        error = error_of(lambda: write(runner))

    assert type(error) is errors.OutcomeUnknownError
    assert "the write may have been applied" in str(error)
    assert (error.repeatable, len(server.requests)) == (False, 1)


def test_idempotent_write_without_a_response_is_temporary(way: str, runner_of: RunnerOf) -> None:
    with RawServer(CLOSE) as server, runner_of(server) as runner:
        error = error_of(lambda: runner.invoke("deleteSource", {"sourceId": "s"}))

    assert (type(error), error.exit_code, error.repeatable) == (errors.NoResponseError, 5, True)
    assert "the write may have been applied" in error.message
    assert "Run it again" in error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 507])
def test_server_error_is_retried_for_reads_only(status: int, way: str, runner_of: RunnerOf) -> None:
    failed = raw_response({}, f"{status} Failed")
    with RawServer(failed, GOOD) as server, runner_of(server) as runner:
        assert read(runner) == OK
        assert len(server.requests) == 2
    with RawServer(failed, GOOD) as server, runner_of(server) as runner:
        error = error_of(lambda: write(runner))

    assert (type(error), error.exit_code, error.status) == (errors.OutcomeUnknownError, 6, status)
    assert len(server.requests) == 1


def test_server_error_with_retry_after_to_a_write_has_an_unknown_outcome(runner_of: RunnerOf) -> None:
    with RawServer(raw_response({}, "503 Busy", "Retry-After: 1")) as server, runner_of(server) as runner:
        assert type(error_of(lambda: write(runner))) is errors.OutcomeUnknownError


def test_server_error_to_an_idempotent_write_is_temporary(way: str, runner_of: RunnerOf) -> None:
    with RawServer(raw_response({}, "503 Busy")) as server, runner_of(server) as runner:
        error = error_of(lambda: runner.invoke("updateSource", {"sourceId": "s", "name": "n"}))

    assert (type(error), error.exit_code, error.repeatable) == (errors.ServerError, 5, True)
    assert len(server.requests) == 1


def test_unimplemented_operation_is_a_rejection(way: str, runner_of: RunnerOf) -> None:
    with RawServer(raw_response({}, "501 Not Implemented")) as server, runner_of(server) as runner:
        error = error_of(lambda: write(runner))

    assert (type(error), error.exit_code) == (errors.RejectedError, 4)
    assert "later" not in str(error)


def test_rate_limited_write_is_retried(way: str, runner_of: RunnerOf) -> None:
    limited = raw_response({"errors": [{"data": {"msBeforeNext": "60"}}]}, "429 Too Many Requests")
    with RawServer(limited, limited, GOOD) as server, runner_of(server) as runner:
        assert write(runner) == OK

    assert len(server.requests) == 3


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints", "199 Own"])
def test_interim_response_does_not_shift_the_following_ones(interim: str, runner_of: RunnerOf) -> None:
    hints = f"HTTP/1.1 {interim}\r\nLink: </style.css>\r\n\r\n".encode()
    with RawServer(*[hints + hints + raw_response({"n": n}) for n in range(4)]) as server, runner_of(server) as runner:
        assert [read(runner)["n"] for _ in range(4)] == [0, 1, 2, 3]

    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        GOOD + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        GOOD + b"x",
        raw_response({}, "408 Request Timeout"),
        raw_response(b"{}", "200 OK", "Content-Length: 3", length=2),
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
    ],
    ids=["two responses", "further bytes", "408", "two lengths", "101", "endless interim", "invalid chunk"],
)
def test_connection_is_not_reused_after_a_response_that_was_not_understood(answer: bytes, runner_of: RunnerOf) -> None:
    with RawServer(answer, raw_response({"n": 2})) as server, runner_of(server) as runner:
        with suppress(errors.RequestError):
            read(runner, max_wait=0)
        assert read(runner) == {"n": 2}

    assert server.connections == 2


def test_connection_is_reused_after_ordinary_responses(way: str, runner_of: RunnerOf) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n"
    answers = [GOOD, chunked, raw_response({}, "404 Not Found"), raw_response(b"", "204 No Content", has_length=False)]
    with RawServer(*answers, GOOD) as server, runner_of(server, max_wait=0) as runner:
        for _ in range(5):
            with suppress(errors.NotFoundError):
                read(runner)

    assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(
    "parts",
    [
        [raw_response(b"", length=99), *[b" ", 0.1] * 60],
        [b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n", 0.1] * 60],
        [*[b"H", 0.1] * 60],
        [6.0],
    ],
    ids=["slow body", "slow headers", "slow status line", "silence"],
)
def test_deadline_bounds_the_whole_call(parts: Any, runner_of: RunnerOf) -> None:
    with RawServer(parts) as server, runner_of(server) as runner:
        began = time.monotonic()
        error = error_of(lambda: read(runner, deadline=0.5))
        assert time.monotonic() - began < 5  # the response takes 6 s

    assert type(error) is errors.NoResponseError
    assert error.message == "request timed out"


def test_deadline_bounds_a_slow_body_through_the_adapter(way: str, runner_of: RunnerOf) -> None:
    parts: Any = [raw_response(b"", length=99), *[b" ", 0.1] * 60]
    with RawServer(parts) as server, runner_of(server) as runner:
        began = time.monotonic()
        assert error_of(lambda: write(runner, deadline=0.5)).exit_code == 6
        assert time.monotonic() - began < 5  # the body takes 6 s


BOMB = gzip.compress(b" " * 2**20 * 80, 9)


@pytest.mark.parametrize("encodings", ["gzip", "gzip, gzip"])
def test_compressed_bomb_is_an_error_without_the_memory(encodings: str, runner_of: RunnerOf) -> None:
    body = gzip.compress(BOMB) if "," in encodings else BOMB
    answer = raw_response(body, "200 OK", f"Content-Encoding: {encodings}")
    with RawServer(answer) as server, runner_of(server, max_response_bytes=1_000_000) as runner:
        tracemalloc.start()
        try:
            error = error_of(lambda: read(runner))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert type(error) is errors.InvalidResponseError
    assert "too large" in str(error)
    assert peak < 8_000_000


@pytest.mark.parametrize(
    "answer",
    [
        raw_response(b"x" * 2000),
        raw_response(b"", length=10**30),
        raw_response(b"x" * 2000, has_length=False) + CLOSE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n",
    ],
    ids=["length", "absurd length", "no length", "chunks"],
)
def test_large_response_is_an_error(answer: bytes, runner_of: RunnerOf) -> None:
    with RawServer(answer) as server, runner_of(server, max_response_bytes=1000, max_wait=0) as runner:
        error = error_of(lambda: read(runner))

    assert type(error) is errors.InvalidResponseError
    assert "too large" in str(error)


def test_large_response_through_the_adapter_is_an_error(way: str, runner_of: RunnerOf) -> None:
    with RawServer(raw_response(b"x" * 2000)) as server, runner_of(server, max_response_bytes=1000) as runner:
        assert "too large" in str(error_of(lambda: read(runner)))


@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "compressed"])
def test_response_of_the_largest_size_is_read(is_compressed: bool, way: str, runner_of: RunnerOf) -> None:
    content = gzip.compress(BIG) if is_compressed else BIG
    headers = ["Content-Encoding: gzip"] if is_compressed else []
    with RawServer(raw_response(content, "200 OK", *headers)) as server:
        with runner_of(server, max_response_bytes=len(BIG)) as runner:
            assert len(read(runner)["data"]) == 30_000
        with runner_of(server, max_response_bytes=len(BIG) - 1) as runner:
            assert "too large" in str(error_of(lambda: read(runner)))


def test_head_that_breaks_off_is_the_reason(runner_of: RunnerOf) -> None:
    with RawServer(b"HTTP/1.1 200 OK\r\nContent-Type: text" + CLOSE) as server, runner_of(server, max_wait=0) as runner:
        error = error_of(lambda: read(runner))

    assert error.message == "connection closed before the response: the response is incomplete"


def test_status_line_that_is_not_http_is_the_reason(way: str, runner_of: RunnerOf) -> None:
    with RawServer(b"garbage\r\n\r\n" + CLOSE) as server, runner_of(server, max_wait=0) as runner:
        error = error_of(lambda: read(runner))

    assert error.message == "connection closed before the response: garbage"


@pytest.mark.parametrize(("length", "expected"), [(2**26, "incomplete"), (2**26 + 1, "too large")])
def test_response_of_64_mib_is_the_largest_by_default(length: int, expected: str, runner_of: RunnerOf) -> None:
    with RawServer(raw_response(b"{", length=length) + CLOSE) as server, runner_of(server, max_wait=0) as runner:
        assert expected in str(error_of(lambda: read(runner)))


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw deflate", "identity", "gzip members"])
def test_encoded_response_is_read(encoding: str, runner_of: RunnerOf) -> None:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bodies = {
        "deflate": zlib.compress(BIG),
        "raw deflate": compressor.compress(BIG) + compressor.flush(),
        "identity": BIG,
        "gzip members": gzip.compress(BIG[:99]) + gzip.compress(BIG[99:]) + b"\0\0",
    }
    name = encoding.removeprefix("raw ").removesuffix(" members")
    body = bodies.get(encoding, gzip.compress(BIG))
    with RawServer(raw_response(body, "200 OK", f"Content-Encoding: {name}")) as server, runner_of(server) as runner:
        assert read(runner)["data"] == "x" * 30_000


@pytest.mark.parametrize(
    ("body", "encoding"), [(b"not compressed", "gzip"), (b"{}", "zstd")], ids=["garbage", "unknown encoding"]
)
def test_undecodable_response_is_invalid(body: bytes, encoding: str, runner_of: RunnerOf) -> None:
    with RawServer(raw_response(body, "200 OK", f"Content-Encoding: {encoding}")) as server:
        error = error_of(lambda: read(runner_of(server)))

    assert type(error) is errors.InvalidResponseError
    assert "not decompressible" in str(error)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"a": [1, NaN]}', "NaN at line 1 column 11"),
        (b'{"a":\n Infinity}', "Infinity at line 2 column 2"),
        (b'{"a": -Infinity}', "-Infinity at line 1 column 7"),
        (b'{"note": "1e999 1e999", "a": 1e999}', "1e999 at line 1 column 30"),
        (b'{"a": [1,\n-1E+400]}', "-1E+400 at line 2 column 1"),
        (b"[1e000000000000000999]", "1e000000000000000999 at line 1 column 2"),
        (b"[" + b"9" * 309 + b".5]", "99999999999999999999\u2026 at line 1 column 2"),
        (b"[" + b"9" * 400 + b".5]", "99999999999999999999\u2026 at line 1 column 2"),
    ],
)
def test_nan_and_infinity_in_a_response_are_named_with_their_place(
    body: bytes, place: str, runner_of: RunnerOf
) -> None:
    with RawServer(raw_response(body)) as server:
        error = error_of(lambda: read(runner_of(server)))

    assert type(error) is errors.InvalidResponseError
    assert f"response (200) is not JSON, {place}" in str(error)


@pytest.mark.parametrize(
    "value",
    ["1e999", "Infinity and 1e999", 1e308, 1e-999, -1.5e300, 10**400, "a0e123b", {"s": "Infinity", "n": 1.5e100}],
    ids=lambda value: str(value)[:20],
)
def test_large_numbers_and_strings_that_look_like_them_are_read(value: Any, runner_of: RunnerOf) -> None:
    with RawServer(raw_response(json.dumps({"a": value}).encode())) as server:
        assert read(runner_of(server)) == {"a": value}


@pytest.mark.parametrize("count", [20, 21])
def test_interim_responses_are_bounded(count: int, runner_of: RunnerOf) -> None:
    with (
        RawServer(b"HTTP/1.1 103 Early Hints\r\n\r\n" * count + GOOD) as server,
        runner_of(server, max_wait=0) as runner,
    ):
        if count == 20:
            assert read(runner) == OK
        else:
            assert "unexpected interim response" in str(error_of(lambda: read(runner)))


def test_json_without_a_length_is_read_to_the_end_of_its_connection(runner_of: RunnerOf) -> None:
    with RawServer(raw_response(OK, has_length=False) + CLOSE) as server, runner_of(server) as runner:
        assert read(runner) == OK


def test_text_without_a_length_ends_with_its_connection(runner_of: RunnerOf) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{half" + CLOSE
    with RawServer(answer) as server, runner_of(server) as runner:
        payload = runner.invoke("rawRequest", {"method": "GET", "url": "/x", "responseType": "text"})

    assert payload == {"data": "{half"}


@pytest.mark.parametrize("body", [b'{"a": ' + b"9" * 5000 + b"}", b"\xff\xfe", b'{"a": "\\ud8'])
def test_absurd_body_is_an_invalid_response(body: bytes, runner_of: RunnerOf) -> None:
    with RawServer(raw_response(body)) as server:
        assert type(error_of(lambda: read(runner_of(server)))) is errors.InvalidResponseError


def test_half_a_surrogate_pair_in_an_error_is_replaced(runner_of: RunnerOf) -> None:
    body = b'{"errors": [{"message": "bad \\ud800", "data": {"\\udfff": 1}}]}'
    with RawServer(raw_response(body, "422 Invalid")) as server:
        error = error_of(lambda: read(runner_of(server)))

    assert "bad ?" in str(error)
    str(error.to_dict()).encode()


def test_data_of_an_api_error_passes_through(runner_of: RunnerOf) -> None:
    body = {"errors": [{"message": "no", "data": {"n": 1, "b": True, "x": None, "f": 1.5, "l": [1, "ü"]}}]}
    with RawServer(raw_response(body, "422 Invalid")) as server:
        error = error_of(lambda: read(runner_of(server)))

    assert error.to_dict()["error"]["errors"][0]["data"] == {"n": 1, "b": True, "x": None, "f": 1.5, "l": [1, "ü"]}


def test_broken_error_response_keeps_its_status(way: str, runner_of: RunnerOf) -> None:
    with RawServer(raw_response({}, "422 Invalid", length=99) + CLOSE) as server:
        error = error_of(lambda: write(runner_of(server)))

    assert (type(error), error.status) == (errors.UnprocessableError, 422)


def test_query_is_not_in_an_error(runner_of: RunnerOf) -> None:
    with RawServer(raw_response({}, "404 Not Found")) as server:
        inputs = {"url": "/users?email=a@b.example", "method": "GET"}
        error = error_of(lambda: runner_of(server).invoke("rawRequest", inputs))

    assert "b.example" not in str(error) + str(error.to_dict())


@pytest.mark.parametrize("max_wait", [0, 60])
def test_unreachable_host_is_tried_twice(
    max_wait: float, way: str, runner_of: RunnerOf, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        runner = runner_of(f"http://127.0.0.1:{probe.getsockname()[1]}", max_wait=max_wait)
        with caplog.at_level("DEBUG", "connector.rest"):
            error = error_of(lambda: write(runner))

    assert (type(error), error.exit_code) == (errors.UnreachableError, 5)
    assert error.message.endswith("connection refused")
    attempts = [record for record in caplog.records if "UnreachableError" in record.getMessage()]
    assert len(attempts) == 2


@pytest.mark.parametrize("error_type", [requests.ConnectTimeout, requests.exceptions.SSLError, requests.ReadTimeout])
def test_error_of_a_stub_is_an_error_of_ours(
    error_type: type[requests.RequestException], segment: connector.Component
) -> None:
    expected = {
        requests.ConnectTimeout: errors.UnreachableError,
        requests.exceptions.SSLError: errors.TLSError,
        requests.ReadTimeout: errors.OutcomeUnknownError,
    }
    with responses.RequestsMock() as stubs:
        stubs.post("https://api.segmentapis.com/sources", body=error_type("no"))
        runner = connector.Runner(segment, {"fields": {"apiKey": "abc123def456"}}, max_wait=0)
        assert type(error_of(lambda: write(runner))) is expected[error_type]


def test_connection_that_takes_too_long_has_a_short_reason(segment: connector.Component) -> None:
    cause = urllib3.exceptions.ConnectTimeoutError("pool", "timed out (connect timeout=10)")
    with responses.RequestsMock() as stubs:
        stubs.get("https://api.segmentapis.com/sources/s", body=requests.ConnectTimeout(cause))
        runner = connector.Runner(segment, {"fields": {"apiKey": "abc123def456"}}, max_wait=0)
        error = error_of(lambda: read(runner))

    assert error.message == "cannot connect to api.segmentapis.com: timed out"


def test_unexpected_error_of_a_stub_is_a_request_error(segment: connector.Component) -> None:
    with responses.RequestsMock() as stubs:
        stubs.get("https://api.segmentapis.com/sources/s", body=OSError("odd"))
        runner = connector.Runner(segment, {"fields": {"apiKey": "abc123def456"}}, max_wait=0)
        error = error_of(lambda: read(runner))

    assert error.message == "connection closed before the response: odd"


def test_call_without_a_stub_was_not_sent_and_says_why(segment: connector.Component) -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as stubs:
        matcher = responses.matchers.query_param_matcher({"pagination.count": "7"})
        stubs.get("https://api.segmentapis.com/sources", json={}, match=[matcher])
        runner = connector.Runner(segment, {"fields": {"apiKey": "abc123def456"}}, max_wait=0)
        error = error_of(lambda: runner.invoke("listSources", {"count": 7}))

    assert type(error) is errors.UnreachableError
    assert error.message.startswith("rejected by the test library: ")
    assert "doesn't match any registered mock" in error.message
    assert "pagination" in error.message
    assert "Nothing was sent" in error.hint


@pytest.mark.parametrize(
    "request_",
    [
        Request("GE T", "/a"),
        Request("GET", "/a b"),
        Request("GET", "/a\r\nX: y"),
        Request("GET", "/ü"),
        Request("GET", "/a", {"X": "a\r\nY: b"}),
        Request("GET", "/a", {"X: Y": "a"}),
        Request("GET", "/a", {"X": "€"}),
    ],
    ids=["method", "space", "line break", "path", "header value", "header name", "charset"],
)
def test_request_that_would_break_http_is_not_sent(request_: Request, way: str) -> None:
    with RawServer(GOOD) as server, pytest.raises(errors.UsageError):
        Transport().send(Endpoint(base_url=server.url), request_, CallLimits(max_wait=0))

    assert server.requests == []


def test_framing_headers_of_a_plugin_are_ignored() -> None:
    headers = {"Content-Length": "999", "Transfer-Encoding": "chunked", "accept": "text/plain"}
    with RawServer(GOOD) as server:
        Transport().send(Endpoint(base_url=server.url), Request("POST", "/a", headers, b"{}"), CallLimits(max_wait=0))

    head = server.requests[0].lower()
    assert head.count(b"content-length: 2\r\n") == 1
    assert b"transfer-encoding" not in head
    assert head.count(b"accept: ") == 1
    assert b"accept: text/plain" in head


def test_both_ways_send_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request("POST", "/a?b=%5B1%5D", {"Content-Type": "application/json"}, b'{"a": 1}')
    with RawServer(GOOD) as server:
        endpoint = Endpoint(base_url=f"{server.url}/v1", headers={"User-Agent": "test/1"})
        Transport().send(endpoint, request, CallLimits(max_wait=0))
        patch_adapter(monkeypatch)
        Transport().send(endpoint, request, CallLimits(max_wait=0))

    own, adapter = ({line.lower() for line in sent.split(b"\r\n")} for sent in server.requests)
    assert own == adapter


def test_large_body_is_sent_whole(way: str) -> None:
    body = b"x" * 1_000_000
    with RawServer(GOOD) as server:
        Transport().send(Endpoint(base_url=server.url), Request("POST", "/a", {}, body), CallLimits(max_wait=0))

    assert server.requests[0].endswith(body)


def test_large_body_has_no_end_when_its_sender_may_not_send_it_anymore() -> None:
    received: list[bytes] = []
    looks = iter([None, RuntimeError("over")])

    def look() -> None:
        if error := next(looks):
            raise error

    def serve(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer:
            while part := peer.recv(65536):
                received.append(part)

    request = Request("POST", "/a", {}, b"x" * 70_000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=[server])
        thread.start()
        endpoint = Endpoint(base_url=f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(RuntimeError, match="over"):
            Transport().send(endpoint, request, CallLimits(max_wait=0, before_send=look))
        thread.join()

    _, _, body = b"".join(received).partition(b"\r\n\r\n")
    assert body == b"x" * 69_999


def test_request_is_compared_and_shown_without_its_functions() -> None:
    plain = Request("GET", "/a")
    described = Request("GET", "/a", own_limit=lambda: "listSources", secret_values=lambda: ["abcd"])

    assert plain == described
    assert repr(plain) == repr(described)
