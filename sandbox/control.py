"""Control of a running sandbox, under `/_sandbox/`, for who holds the token that may do everything."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from connector.sandbox_kit.errors import ApiError, BusyError

from .assumptions import ASSUMPTIONS
from .errors import SandboxError, unauthorized
from .store import dumps

router = APIRouter()


class FaultGiven(BaseModel):
    """A fault to play."""

    fault: str


class ValueGiven(BaseModel):
    """An assumption's value."""

    value: str


class EmailGiven(BaseModel):
    """Who accepts an invitation."""

    email: str


async def _workspace(request: Request) -> Any:
    grant = request.scope["sandbox.site"].find(request.headers.get("authorization", ""))
    if grant is None or grant[1]:
        raise unauthorized()
    return grant[0]


Opened = Annotated[Any, Depends(_workspace)]


def control(prefix: str) -> FastAPI:
    """The application whose paths begin with `prefix`."""
    app = FastAPI(
        title="Control of the sandbox", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.include_router(router, prefix=prefix.rstrip("/"))
    app.add_exception_handler(SandboxError, _refuse)
    app.add_exception_handler(ApiError, _answer)
    return app


async def _refuse(_request: Request, error: Exception) -> Response:
    status = 503 if isinstance(error, BusyError) else 422
    return JSONResponse({"errors": [{"type": "sandbox", "message": str(error)}]}, status)


async def _answer(_request: Request, error: Exception) -> Response:
    status, errors = (error.status, error.errors) if isinstance(error, ApiError) else (500, [])
    return JSONResponse({"errors": errors}, status)


@router.get("/assumptions")
async def list_assumptions(workspace: Opened) -> Any:
    """Every assumption with the value that holds."""
    values = workspace.engine.assumptions
    return {"assumptions": [asdict(each) | {"value": values[name]} for name, each in ASSUMPTIONS.items()]}


@router.put("/assumptions/{name}")
async def set_assumption(workspace: Opened, name: str, given: ValueGiven) -> Any:
    """Switches an assumption."""
    workspace.set_assumption(name, given.value)
    return {"name": name, "value": given.value}


@router.get("/faults")
async def list_faults(workspace: Opened) -> Any:
    """The faults that are played."""
    return {"faults": [fault.text for fault in workspace.faults]}


@router.post("/faults")
async def add_fault(workspace: Opened, given: FaultGiven) -> Any:
    """Plays one more fault."""
    workspace.add_fault(given.fault)
    return await list_faults(workspace)


@router.delete("/faults")
async def clear_faults(workspace: Opened) -> Any:
    """Plays none."""
    workspace.clear_faults()
    return await list_faults(workspace)


@router.get("/requests")
async def list_requests(workspace: Opened) -> Any:
    """The last requests, oldest first."""
    return {"requests": [asdict(each) for each in workspace.requests]}


@router.delete("/requests")
async def clear_requests(workspace: Opened) -> Any:
    """Empties the log of requests."""
    workspace.clear_requests()
    return {"requests": []}


@router.post("/accept-invite")
async def accept_invite(workspace: Opened, given: EmailGiven) -> Any:
    """Makes a user of an invitation."""
    return {"user": workspace.accept_invite(given.email)}


@router.post("/reset")
async def reset(workspace: Opened) -> Any:
    """Puts the workspace back to its seed."""
    workspace.reset()
    return {"status": "SUCCESS"}


@router.get("/dump")
async def dump(workspace: Opened) -> Response:
    """The workspace as a seed."""
    return Response(dumps(workspace.dump()), media_type="application/json")
