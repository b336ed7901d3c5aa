"""Control of a running sandbox, under `/_sandbox/`, for clients that hold the admin token."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from pydantic_core import from_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.sandbox_kit.errors import ApiError, BusyError, SandboxError, invalid, not_found, unauthorized
from connector.sandbox_kit.store import dumps
from connector.sandbox_kit.workspace import Workspace

Handler = Callable[[Workspace, Request], Awaitable[Any]]


async def list_assumptions(workspace: Workspace, _request: Request) -> Any:
    """List every assumption with the value that is set."""
    values = workspace.handler.assumptions
    assumptions = workspace.api.assumptions.items()
    return {"assumptions": [asdict(each) | {"value": values[name]} for name, each in assumptions]}


async def set_assumption(workspace: Workspace, request: Request) -> Any:
    """Set an assumption."""
    name, value = request.path_params["name"], await _string(request, "value")
    workspace.set_assumption(name, value)
    return {"name": name, "value": value}


async def list_faults(workspace: Workspace, _request: Request) -> Any:
    """List the active faults."""
    return {"faults": [fault.text for fault in workspace.faults]}


async def add_fault(workspace: Workspace, request: Request) -> Any:
    """Add a fault."""
    workspace.add_fault(await _string(request, "fault"))
    return await list_faults(workspace, request)


async def clear_faults(workspace: Workspace, request: Request) -> Any:
    """Clear all faults."""
    workspace.clear_faults()
    return await list_faults(workspace, request)


async def list_requests(workspace: Workspace, _request: Request) -> Any:
    """List the last requests, oldest first."""
    return {"requests": [asdict(each) for each in workspace.requests]}


async def clear_requests(workspace: Workspace, _request: Request) -> Any:
    """Clear the request log."""
    workspace.clear_requests()
    return {"requests": []}


async def reset(workspace: Workspace, _request: Request) -> Any:
    """Reset the workspace to its initial state."""
    workspace.reset()
    return {"status": "SUCCESS"}


async def dump(workspace: Workspace, _request: Request) -> Any:
    """Return the state of the workspace as a seed."""
    return workspace.dump()


async def run_command(workspace: Workspace, request: Request) -> Any:
    """Run a command of the component, with the strings of the body."""
    command = workspace.api.commands.get(request.path_params["command"])
    if command is None:
        raise not_found()
    names = list(inspect.signature(command).parameters)[1:]
    return command(workspace, **{name: await _string(request, name) for name in names})


HANDLERS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "assumptions", list_assumptions),
    ("PUT", "assumptions/{name}", set_assumption),
    ("GET", "faults", list_faults),
    ("POST", "faults", add_fault),
    ("DELETE", "faults", clear_faults),
    ("GET", "requests", list_requests),
    ("DELETE", "requests", clear_requests),
    ("POST", "reset", reset),
    ("GET", "dump", dump),
    ("POST", "{command}", run_command),
)


def control(prefix: str) -> Starlette:
    """Return the application whose paths begin with `prefix`."""
    routes = [Route(prefix + path, _endpoint(handler), methods=[method]) for method, path, handler in HANDLERS]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    app.add_exception_handler(SandboxError, _sandbox_error)
    app.add_exception_handler(ApiError, _api_error)
    return app


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        grant = request.scope["sandbox.app"].find(request.headers.get("authorization", ""))
        if grant is None or grant[1]:
            raise unauthorized()
        return _json(await handler(grant[0], request))

    return endpoint


async def _string(request: Request, name: str) -> str:
    """Return the value of a field of the request's body.

    Raises:
        ApiError: 400, if the body is not an object with this string.
    """
    try:
        body = from_json(await request.body())
    except ValueError:
        body = None
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise invalid(name, "must be a string", 400)
    return value


async def _sandbox_error(_request: Request, error: Exception) -> Response:
    status = 503 if isinstance(error, BusyError) else 422
    return _json({"errors": [{"type": "sandbox", "message": str(error)}]}, status)


async def _api_error(_request: Request, error: Exception) -> Response:
    status, errors = (error.status, error.errors) if isinstance(error, ApiError) else (500, [])
    return _json({"errors": errors}, status)


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status, media_type="application/json")
