"""The workspaces over HTTP: the API at the root, all control of the sandbox under `/_sandbox/`.

The API itself is a bare ASGI application: it matches paths as sent, and a command that asks it one thing does not
wait for the import of a web framework. Control is a Starlette application, built on first use.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from connector.sandbox_kit.asgi_server import CUT, App, Receive, Scope, Send
from connector.sandbox_kit.errors import ApiError
from connector.sandbox_kit.http_messages import LoggedRequest, Request, Response

from .errors import SandboxError, unauthorized
from .faults import FaultPlan, plan
from .operations import match
from .query_params import Query
from .store import dumps

if TYPE_CHECKING:
    from .workspace import Workspace

CONTROL = "/_sandbox/"
_BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)


class SandboxApp:
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
        """Serves one request."""
        if scope["path"].startswith(CONTROL):
            scope["sandbox.site"] = self
            await _control()(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        grant = self.find(headers.get("authorization", ""))
        limit = grant[0].engine.body_limit if grant else 0
        received = _received(scope, headers, await _content(receive, limit))
        if grant is None:
            await _send(send, self._refused(received))
            return
        workspace, received.restricted = grant
        found = match(received.method, received.path)
        met = plan(workspace.faults, found[0].id if found else "")
        if met.delay:
            await asyncio.sleep(met.delay)
        answer = _answer_of(workspace, received, met)
        dropped = met.strike is not None and met.strike.kind == "drop" and met.limited is None
        workspace.log(_logged(received, None if dropped else answer.status, _fault_name(met)))
        if dropped or met.truncate:
            await _cut(scope, receive, send, None if dropped else answer)
        else:
            await _send(send, answer)

    def _refused(self, received: Request) -> Response:
        error, only = unauthorized(), self.only()
        if only is None:
            content = dumps({"errors": error.errors}).encode()
            return Response(error.status, content, {"Content-Type": "application/json"})
        only.log(_logged(received, error.status, None))
        return only.engine.refusal(error)


@functools.lru_cache(maxsize=1)
def _control() -> App:
    app: App = import_module(".control", __package__).control(CONTROL)
    return app


def _answer_of(workspace: Workspace, received: Request, met: FaultPlan) -> Response:
    engine = workspace.engine
    if met.limited:
        return engine.limited(met.limited)
    answer = engine.answer(received) if met.takes_effect else None
    if met.strike is None and answer:
        return answer
    status = met.strike.status if met.strike else 500
    return engine.refusal(ApiError(status, [{"type": "fault", "message": "A fault of the sandbox", "status": status}]))


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _received(scope: Scope, headers: dict[str, str], content: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        accept=headers.get("accept", ""),
        content_type=headers.get("content-type", ""),
        content=content,
    )


async def _content(receive: Receive, limit: float) -> bytes:
    """The body, all of it read, but hardly more of it kept than what is refused for being too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        if size <= limit:
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts)


async def _begin(send: Send, answer: Response) -> None:
    headers = {**answer.headers, "Content-Length": str(len(answer.content))}
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})


async def _send(send: Send, answer: Response) -> None:
    await _begin(send, answer)
    await send({"type": "http.response.body", "body": answer.content})


async def _cut(scope: Scope, receive: Receive, send: Send, answer: Response | None) -> None:
    """Sends the first half of an answer, or nothing of one, closes, and waits until the server has noticed."""
    if answer:
        await _begin(send, answer)
        half = answer.content[: len(answer.content) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
    scope["extensions"][CUT]()
    await receive()


def _fault_name(met: FaultPlan) -> str | None:
    if met.limited:
        return "rate-limit"
    return met.strike.text if met.strike else ("truncate" if met.truncate else None)


def _logged(received: Request, status: int | None, fault: str | None) -> LoggedRequest:
    body: Any = None
    if received.content:
        try:
            body = from_json(received.content)
        except ValueError:
            body = received.content.decode(errors="replace")
    return LoggedRequest(received.method, received.path, Query(received.query).raw, body, status, fault)
