"""Bodies and headers of the HTTP interface: what is read from a request, and what an error becomes."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from connector import errors
from connector.engines.statuses import CallerKeyError, http_status, known_error, retry_headers

MAX_BODY_BYTES = 4_000_000


class JsonResponse(Response):
    """A response with a JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body; pydantic's writer is faster than the standard library's."""
        return to_json(content)


def error_response(error: Exception, *, is_read: bool) -> Response:
    """Return the response for an error."""
    known = known_error(error)
    headers = retry_headers(known)
    if isinstance(known, CallerKeyError):
        headers["WWW-Authenticate"] = "Bearer"
    return JsonResponse(known.to_dict(), http_status(known, is_read=is_read), headers)


async def no_route_response(request: Request, error: Exception) -> Response:
    """Return the response to a path, or a method of a path, that the server does not have."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this class alone
    path, hint = request.url.path, "GET /openapi.json describes the paths of this server."
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        known: errors.UsageError = errors.UnknownKeyError(f'unknown path "{path}"', hint=hint)
    else:
        known = errors.UsageError(f'path "{path}" has no method {request.method}', hint=hint)
        headers["Allow"] = ", ".join(_methods_of(request))
    return JsonResponse(known.to_dict(), error.status_code, headers)


def _methods_of(request: Request) -> list[str]:
    """Return the methods of a path; Starlette names those of its first route alone."""
    routes = [each for each in request.app.routes if each.matches(request.scope)[0] != Match.NONE]
    return sorted({method for each in routes for method in each.methods})


class HostCheck:
    """Middleware that rejects requests whose header `Host` names another server.

    Args:
        app: The application.
        hosts: The names that the header may have, with any port.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond with 400 to a request with another name, and pass on everything else."""
        if scope["type"] == "lifespan" or self._is_named(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        hint = f"Send it to {' or '.join(self._hosts)}, or start the server with --allow-remote."
        error = errors.UsageError("the header Host does not name this server", hint=hint)
        await error_response(error, is_read=True)(scope, receive, send)

    def _is_named(self, header: str) -> bool:
        return re.sub(r":\d*\Z", "", header).lower() in self._hosts


def stopped_response(*, is_read: bool) -> Response:
    """Return the response to a call that the end of the server cuts."""
    kind = errors.CallCancelledError if is_read else errors.OutcomeUnknownError
    return error_response(kind("the server stopped before the call ended"), is_read=is_read)


async def body_of(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        PayloadTooLargeError: If it is larger than `MAX_BODY_BYTES`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise errors.PayloadTooLargeError(f"the body is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body of a request; an empty body is an empty object.

    Raises:
        UsageError: If the body is not a JSON object.
        PayloadTooLargeError: If it is larger than `MAX_BODY_BYTES`.
    """
    body = await body_of(request)
    if not body.strip():
        return {}
    try:
        value = from_json(body)
    except ValueError as error:
        raise errors.UsageError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise errors.UsageError("the body must be a JSON object of inputs")
    return value


def seconds_in(request: Request, name: str) -> float | None:
    """Return the number of seconds in a header, or None without the header.

    Raises:
        UsageError: If it is not a number.
    """
    text = request.headers.get(name)
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        number = float(text)
        if 0 <= number < math.inf:
            return number
    raise errors.UsageError(f'{name} must be a number of seconds, got "{text}"')
