"""From one request to its response: the operation, the permission, the body, the handler."""

from __future__ import annotations

import math
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from connector.component.api_description import Operation as ApiOperation
from connector.component.json_schema import sample
from connector.sandbox_kit import access_tokens
from connector.sandbox_kit.assumptions import AssumptionValues
from connector.sandbox_kit.context import RequestContext
from connector.sandbox_kit.errors import ApiError, BusyError, DuplicateError, not_found, problem, unauthorized
from connector.sandbox_kit.faults import Limited
from connector.sandbox_kit.http_messages import Request, Response
from connector.sandbox_kit.operations import Operation
from connector.sandbox_kit.query_params import Query
from connector.sandbox_kit.request_bodies import read_body
from connector.sandbox_kit.simulated_api import SimulatedApi
from connector.sandbox_kit.store import Store, dumps

MAX_ID = 255
BODY_LIMITS = {"1MiB": 2**20, "10MiB": 10 * 2**20, "none": math.inf}
FIXED_TIME = datetime(2026, 1, 1, tzinfo=UTC)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SAMPLE_HEADER = "X-Sandbox-Sample"
MAX_GENERATED = 100_000
"""Generated ids and keys that are remembered, so that a sandbox that is served for long does not grow."""


@dataclass
class Budget:
    """The requests of the current minute, for the headers about the rate limit."""

    start: float = 0.0
    consumed: int = 0

    def consume(self, total: int) -> tuple[int, int, float]:
        """Count one request; return the requests consumed and remaining, and the time of the reset."""
        now = time.time()
        if now - self.start >= 60:
            self.start, self.consumed = now, 0
        self.consumed += 1
        return self.consumed, max(0, total - self.consumed), self.start + 60


@dataclass
class RequestHandler:
    """A simulated API over one store.

    Args:
        api: The simulated API.
        store: The records.
        assumptions: The values that are set.
        fixed: Whether ids, keys and times are the same in every run.
        generated: The ids and keys that were generated, oldest first.
    """

    api: SimulatedApi
    store: Store
    assumptions: AssumptionValues
    fixed: bool = False
    budget: Budget = field(default_factory=Budget)
    generated: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_GENERATED), repr=False)

    def __post_init__(self) -> None:
        # Seeded by the position of the newest record, so that a reopened file does not produce the same ids again.
        self._random: random.Random = (
            random.Random(self.store.last_seq()) if self.fixed else secrets.SystemRandom()  # noqa: S311
        )
        self._now: Callable[[], datetime] = lambda: FIXED_TIME if self.fixed else datetime.now(UTC)

    def respond(self, request: Request) -> Response:
        """Handle one request; what it wrote is committed when this returns.

        Raises:
            BusyError: If another process has locked the file; then nothing was done, and it can be called again.
        """
        context = self._context(request)
        try:
            match = self.match(request, context.assume)
            if match is None:
                return self._unbuilt(context, request)
            operation, context.params = match
            media_type = self.api.media_type(operation, request.accept, context.assume)
            data = self._perform(context, operation, request)
        except ApiError as error:
            return self.error_response(error, context)
        except DuplicateError as error:
            return self.error_response(ApiError(409, [{"message": error.message}]), context)
        content = self.api.wrap(data if isinstance(data, str) else dumps(data)).encode()
        headers = {"Content-Type": media_type, **self._headers(context.decided), **context.response_headers}
        return Response(operation.status, content, headers)

    def _context(self, request: Request) -> RequestContext:
        return RequestContext(
            self.api, self.store, self.assumptions, {}, Query(request.query), self._random, self._now,
            restricted=request.restricted, headers=request.headers, generated=self.generated,
        )  # fmt: skip

    def new_id(self) -> str:
        """Return a new opaque id."""
        return self._context(Request("", "")).new_id()

    def match(
        self, request: Request, assume: Callable[[str], str] | None = None
    ) -> tuple[Operation, Mapping[str, str]] | None:
        """Return the operation that a request calls, and its path parameters; `assume` notes what decides that."""
        assume = assume or self.assumptions.__getitem__
        path = request.path
        if len(path) > 1 and path.endswith("/") and assume("trailing-slash") == "ignore":
            path = path.rstrip("/") or "/"
        return self.api.operations.match(request.method, self.api.canonical_path(path, assume))

    def _perform(self, context: RequestContext, operation: Operation, request: Request) -> Any:
        if self.api.access_tokens is not None:
            self.api.access_tokens.check(context)
        may_write = not context.restricted or operation.id == access_tokens.OPERATION
        if operation.writes and not may_write and context.assume("restricted-token") == "read-only":
            raise unauthorized()
        if len(request.content) > min(BODY_LIMITS.values()):
            context.assume("body-limit")
            if len(request.content) > self.body_limit:
                raise ApiError(413, [{"message": "Request entity too large"}])
        _check_params(context.params)
        arguments = [read_body(context, operation, request.content_type, request.content)] if operation.body else []
        with self.store.transaction(write=operation.writes, wait=0):
            return operation.handler(context, *arguments)

    def _unbuilt(self, context: RequestContext, request: Request) -> Response:
        """Return the response to a request that the sandbox does not simulate."""
        path = request.path.rstrip("/") or "/"
        description = self.api.description
        if description and (described := description.find(request.method, path)):
            return self._not_simulated(context, request, described)
        on_path = {each for each in METHODS if description and description.find(each, path)}
        if on_path or self.api.operations.methods_of(path):
            raise ApiError(405, [{"message": "Method not allowed"}])
        if description:
            raise not_found()
        return self._not_simulated(context, request, None)

    def _not_simulated(self, context: RequestContext, request: Request, described: ApiOperation | None) -> Response:
        choice = context.assume("unbuilt-operation")
        if choice == "404":
            raise not_found()
        if choice == "sample" and described:
            if request.method != "GET" and context.restricted and context.assume("restricted-token") == "read-only":
                raise unauthorized()
            content = dumps(sample(described.response_schema)).encode()
            headers = {"Content-Type": "application/json", SAMPLE_HEADER: described.id}
            return Response(described.status, content, headers | self._headers(context.decided))
        name = f"{request.method} {request.path}"
        message = (
            f"The sandbox does not implement {f'{described.id} ({name})' if described else name}. "
            "Set the assumption unbuilt-operation to sample for a sample response, or to 404."
        )
        raise ApiError(501, [{"type": "not-implemented", "message": message, "status": 501}])

    @property
    def body_limit(self) -> float:
        """The maximum size of a request body in bytes."""
        return BODY_LIMITS[self.assumptions["body-limit"]]

    def error_response(self, error: ApiError, context: RequestContext | None = None) -> Response:
        """Return the response for an error."""
        context = context or self._context(Request("", ""))
        content = dumps(self.api.error_body(error, context.assume)).encode()
        headers = {"Content-Type": "application/json"} | error.headers | self._headers(context.decided)
        return Response(error.status, content, headers)

    def reject_token(self, request: Request, token: str) -> Response:
        """Return the response to a request whose token no workspace has."""
        context = self._context(request)
        path = f"{request.path}?{request.query}" if request.query else request.path
        return self.error_response(self.api.reject_token(token, path, context.assume), context)

    def busy_response(self, error: BusyError) -> Response:
        """Return the response 503 to a request that waited too long for another process."""
        entry = {"type": "busy", "message": error.message, "status": 503}
        return self.error_response(ApiError(503, [entry], {"Retry-After": "1"}))

    def limited_response(self, limit: Limited) -> Response:
        """Return the response 429."""
        response = self.error_response(self.api.rate_limit_error(limit.consumed, limit.wait))
        headers = self.api.rate_limit_headers(limit.consumed, 0, time.time() + limit.wait)
        if limit.retry_after:
            headers["Retry-After"] = str(math.ceil(limit.wait))
        return replace(response, headers=response.headers | headers)

    def _headers(self, decided: Iterable[str]) -> dict[str, str]:
        total = self.api.points_per_minute(self.assumptions.__getitem__)
        headers = self.api.rate_limit_headers(*self.budget.consume(total))
        names = ", ".join(decided)
        return headers | {"X-Sandbox-Assumption": names} if names else headers


def _check_params(params: Mapping[str, str]) -> None:
    errors = [
        problem(name, f"must have 1 to {MAX_ID} characters")
        for name, value in params.items()
        if not 1 <= len(value) <= MAX_ID
    ]
    if errors:
        raise ApiError(422, errors)
