"""The responses that a test sets up, and the requests that they respond to."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class SentRequest:
    """One request as it would have been sent, without credentials.

    Attributes:
        method: Upper-case HTTP method.
        host: Host, with a port where the URL names one.
        path: Percent-encoded path, without the query.
        query: Decoded query parameters; a repeated one has a list.
        headers: Headers without Authorization; names are case-insensitive.
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
        """The body parsed as JSON; None without a body.

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
    """A response set up by a test.

    Attributes:
        status: HTTP status; None is a timeout.
        headers: Headers of the response.
        body: Bytes of its body.
        method: Method of the requests to respond to; None is any.
        path: Percent-encoded path of the requests to respond to; None is any.
        repeat: Responds any number of times, even never; otherwise exactly once.
        used: Number of responses so far.
    """

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    method: str | None = None
    path: str | None = None
    repeat: bool = False
    used: int = 0

    def matches(self, request: SentRequest) -> bool:
        """Return True if it responds to this request and is not used up."""
        matches = self.method in {None, request.method} and self.path in {None, request.path}
        return matches and (self.repeat or not self.used)

    def precision(self) -> int:
        """Return the number of conditions on a request; the most precise stub responds."""
        return (self.method is not None) + (self.path is not None)

    def __str__(self) -> str:
        response = "timeout" if self.status is None else str(self.status)
        used = " (used)" if self.used and not self.repeat else ""
        return f"{self.method or 'any method'} {self.path or 'any path'} -> {response}{used}"


class UnexpectedRequestError(AssertionError):
    """A request matched no stub."""

    def __init__(self, request: SentRequest, stubs: Sequence[Stub]) -> None:
        listed = "".join(f"\n  - {stub}" for stub in stubs) or " none"
        hint = f'Add one: harness.respond({{...}}, method="{request.method}", path="{request.path}").'
        super().__init__(f"no stub matches {request}\nstubs:{listed}\nhint: {hint}")
        self.request = request


class StubQueue:
    """The stubs of a harness, and the requests that it received; thread-safe."""

    def __init__(self) -> None:
        self.stubs: list[Stub] = []
        self.requests: list[SentRequest] = []
        self.unexpected: list[UnexpectedRequestError] = []
        self._lock = threading.Lock()

    def respond(self, request: SentRequest) -> Stub:
        """Record a request and return its stub.

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
            UnexpectedRequestError: If a request matched no stub, even if its error was caught.
            AssertionError: If a stub was not used.
        """
        if self.unexpected:
            raise self.unexpected[0]
        unused = [stub for stub in self.stubs if not (stub.used or stub.repeat)]
        if unused:
            lines = "".join(f"\n  - {stub}" for stub in unused)
            requests = ", ".join(map(str, self.requests)) or "none"
            msg = f"unused stubs:{lines}\nrequests: {requests}"
            raise AssertionError(msg)
