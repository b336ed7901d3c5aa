"""Workspaces over HTTP: the simulated API at the root, and the control API below `/_sandbox/`.

The simulated API is a bare ASGI application: it matches paths as they were sent, and a command that sends one request
does not wait for the import of a web framework. The control API is a Starlette application, built on first use.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterable, Mapping
from typing import cast

from connector.sandbox_kit import store
from connector.sandbox_kit.access_tokens import bearer_token
from connector.sandbox_kit.asgi_server import CUT, App, Receive, Scope, Send
from connector.sandbox_kit.errors import ApiError, BusyError, SandboxError, unauthorized
from connector.sandbox_kit.faults import FaultPlan, plan_faults
from connector.sandbox_kit.http_messages import Request, Response
from connector.sandbox_kit.query_params import Query, without_parameter
from connector.sandbox_kit.simulated_api import SimulatedApi
from connector.sandbox_kit.store import dumps
from connector.sandbox_kit.workspace import Workspace

CONTROL = "/_sandbox/"


class SandboxApp:
    """An ASGI application that serves any number of workspaces; the token of a request selects the workspace.

    Args:
        workspaces: The workspaces to begin with.
    """

    def __init__(self, workspaces: Iterable[Workspace] = ()) -> None:
        self._grants: dict[str, tuple[Workspace, bool]] = {}
        self._apis: list[SimulatedApi] = []
        for workspace in workspaces:
            self.add(workspace)

    def add(self, workspace: Workspace) -> None:
        """Add a workspace.

        Raises:
            SandboxError: If one of its tokens is already in use.
        """
        tokens = {workspace.token: False, workspace.restricted_token: True}
        if len(tokens) < 2 or any(token in self._grants for token in tokens):
            raise SandboxError("two workspaces or two roles share a token", hint="Use a separate token for each.")
        self._grants |= {token: (workspace, restricted) for token, restricted in tokens.items()}
        if workspace.api not in self._apis:
            self._apis.append(workspace.api)

    def remove(self, workspace: Workspace) -> None:
        """Remove a workspace."""
        self._grants = {token: grant for token, grant in self._grants.items() if grant[0] is not workspace}

    def find(self, authorization: str) -> tuple[Workspace, bool] | None:
        """Return the workspace of the token in a header, and whether the token is the restricted one."""
        return self._grants.get(bearer_token({"authorization": authorization}))

    def only_workspace(self) -> Workspace | None:
        """Return the workspace, if there is exactly one."""
        workspaces = {id(workspace): workspace for workspace, _ in self._grants.values()}
        return next(iter(workspaces.values())) if len(workspaces) == 1 else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["path"].startswith(CONTROL):
            scope["sandbox.app"] = self
            await _control()(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        query = scope["query_string"].decode("latin-1")
        grant = self._grant(headers, query)
        limit = grant[0].handler.body_limit if grant else 0
        content = await _content(receive, limit)
        if content is None:
            return
        request = _request(scope, headers, content)
        if grant is None:
            await _send(send, self._rejected(request))
            return
        workspace, request.restricted = grant
        if workspace.api.token_parameter:
            request.query = without_parameter(query, workspace.api.token_parameter)
        handler = workspace.handler
        match = handler.match(request)
        plan = plan_faults(workspace.faults, match[0].id if match else "", workspace.api.limit_of)
        if plan.delay:
            await asyncio.sleep(plan.delay)
        response = await _respond_unless_busy(workspace, request, plan)
        workspace.log.add(request, None if plan.is_dropped else response.status, plan.text)
        if plan.is_dropped or plan.truncate:
            await _cut(scope, receive, send, None if plan.is_dropped else response)
        else:
            await _send(send, response)

    def _grant(self, headers: Mapping[str, str], query: str) -> tuple[Workspace, bool] | None:
        """Return the workspace of a request; each API has its own place for the token."""
        for api in self._apis:
            in_query = Query(query).string(api.token_parameter) if api.token_parameter else None
            grant = self._grants.get(in_query or api.token_of(headers))
            if grant is not None and grant[0].api is api:
                return grant
        return None

    def _rejected(self, request: Request) -> Response:
        only = self.only_workspace()
        if only is None:
            # Which API the client meant is known only if there is a workspace at all.
            error, some = unauthorized(), next((workspace for workspace, _ in self._grants.values()), None)
            body = some.api.error_body(error, lambda _name: "") if some else {"errors": error.errors}
            return Response(error.status, dumps(body).encode(), {"Content-Type": "application/json"})
        response = only.handler.reject_token(request, only.api.token_of(request.headers))
        only.log.add(request, response.status, None)
        return response


@functools.lru_cache(maxsize=1)
def _control() -> App:
    from connector.sandbox_kit.control import control

    return cast("App", control(CONTROL))


async def _respond_unless_busy(workspace: Workspace, request: Request, plan: FaultPlan) -> Response:
    """Respond as soon as no other process locks the file; meanwhile, other requests and signals are handled."""
    latest = time.monotonic() + store.BUSY_SECONDS
    while True:
        try:
            return _respond(workspace, request, plan)
        except BusyError as error:
            if time.monotonic() >= latest:
                return workspace.handler.busy_response(error)
            await asyncio.sleep(store.RETRY_SECONDS)


def _respond(workspace: Workspace, request: Request, plan: FaultPlan) -> Response:
    handler = workspace.handler
    if plan.limited:
        return handler.limited_response(plan.limited)
    response = handler.respond(request) if plan.takes_effect else None
    if plan.strike is None and response:
        return response
    status = plan.strike.status if plan.strike else 500
    entry = {"type": "fault", "message": "Simulated failure (sandbox fault)", "status": status}
    return handler.error_response(ApiError(status, [entry]))


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _request(scope: Scope, headers: dict[str, str], content: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        accept=headers.get("accept", ""),
        content_type=headers.get("content-type", ""),
        content=content,
        headers=headers,
    )


async def _content(receive: Receive, limit: float) -> bytes | None:
    """Read the whole body, but keep hardly more of it than a body that is rejected as too large.

    Returns:
        None if the client closes the connection before the end of the body: such a request must have no effect.
    """
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if size <= limit:
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts)


async def _begin(send: Send, response: Response) -> None:
    headers = {**response.headers, "Content-Length": str(len(response.content))}
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})


async def _send(send: Send, response: Response) -> None:
    await _begin(send, response)
    await send({"type": "http.response.body", "body": response.content})


async def _cut(scope: Scope, receive: Receive, send: Send, response: Response | None) -> None:
    """Send the first half of a response, or nothing, close the connection, and wait until the server notices."""
    if response:
        await _begin(send, response)
        half = response.content[: len(response.content) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
    scope["extensions"][CUT]()
    await receive()
