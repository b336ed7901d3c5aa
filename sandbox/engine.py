"""Answers one request: who asks, which operation, is it right, and what then. Knows no web framework."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox_kit.errors import ApiError, BusyError
from connector.sandbox_kit.http_messages import Request, Response

from . import (
    catalog,
    destinations,
    events,
    functions,
    sources,
    subscriptions,
    transformations,
    users,
    warehouses,
)
from .assumptions import ASSUMPTIONS, Assumptions
from .errors import OTHER_TYPES, not_found, not_implemented, problem, too_large, unauthorized
from .faults import Limited
from .operations import OPERATIONS, Operation, RequestContext, match
from .query_params import Query
from .request_bodies import read_body
from .store import Store, dumps

__all__ = ["OPERATIONS", "Budget", "Request", "RequestHandler", "Response"]

# Importing a resource's module registers its operations.
RESOURCES = (
    catalog, destinations, events, functions, sources, subscriptions, transformations, users, warehouses
)  # fmt: skip

_VERSION = re.compile(r"application/vnd\.segment\.(\w+)\+json", re.IGNORECASE)
_VERSION_NAMES = {"stable": "v1", "beta": "v1beta", "alpha": "v1alpha"}
_MAX_ID = 255
BODY_LIMITS = {"1MiB": 2**20, "10MiB": 10 * 2**20, "none": math.inf}


@dataclass
class Budget:
    """The points of the current minute, as the X-RateLimit headers tell them."""

    start: float = 0.0
    consumed: int = 0

    def headers(self, total: int) -> dict[str, str]:
        """Counts one request and tells what is left."""
        now = time.time()
        if now - self.start >= 60:
            self.start, self.consumed = now, 0
        self.consumed += 1
        return _limit_headers(self.consumed, max(0, total - self.consumed), self.start + 60)


def _limit_headers(consumed: int, remaining: int, reset: float) -> dict[str, str]:
    return {
        "X-RateLimit-Consumed": str(consumed),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": email.utils.formatdate(reset, usegmt=True),
    }


@dataclass
class RequestHandler:
    """The API over one store."""

    store: Store
    assumptions: Assumptions
    budget: Budget = field(default_factory=Budget)

    def answer(self, request: Request) -> Response:
        """Carries out one request; what it wrote is committed when this returns."""
        found = match(request.method, request.path)
        if found is None:
            unbuilt = self.assumptions["unbuilt-operation"] == "501"
            error = not_implemented(request.method, request.path) if unbuilt else not_found()
            return self.refusal(error, ["unbuilt-operation"])
        asked, params = found
        call = RequestContext(self.store, self.assumptions, params, Query(request.query), request.restricted)
        try:
            media_type = _media_type(call, asked, request.accept)
            data = self._carry_out(call, asked, request)
        except ApiError as error:
            return self.refusal(error, call.decided)
        except BusyError as error:
            busy = self.refusal(ApiError(503, [{"type": "busy", "message": error.message, "status": 503}]))
            return replace(busy, headers=busy.headers | {"Retry-After": "1"})
        content = f'{{"data":{data if isinstance(data, str) else dumps(data)}}}'.encode()
        return Response(asked.status, content, {"Content-Type": media_type, **self._headers(call.decided)})

    def _carry_out(self, call: RequestContext, asked: Operation, request: Request) -> Any:
        if asked.writes and call.restricted and call.assume("restricted-token") == "read-only":
            raise unauthorized()
        if len(request.content) > min(BODY_LIMITS.values()):
            call.assume("body-limit")
            if len(request.content) > self.body_limit:
                raise too_large()
        _check_params(call.params)
        arguments = [read_body(call, asked, request.content_type, request.content)] if asked.body else []
        with self.store.transaction(write=asked.writes):
            return asked.handler(call, *arguments)

    @property
    def body_limit(self) -> float:
        """The bytes that a body may have."""
        return BODY_LIMITS[self.assumptions["body-limit"]]

    def refusal(self, error: ApiError, decided: Iterable[str] = ()) -> Response:
        """The answer that an error makes."""
        errors = error.errors
        if any(entry["type"] in OTHER_TYPES for entry in errors):
            decided = [*decided, "error-types"]
            if self.assumptions["error-types"] != ASSUMPTIONS["error-types"].default:
                errors = [entry | {"type": OTHER_TYPES.get(entry["type"], entry["type"])} for entry in errors]
        headers = {"Content-Type": "application/json", **self._headers(decided)}
        return Response(error.status, dumps({"errors": errors}).encode(), headers)

    def limited(self, limit: Limited) -> Response:
        """The answer 429."""
        wait = {
            "remainingPoints": 0,
            "msBeforeNext": round(limit.wait * 1000),
            "consumedPoints": limit.consumed,
        }
        error = ApiError(429, [{"type": "RequestError", "message": "Too many requests", "data": wait}])
        headers = _limit_headers(limit.consumed, 0, time.time() + limit.wait)
        if limit.retry_after:
            headers["Retry-After"] = str(-int(-limit.wait // 1))
        answer = self.refusal(error)
        return replace(answer, headers=answer.headers | headers)

    def _headers(self, decided: Iterable[str]) -> dict[str, str]:
        headers = self.budget.headers(int(self.assumptions["rate-limit-budget"]))
        names = ", ".join(decided)
        return headers | {"X-Sandbox-Assumption": names} if names else headers


def _check_params(params: Mapping[str, str]) -> None:
    errors = [problem(name, f"must have 1 to {_MAX_ID} characters") for name, value in params.items()
              if not 1 <= len(value) <= _MAX_ID]  # fmt: skip
    if errors:
        raise ApiError(422, errors)


def _media_type(call: RequestContext, asked: Operation, accept: str) -> str:
    """The type of the answer: the versioned one when it was asked for by name."""
    versions = [_VERSION_NAMES.get(name.lower(), name.lower()) for name in _VERSION.findall(accept)]
    if asked.version in versions:
        return f"application/vnd.segment.{asked.version}+json"
    generic = any(each in accept for each in ("*/*", "application/*", "application/json"))
    if versions and not generic and call.assume("accept-version") == "404":
        raise not_found()
    return "application/json"
