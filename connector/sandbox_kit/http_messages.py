"""Requests and responses of a sandbox, and its request log."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import from_json

from connector.sandbox_kit.query_params import Query

LOG_LENGTH = 10_000
LOG_BYTES = 32 * 2**20


@dataclass
class Request:
    """A request as it was received.

    `path` is percent-encoded, `restricted` says which token it has, and names of headers are in lower case.
    """

    method: str
    path: str
    query: str = ""
    accept: str = ""
    content_type: str = ""
    content: bytes = b""
    restricted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Response:
    """A response to send."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoggedRequest:
    """A request that a workspace received, without its token.

    Attributes:
        method: The HTTP method.
        path: The path as sent.
        query: Each key of the query as sent, with its values.
        body: The body, parsed if it is JSON, else a string; None without one.
        status: The status of the response; None if the connection was closed without one.
        fault: The fault that the request met.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    status: int | None
    fault: str | None = None


class RequestLog:
    """The last requests of a workspace, bounded in number and in bytes."""

    def __init__(self) -> None:
        self._entries: deque[tuple[Request, int | None, str | None]] = deque()
        self._bytes = 0

    def add(self, request: Request, status: int | None, fault: str | None) -> None:
        """Append a request and drop the oldest ones beyond the bounds."""
        self._entries.append((replace(request, headers={}), status, fault))  # they hold the token
        self._bytes += _size(request)
        while len(self._entries) > LOG_LENGTH or (self._bytes > LOG_BYTES and len(self._entries) > 1):
            self._bytes -= _size(self._entries.popleft()[0])

    def clear(self) -> None:
        """Remove all requests."""
        self._entries.clear()
        self._bytes = 0

    def read(self) -> list[LoggedRequest]:
        """Return the requests, oldest first."""
        # Bodies are parsed here and not in add(), which runs in the server's event loop.
        return [
            LoggedRequest(each.method, each.path, Query(each.query).raw, _body(each.content), status, fault)
            for each, status, fault in list(self._entries)
        ]


def _size(request: Request) -> int:
    return len(request.path) + len(request.query) + len(request.content)


def _body(content: bytes) -> Any:
    if not content:
        return None
    try:
        return from_json(content)
    except ValueError:
        return content.decode(errors="replace")
