"""Patching with the library `responses`, which keeps requests from leaving the process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import requests
import responses
from requests.structures import CaseInsensitiveDict

from connector.rest.rate_limits import RateLimitGate
from connector.testing.stubs import SentRequest, StubQueue


class _AnyRequest(responses.CallbackResponse):
    """Responds to every request, of any method, from a queue of stubs."""

    def __init__(self, queue: StubQueue) -> None:
        super().__init__("GET", re.compile(""), callback=self.respond, content_type=None)
        self.queue = queue

    def matches(self, _request: requests.PreparedRequest) -> tuple[bool, str]:
        """Match every request."""
        return True, ""

    def respond(self, request: requests.PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and body for a request."""
        stub = self.queue.respond(sent(request))
        if stub.status is None:
            raise requests.ReadTimeout("no response", request=request)
        return stub.status, stub.headers, stub.body


def patched(queue: StubQueue) -> responses.RequestsMock:
    """Return a context in which every request of the process made through `requests` gets a stub."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    mock.add(_AnyRequest(queue))
    return mock


@contextmanager
def no_waiting() -> Iterator[None]:
    """A context in which no call waits, whatever the responses ask for."""
    with (
        patch("connector.rest.rate_limits.sleep", lambda _seconds, _cancelled: False),
        patch.object(RateLimitGate, "hold", lambda _gate, _ticket, _seconds, _own_limit: None),
    ):
        yield


def sent(request: requests.PreparedRequest) -> SentRequest:
    """Return a prepared request in the form that tests inspect."""
    url = urlsplit(request.url or "")
    query: dict[str, Any] = {}
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        earlier = query.get(name, [])
        several = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        query[name] = several if name in query else value
    headers = {name: _text(value) for name, value in request.headers.items() if name.lower() != "authorization"}
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    return SentRequest(str(request.method), url.netloc, url.path, query, CaseInsensitiveDict(headers), raw)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
