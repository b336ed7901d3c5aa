"""The replies that a test prepares, and the requests that asked for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class SentRequest:
    """One request as it would have gone over the wire, without credentials.

    Attributes:
        method: Upper-case HTTP method.
        host: Host, with a port where the URL names one.
        path: Percent-encoded path, without the query.
        query: Decoded parameters; one that comes several times has a list.
        headers: Headers but for Authorization; looking one up ignores case.
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
        """The body read as JSON; None without a body.

        Raises:
            ValueError: The body is not JSON.
        """
        return json.loads(self.body) if self.body else None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def __repr__(self) -> str:
        return f"SentRequest({self})"


@dataclass(slots=True, kw_only=True, eq=False)
class Stub:
    """One prepared reply, and for which request it is.

    Attributes:
        status: HTTP status; None is no answer at all.
        headers: Headers of the reply.
        body: Bytes of its body.
        method: The method it is for; None is any.
        path: The percent-encoded path it is for; None is any.
        repeat: It answers as often as it is asked for, even never; otherwise exactly once.
        used: How often it answered.
    """

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    method: str | None = None
    path: str | None = None
    repeat: bool = False
    used: int = 0

    def answers(self, request: SentRequest) -> bool:
        """True when it is for this request, and not spent."""
        fits = self.method in {None, request.method} and self.path in {None, request.path}
        return fits and (self.repeat or not self.used)

    def precision(self) -> int:
        """How much it asks of a request: the more, the sooner it is used."""
        return (self.method is not None) + (self.path is not None)

    def __str__(self) -> str:
        reply = "no answer" if self.status is None else str(self.status)
        spent = " (used)" if self.used and not self.repeat else ""
        return f"{self.method or 'any method'} {self.path or 'any path'} -> {reply}{spent}"


class UnexpectedRequestError(AssertionError):
    """A request went out that no prepared reply is for."""

    def __init__(self, request: SentRequest, stubs: Sequence[Stub]) -> None:
        prepared = "".join(f"\n  - {stub}" for stub in stubs)
        there_are = f"The prepared replies are:{prepared}" if stubs else "No reply was prepared."
        hint = f'Prepare one: harness.respond({{...}}, method="{request.method}", path="{request.path}").'
        super().__init__(f"no reply was prepared for {request}.\n{there_are}\n{hint}")
        self.request = request


class StubQueue:
    """Prepared replies, and the requests that they answered; safe to share between threads."""

    def __init__(self) -> None:
        self.stubs: list[Stub] = []
        self.requests: list[SentRequest] = []
        self.unexpected: list[UnexpectedRequestError] = []
        self._lock = threading.Lock()

    def answer(self, request: SentRequest) -> Stub:
        """Keep a request and find its reply.

        Raises:
            UnexpectedRequestError: There is none.
        """
        with self._lock:
            self.requests.append(request)
            fitting = [stub for stub in self.stubs if stub.answers(request)]
            if not fitting:
                self.unexpected.append(UnexpectedRequestError(request, self.stubs))
                raise self.unexpected[-1]
            stub = max(fitting, key=Stub.precision)  # the first of several
            stub.used += 1
            return stub

    def check(self) -> None:
        """See that requests and replies matched one another.

        Raises:
            UnexpectedRequestError: A request found no reply, even if its error was caught on the way.
            AssertionError: A reply was never asked for.
        """
        if self.unexpected:
            raise self.unexpected[0]
        unused = [stub for stub in self.stubs if not (stub.used or stub.repeat)]
        if unused:
            lines = "".join(f"\n  - {stub}" for stub in unused)
            asked = ", ".join(map(str, self.requests)) or "none"
            msg = f"prepared, but never asked for:{lines}\nThe requests were: {asked}."
            raise AssertionError(msg)
