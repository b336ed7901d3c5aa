"""`connector serve`: the actions of a component over HTTP, one Starlette application.

GET  /v1/actions  /v1/actions/{key}     what this caller may run, and the schemas of one action
POST /v1/actions/{key}                  the body holds the inputs; the response is the payload
POST /v1/records/{key}                  every record of every page as JSON lines
GET  /v1/choices/{key}?search=&limit=   choices of a data source
GET  /v1/connection                     test the connection
GET  /openapi.json                      the document of what this caller may run
GET  /liveness /readiness
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from pydantic_core import from_json, to_json
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from connector import errors
from connector.component.pagination import records_of
from connector.component.policy import Policy
from connector.component.runner import Runner
from connector.describe.summaries import metadata, title_of
from connector.engines.openapi import document
from connector.engines.service import Caller, Service
from connector.engines.statuses import CallerKeyError, http_status, known_error, retry_headers
from connector.rest.rate_limits import CANCELLED

T = TypeVar("T")
Handler = Callable[["Call"], Awaitable[Response]]

access_log = logging.getLogger("connector.access")
logger = logging.getLogger("connector.engines")

MAX_BODY_BYTES = 4_000_000
THREADS = 64
MAX_WAIT_SECONDS = 20.0
SHARE = 4
"""One connection uses at most this fraction of the threads, so that a rate-limited tenant does not slow the others."""


class JsonResponse(Response):
    """A response with a JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body; pydantic's writer is faster than the standard library's."""
        return to_json(content)


@dataclass
class Call:
    """One request to the server, with what the access log says about it.

    Attributes:
        request: The request.
        caller: Who calls.
        connection: Name of the connection, once it is known.
        key: Key of the action or data source, or "-".
        is_read: Whether an error without a better status may be a 5xx, which engines repeat.
        outlives_client: Whether the call goes on when the client is gone, since its result is reported elsewhere.
    """

    request: Request
    caller: Caller
    connection: str = "-"
    key: str = "-"
    is_read: bool = True
    outlives_client: bool = False


class HttpApp:
    """The application of `connector serve`.

    Args:
        service: Who may call what.
        threads: Maximum number of calls that run at once.
        max_wait: Maximum seconds that a call waits for rate limits, unless its header asks for less.
        reload: Returns the callers anew; it is called at SIGHUP, so that keys change without a restart.
    """

    def __init__(
        self,
        service: Service,
        *,
        threads: int = THREADS,
        max_wait: float = MAX_WAIT_SECONDS,
        reload: Callable[[], Sequence[Caller]] | None = None,
    ) -> None:
        self.service = service
        self._reload = reload
        self.max_wait = max_wait
        self.is_draining = False
        self._on_start: Callable[[], Awaitable[None]] | None = None
        self._threads = threads
        self._documents: dict[tuple[str, str, str], bytes] = {}

    def routes(self) -> list[Route]:
        """Return the routes of the plain HTTP interface."""
        return [
            Route("/liveness", self._liveness),
            Route("/readiness", self._readiness),
            self.route("/openapi.json", self._openapi),
            self.route("/v1/actions", self._actions),
            self.route("/v1/actions/{key}", self._schemas),
            self.route("/v1/actions/{key}", self._invoke, method="POST"),
            self.route("/v1/records/{key}", self._records, method="POST"),
            self.route("/v1/choices/{key}", self._choices),
            self.route("/v1/connection", self._connection),
        ]

    def asgi(
        self,
        *,
        more_routes: Sequence[Route] = (),
        hosts: Sequence[str] | None = None,
        on_start: Callable[[], Awaitable[None]] | None = None,
    ) -> Starlette:
        """Return the ASGI application.

        Args:
            more_routes: Routes of other protocols.
            hosts: Names that the header `Host` may have; None allows all. A server on loopback checks it, since a web
                page could otherwise reach the server through a name that resolves to 127.0.0.1.
            on_start: Awaited before the first request.
        """
        self._on_start = on_start
        middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))] if hosts else []
        routes = [*self.routes(), *more_routes]
        return Starlette(routes=routes, middleware=middleware, lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        if self._reload and hasattr(signal, "SIGHUP"):
            with contextlib.suppress(ValueError, RuntimeError):  # signals reach the main thread only
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._replace_callers, self._reload)
        if self._on_start:
            await self._on_start()
        yield
        self.service.close()

    def drain(self) -> None:
        """Report from now on that the server is not ready, while calls in progress finish."""
        self.is_draining = True

    def _replace_callers(self, load: Callable[[], Sequence[Caller]]) -> None:
        try:
            self.service.replace_callers(load())
        except errors.ConnectorError as error:  # the present callers stay
            logger.warning("the callers were not loaded again: %s", error)
            return
        self._documents.clear()
        logger.info("loaded %d callers again", len(self.service.callers))

    def route(self, path: str, handler: Handler, *, method: str = "GET") -> Route:
        """Return a route whose handler runs for an authenticated caller and whose errors become responses."""

        async def endpoint(request: Request) -> Response:
            started = time.perf_counter()
            call: Call | None = None
            try:
                call = Call(request, self.caller(request), key=request.path_params.get("key", "-"))
                response = await handler(call)
            except ClientDisconnect:
                response = Response(status_code=499)  # the client is gone; other servers log this status too
            except asyncio.CancelledError:  # the server stops, and the grace is over
                response = stopped_response(is_read=call.is_read if call else True)
            except Exception as error:  # every error has to become a response
                response = error_response(error, is_read=call.is_read if call else True)
            _log(path, request, call, response.status_code, time.perf_counter() - started)
            return response

        return Route(path, endpoint, methods=[method])

    def caller(self, request: Request) -> Caller:
        """Return who calls.

        Raises:
            CallerKeyError: If the key is missing or wrong.
        """
        headers = request.headers
        scheme, _, token = headers.get("authorization", "").partition(" ")
        key = headers.get("x-api-key") or headers.get("spiff-connector-proxy-api-key")
        key = key or (token.strip() if scheme.lower() == "bearer" else "")
        caller = self.service.authenticate(key) if key else None
        if caller is None:
            hint = "Send the key of the server in the header X-Api-Key, or as a bearer token."
            raise CallerKeyError("invalid key" if key else "no key", hint=hint)
        return caller

    def runner(self, call: Call, name: str | None = None) -> Runner:
        """Return the runner of a call and note the name of its connection for the log."""
        wanted = name or call.request.headers.get("x-connection")
        call.connection = self.service.connection_name(call.caller, wanted)
        return self.service.runner(call.caller, call.connection)

    async def work(self, call: Call, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a blocking function in a thread.

        A call first waits for a place of its connection. This wait costs no thread and is bounded by `max_wait`.
        When the client disconnects, a call that waits ends. A request on its way is never cut.

        Raises:
            RateLimitError: If the connection has no free place in time.
            ClientDisconnect: If the client disconnected while the call waited.
        """
        cancelled = threading.Event()
        watch = None if call.outlives_client else asyncio.create_task(_watch(call.request, cancelled))
        try:
            return await self._work(call, cancelled, functools.partial(function, *args, **kwargs))
        except errors.CallCancelledError:
            if cancelled.is_set():
                raise ClientDisconnect from None
            raise
        finally:
            if watch:
                watch.cancel()

    async def _work(self, call: Call, cancelled: threading.Event, function: Callable[[], T]) -> T:
        places = self._places(call.connection)
        try:
            with anyio.fail_after(self.max_wait):
                await places.acquire()
        except TimeoutError:
            raise errors.RateLimitError("too many calls are waiting on this connection", retry_after=1) from None
        try:
            if cancelled.is_set():
                raise ClientDisconnect
            CANCELLED.set(cancelled)  # the thread gets a copy of this context
            return await anyio.to_thread.run_sync(function, limiter=self._limiter)
        finally:
            places.release()

    @functools.cached_property
    def _limiter(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(self._threads)  # made on first use: it belongs to the running event loop

    @functools.cached_property
    def _semaphores(self) -> dict[str, asyncio.Semaphore]:
        share = self._threads if len(self.service.connections) == 1 else max(1, self._threads // SHARE)
        return {name: asyncio.Semaphore(share) for name in self.service.connections}

    def _places(self, connection: str) -> asyncio.Semaphore:
        return self._semaphores[connection]

    async def _liveness(self, _request: Request) -> Response:
        return JsonResponse({"ok": True})

    async def _readiness(self, _request: Request) -> Response:
        return JsonResponse({"ok": not self.is_draining}, 503 if self.is_draining else 200)

    async def _openapi(self, call: Call) -> Response:
        runner = self.runner(call)
        url = str(call.request.base_url).rstrip("/")
        key = (call.caller.name, call.connection, url)
        if key not in self._documents:  # a thread makes it, since the event loop would stand still meanwhile
            self._documents[key] = await anyio.to_thread.run_sync(self._document, runner.policy, url)
        return Response(self._documents[key], media_type="application/json")

    def _document(self, policy: Policy, url: str) -> bytes:
        return to_json(document(self.service.component, self.service.actions(policy), url=url))

    async def _actions(self, call: Call) -> Response:
        runner = self.runner(call)
        entries = [{**title_of(action), **metadata(action)} for action in self.service.actions(runner.policy)]
        return JsonResponse({"actions": entries})

    async def _schemas(self, call: Call) -> Response:
        runner, action = self.runner(call), self.service.component.action(call.key)
        if not runner.policy.permits(action):
            raise errors.PolicyError("not allowed by the policy of this caller", action=call.key)
        described = {**title_of(action), **metadata(action)}
        return JsonResponse({**described, "input": action.input_schema, "output": action.output_schema})

    async def _invoke(self, call: Call) -> Response:
        runner, inputs = self.runner(call), await json_body(call.request)
        call.is_read = is_read(runner, call.key, inputs)
        payload = await self.work(call, runner.invoke, call.key, inputs, **self.limits(call.request))
        return JsonResponse(payload)

    async def _records(self, call: Call) -> Response:
        runner, inputs = self.runner(call), await json_body(call.request)
        action = self.service.component.action(call.key)
        pages = runner.pages(call.key, inputs, **self.limits(call.request))
        first = await self.work(call, next, pages, None)  # an error of the first page still has a status

        async def lines() -> AsyncIterator[bytes]:
            page = first
            while page is not None:
                yield b"".join(to_json(record) + b"\n" for record in records_of(action, page))
                try:
                    page = await self.work(call, next, pages, None)
                except Exception as error:  # the status is sent already, so the last line reports the error
                    yield to_json(known_error(error).to_dict()) + b"\n"
                    return

        accepted = call.request.headers.get("accept", "")
        is_plain = "text/plain" in accepted and "jsonl" not in accepted
        return StreamingResponse(lines(), media_type="text/plain" if is_plain else "application/jsonl")

    async def _choices(self, call: Call) -> Response:
        runner, query = self.runner(call), dict(call.request.query_params)
        search, limit = query.pop("search", None), query.pop("limit", None)
        if limit is not None and not limit.isdecimal():
            raise errors.UsageError(f'limit must be an integer, got "{limit}"')
        count = None if limit is None else int(limit)
        call_limits = self.limits(call.request)
        return JsonResponse(
            await self.work(call, runner.choices, call.key, query, search=search, limit=count, **call_limits)
        )

    async def _connection(self, call: Call) -> Response:
        runner = self.runner(call)
        return JsonResponse(await self.work(call, runner.test_connection, **self.limits(call.request)))

    def limits(self, request: Request) -> dict[str, Any]:
        """Return `max_wait` and `deadline` of a call from its headers."""
        asked = _seconds(request, "X-Max-Wait")
        return {
            "max_wait": self.max_wait if asked is None else min(asked, self.max_wait),
            "deadline": _seconds(request, "X-Deadline"),
        }


def error_response(error: Exception, *, is_read: bool) -> Response:
    """Return the response for an error."""
    known = known_error(error)
    headers = retry_headers(known)
    if isinstance(known, CallerKeyError):
        headers["WWW-Authenticate"] = "Bearer"
    return JsonResponse(known.to_dict(), http_status(known, is_read=is_read), headers)


def stopped_response(*, is_read: bool) -> Response:
    """Return the response to a call that the end of the server cuts."""
    kind = errors.CallCancelledError if is_read else errors.OutcomeUnknownError
    return error_response(kind("the server stopped before the call ended"), is_read=is_read)


async def _watch(request: Request, cancelled: threading.Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    cancelled.set()


def is_read(runner: Runner, key: str, inputs: dict[str, Any]) -> bool:
    """Return whether a call changes nothing; False if the inputs are invalid, which sends nothing either way."""
    try:
        action = runner.component.action(key)
        return action.effect_of(action.inputs.from_values(inputs)) == "read"
    except errors.ConnectorError:
        return False


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body of a request; an empty body is an empty object.

    Raises:
        UsageError: If the body is not a JSON object.
        PayloadTooLargeError: If it is larger than `MAX_BODY_BYTES`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise errors.PayloadTooLargeError(f"the body is larger than {MAX_BODY_BYTES} bytes")
    if not body.strip():
        return {}
    try:
        value = from_json(bytes(body))
    except ValueError as error:
        raise errors.UsageError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise errors.UsageError("the body must be a JSON object of inputs")
    return value


def _seconds(request: Request, name: str) -> float | None:
    text = request.headers.get(name)
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        number = float(text)
        if 0 <= number < math.inf:
            return number
    raise errors.UsageError(f'{name} must be a number of seconds, got "{text}"')


def _log(path: str, request: Request, call: Call | None, status: int, seconds: float) -> None:
    caller, connection, key = (call.caller.name, call.connection, call.key) if call else ("-", "-", "-")
    access_log.info(
        "%s %s %s caller=%s connection=%s action=%s status=%d ms=%.0f",
        datetime.now(UTC).isoformat(timespec="seconds"),
        request.method,
        path,
        caller,
        connection,
        "".join(filter(str.isprintable, key))[:80],
        status,
        seconds * 1000,
    )
