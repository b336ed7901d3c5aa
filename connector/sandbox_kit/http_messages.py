"""Requests and responses of a sandbox, and its request log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """A request as it came in; `path` is percent-encoded, `restricted` what its token is."""

    method: str
    path: str
    query: str = ""
    accept: str = ""
    content_type: str = ""
    content: bytes = b""
    restricted: bool = False


@dataclass(frozen=True)
class Response:
    """What is sent back."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoggedRequest:
    """A request that the workspace got; the token is never kept.

    Attributes:
        method: The HTTP method.
        path: The path as sent.
        query: Each key of the query as sent, with its values.
        body: The body, parsed where it is JSON, else its text; None without one.
        status: The status answered; None when the connection was cut before an answer.
        fault: The error, drop, truncation or limit that it met, as given to `fault`.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    status: int | None
    fault: str | None = None
