"""The workspaces over HTTP: the API at the root, all control of the sandbox under `/_sandbox/`."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import Receive, Scope, Send

from connector.serving import CUT

from .control import control
from .engine import Answer, Received
from .errors import ApiError, SandboxError, unauthorized
from .faults import Plan, plan
from .operations import match
from .query import Query
from .workspace import LoggedRequest

if TYPE_CHECKING:
    from .workspace import Workspace

_BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)


class Site:
    """An ASGI application that serves any number of workspaces, told apart by token as the API does.

    Args:
        workspaces: Those to begin with.
    """

    def __init__(self, workspaces: Iterable[Workspace] = ()) -> None:
        self._grants: dict[str, tuple[Workspace, bool]] = {}
        for workspace in workspaces:
            self.add(workspace)

    def add(self, workspace: Workspace) -> None:
        """Serves one more workspace.

        Raises:
            SandboxError: One of its tokens belongs to another workspace.
        """
        tokens = {workspace.token: False, workspace.restricted_token: True}
        if len(tokens) < 2 or any(token in self._grants for token in tokens):
            raise SandboxError("two workspaces or two roles share a token.", hint="Each needs its own.")
        self._grants |= {token: (workspace, restricted) for token, restricted in tokens.items()}

    def remove(self, workspace: Workspace) -> None:
        """Serves a workspace no more."""
        self._grants = {token: grant for token, grant in self._grants.items() if grant[0] is not workspace}

    def find(self, authorization: str) -> tuple[Workspace, bool] | None:
        """The workspace that a header's token opens, and whether the token is a restricted one."""
        found = _BEARER.fullmatch(authorization)
        return self._grants.get(found[1]) if found else None

    def only(self) -> Workspace | None:
        """The workspace, when there is but one."""
        workspaces = {id(workspace): workspace for workspace, _ in self._grants.values()}
        return next(iter(workspaces.values())) if len(workspaces) == 1 else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection's request."""
        scope["sandbox.site"] = self
        await _application()(scope, receive, send)


@functools.lru_cache(maxsize=1)
def _application() -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.mount("/_sandbox", control())
    # The API matches paths itself, as sent: routes would read a %2F within an id as a separator.
    app.router.default = request_response(_answer)
    return app


async def _answer(request: Request) -> Response:
    received = await _received(request)
    site: Site = request.scope["sandbox.site"]
    grant = site.find(request.headers.get("authorization", ""))
    if grant is None:
        return _refused(site, received)
    workspace, restricted = grant
    found = match(received.method, received.path)
    met = plan(workspace.faults, found[0].id if found else "")
    if met.delay:
        await asyncio.sleep(met.delay)
    answer = _answer_of(workspace, _with(received, restricted=restricted), met)
    dropped = met.strike is not None and met.strike.kind == "drop" and met.limited is None
    workspace.log(_logged(received, None if dropped else answer.status, _fault_name(met)))
    if dropped:
        return CutResponse()
    if met.truncate:
        return CutResponse(answer)
    return Response(answer.content, answer.status, answer.headers)


def _answer_of(workspace: Workspace, received: Received, met: Plan) -> Answer:
    engine = workspace.engine
    if met.limited:
        return engine.limited(met.limited)
    answer = engine.answer(received) if met.takes_effect else None
    if met.strike is None and answer:
        return answer
    status = met.strike.status if met.strike else 500
    return engine.refusal(ApiError(status, [{"type": "fault", "message": "A fault of the sandbox", "status": status}]))


async def _received(request: Request) -> Received:
    scope, headers = request.scope, request.headers
    return Received(
        method=request.method,
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        accept=headers.get("accept", ""),
        content_type=headers.get("content-type", ""),
        content=await request.body(),
    )


def _with(received: Received, *, restricted: bool) -> Received:
    return received if not restricted else Received(**{**vars(received), "restricted": True})


def _refused(site: Site, received: Received) -> Response:
    error, only = unauthorized(), site.only()
    if only is None:
        content = '{"errors":[{"type":"unauthorized","message":"Unauthorized"}]}'
        return Response(content, error.status, media_type="application/json")
    only.log(_logged(received, error.status, None))
    answer = only.engine.refusal(error)
    return Response(answer.content, answer.status, answer.headers)


def _fault_name(met: Plan) -> str | None:
    if met.limited:
        return "rate-limit"
    return met.strike.text if met.strike else ("truncate" if met.truncate else None)


def _logged(received: Received, status: int | None, fault: str | None) -> LoggedRequest:
    body: Any = None
    if received.content:
        try:
            body = from_json(received.content)
        except ValueError:
            body = received.content.decode(errors="replace")
    return LoggedRequest(received.method, received.path, Query(received.query).raw, body, status, fault)


class CutResponse(Response):
    """The first half of an answer, or nothing of one, and then the connection is closed."""

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends what is sent, closes, and waits until the server has noticed."""
        if self._answer:
            content = self._answer.content
            whole = Response(content, self._answer.status, self._answer.headers)
            await send({"type": "http.response.start", "status": whole.status_code, "headers": whole.raw_headers})
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
        scope["extensions"][CUT]()
        await receive()
