"""Stubs: the responses that a test sets up, and the requests that they served."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class SentRequest:
    """One request that would have been sent, without credentials.

    Attributes:
        method: Upper-case HTTP method.
        host: Host, with a port where the URL names one.
        path: Percent-encoded path, without the query.
        query: Decoded parameters; one that comes several times has a list.
        headers: Headers without Authorization; lookups ignore case.
        body: Bytes of the body; empty without one.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str | list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed as JSON; None without a body.

        Raises:
            ValueError: If the body is not JSON.
        """
        return json.loads(self.body) if self.body else None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def __repr__(self) -> str:
        return f"SentRequest({self})"


@dataclass(slots=True, kw_only=True, eq=False)
class Stub:
    """One response that a test set up, and the requests that it matches.

    Attributes:
        status: HTTP status; None for a timeout.
        headers: Headers of the response.
        body: Bytes of the body.
        method: Method that it matches; None for any.
        path: Percent-encoded path that it matches; None for any.
        repeat: Whether it serves any number of requests, even none, instead of exactly one.
        used: Number of requests that it served.
    """

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    method: str | None = None
    path: str | None = None
    repeat: bool = False
    used: int = 0

    def matches(self, request: SentRequest) -> bool:
        """Return whether it can serve this request."""
        is_match = self.method in {None, request.method} and self.path in {None, request.path}
        return is_match and (self.repeat or not self.used)

    def precision(self) -> int:
        """Return how specific it is: the most specific stub is used first."""
        return (self.method is not None) + (self.path is not None)

    def __str__(self) -> str:
        response = "timeout" if self.status is None else str(self.status)
        used = " (used)" if self.used and not self.repeat else ""
        return f"{self.method or 'any method'} {self.path or 'any path'} -> {response}{used}"


class UnexpectedRequestError(AssertionError):
    """A request was sent that no stub matches."""

    def __init__(self, request: SentRequest, stubs: Sequence[Stub]) -> None:
        lines = "".join(f"\n  - {stub}" for stub in stubs)
        listing = f"stubs:{lines}" if stubs else "stubs: none"
        hint = f'Add one: harness.respond({{...}}, method="{request.method}", path="{request.path}").'
        super().__init__(f"no stub matches {request}\n{listing}\n{hint}")
        self.request = request


class StubQueue:
    """Stubs, and the requests that they served. Thread-safe."""

    def __init__(self) -> None:
        self.stubs: list[Stub] = []
        self.requests: list[SentRequest] = []
        self.unexpected: list[UnexpectedRequestError] = []
        self._lock = threading.Lock()

    def serve(self, request: SentRequest) -> Stub:
        """Record a request and return the stub that serves it.

        Raises:
            UnexpectedRequestError: If no stub matches.
        """
        with self._lock:
            self.requests.append(request)
            matches = [stub for stub in self.stubs if stub.matches(request)]
            if not matches:
                self.unexpected.append(UnexpectedRequestError(request, self.stubs))
                raise self.unexpected[-1]
            stub = max(matches, key=Stub.precision)  # max returns the first of several
            stub.used += 1
            return stub

    def check(self) -> None:
        """Assert that every stub was used and every request matched.

        Raises:
            UnexpectedRequestError: If a request was unmatched, even if the program caught its error.
            AssertionError: If a stub is unused.
        """
        if self.unexpected:
            raise self.unexpected[0]
        unused = [stub for stub in self.stubs if not (stub.used or stub.repeat)]
        if unused:
            lines = "".join(f"\n  - {stub}" for stub in unused)
            requests = ", ".join(map(str, self.requests)) or "none"
            msg = f"unused stubs:{lines}\nrequests: {requests}"
            raise AssertionError(msg)
