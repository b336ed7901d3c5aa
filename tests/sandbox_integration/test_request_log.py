"""The request log keeps the last requests within bounds, and reads bodies only when it is read."""

from __future__ import annotations

import pytest

from connector.sandbox_kit import http_messages
from connector.sandbox_kit.http_messages import Request, RequestLog


def test_log_keeps_the_last_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_messages, "LOG_LENGTH", 3)
    log = RequestLog()
    for number in range(5):
        log.add(Request("GET", f"/{number}"), 200, None)
    assert [each.path for each in log.read()] == ["/2", "/3", "/4"]


def test_log_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_messages, "LOG_BYTES", 100)
    log = RequestLog()
    for number in range(5):
        log.add(Request("POST", f"/{number}", content=b"x" * 40), 200, None)
    assert [each.path for each in log.read()] == ["/3", "/4"]
    log.add(Request("POST", "/big", content=b"x" * 1000), 413, None)
    assert [each.path for each in log.read()] == ["/big"]
    log.clear()
    assert log.read() == []


def test_bodies_are_parsed_if_they_are_json() -> None:
    log = RequestLog()
    for content in (b'{"a": 1}', b"text", b"\xff", b""):
        log.add(Request("POST", "/", content=content), 200, None)
    assert [each.body for each in log.read()] == [{"a": 1}, "text", "\ufffd", None]
