"""Where the library `responses` comes in: it keeps requests from leaving the process."""

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
    """Answers every request, of whatever method, from a script."""

    def __init__(self, script: StubQueue) -> None:
        super().__init__("GET", re.compile(""), callback=self.answer, content_type=None)
        self.script = script

    def matches(self, _request: requests.PreparedRequest) -> tuple[bool, str]:
        """Whether to answer this request."""
        return True, ""

    def answer(self, request: requests.PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body for a request."""
        stub = self.script.answer(sent(request))
        if stub.status is None:
            raise requests.ReadTimeout("no answer", request=request)
        return stub.status, stub.headers, stub.body


def patched(script: StubQueue) -> responses.RequestsMock:
    """A context in which every request of the process that goes through `requests` is answered by the script."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    mock.add(_AnyRequest(script))
    return mock


@contextmanager
def no_waiting() -> Iterator[None]:
    """A context in which no call waits, whatever the responses ask for."""
    with (
        patch("connector.rest.rate_limits.sleep", lambda _seconds, _cancelled: False),
        patch.object(RateLimitGate, "hold", lambda _gate, _seconds, _own_limit: None),
    ):
        yield


def sent(request: requests.PreparedRequest) -> SentRequest:
    """A prepared request as tests look at it."""
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
