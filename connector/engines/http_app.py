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
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import anyio.to_thread
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from connector import errors
from connector.component.pagination import records_of
from connector.component.policy import Policy
from connector.component.runner import Runner
from connector.describe.summaries import metadata, title_of
from connector.engines.call_threads import THREADS, Call, CallThreads, is_read
from connector.engines.http_messages import (
    HostCheck,
    JsonResponse,
    error_response,
    json_body,
    no_route_response,
    seconds_in,
    stopped_response,
)
from connector.engines.openapi import document
from connector.engines.readiness import Readiness
from connector.engines.service import Caller, Service
from connector.engines.statuses import CallerKeyError, known_error

Handler = Callable[[Call], Awaitable[Response]]

access_log = logging.getLogger("connector.access")
logger = logging.getLogger("connector.engines")

MAX_WAIT_SECONDS = 20.0


class HttpApp:
    """The application of `connector serve`.

    Args:
        service: Who may call what.
        threads: Maximum number of calls that run at once.
        max_wait: Maximum seconds that a call waits for rate limits, unless its header asks for less.
        reload: Returns the callers anew; it is called at SIGHUP, so that keys change without a restart.
        flows: Returns the names of the flows that a caller may start.
        check_database: Raises an error if the database of the runs cannot be used; None without one.
    """

    def __init__(
        self,
        service: Service,
        *,
        threads: int = THREADS,
        max_wait: float = MAX_WAIT_SECONDS,
        reload: Callable[[], Sequence[Caller]] | None = None,
        flows: Callable[[Caller], Sequence[str]] = lambda _caller: (),
        check_database: Callable[[], None] | None = None,
    ) -> None:
        self.service = service
        self._flows = flows
        self._reload = reload
        self.max_wait = max_wait
        self.is_draining = False
        self._database = Readiness(check_database)
        self._on_start: Callable[[], Awaitable[None]] | None = None
        self.threads = CallThreads(service, threads, max_wait)
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
        middleware = [Middleware(HostCheck, hosts=hosts)] if hosts else []
        routes = [*self.routes(), *more_routes]
        handlers = {HTTPException: no_route_response}
        return Starlette(routes=routes, middleware=middleware, exception_handlers=handlers, lifespan=self._lifespan)

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
        requested = name or call.request.headers.get("x-connection")
        call.connection = self.service.connection_name(call.caller, requested)
        return self.service.runner(call.caller, call.connection)

    async def _liveness(self, _request: Request) -> Response:
        return JsonResponse({"ok": True})

    async def _readiness(self, _request: Request) -> Response:
        reason = "the server stops" if self.is_draining else await self._database.reason_against()
        return JsonResponse({"ok": False, "reason": reason}, 503) if reason else JsonResponse({"ok": True})

    async def _openapi(self, call: Call) -> Response:
        runner = self.runner(call)
        url = str(call.request.base_url).rstrip("/")
        key = (call.caller.name, call.connection, url)
        if key not in self._documents:  # a thread makes it, since the event loop would stand still meanwhile
            self._documents[key] = await anyio.to_thread.run_sync(
                self._document, runner.policy, url, self._flows(call.caller)
            )
        return Response(self._documents[key], media_type="application/json")

    def _document(self, policy: Policy, url: str, flows: Sequence[str]) -> bytes:
        return to_json(document(self.service.component, self.service.actions(policy), url=url, flows=flows))

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
        payload = await self.threads.run(call, runner.invoke, call.key, inputs, **self.limits(call.request))
        return JsonResponse(payload)

    async def _records(self, call: Call) -> Response:
        runner, inputs = self.runner(call), await json_body(call.request)
        action = self.service.component.action(call.key)
        pages = runner.pages(call.key, inputs, **self.limits(call.request))
        first = await self.threads.run(call, next, pages, None)  # an error of the first page still has a status

        async def lines() -> AsyncIterator[bytes]:
            page = first
            while page is not None:
                yield b"".join(to_json(record) + b"\n" for record in records_of(action, page))
                try:
                    page = await self.threads.run(call, next, pages, None)
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
            await self.threads.run(call, runner.choices, call.key, query, search=search, limit=count, **call_limits)
        )

    async def _connection(self, call: Call) -> Response:
        runner = self.runner(call)
        return JsonResponse(await self.threads.run(call, runner.test_connection, **self.limits(call.request)))

    def limits(self, request: Request) -> dict[str, Any]:
        """Return `max_wait` and `deadline` of a call from its headers."""
        requested = seconds_in(request, "X-Max-Wait")
        return {
            "max_wait": self.max_wait if requested is None else min(requested, self.max_wait),
            "deadline": seconds_in(request, "X-Deadline"),
        }


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
