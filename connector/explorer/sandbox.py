"""The sandbox: faults, assumptions, the requests that arrived, reset, dump, and load."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.engines.http_messages import JsonResponse
from connector.errors import ConnectorError
from connector.explorer.site import Site, body_of, in_thread
from connector.sandbox_kit.faults import FORMS
from connector.sandbox_kit.workspace import Workspace

VISIBLE_REQUESTS = 60
PRESETS = (
    ("rate-limit:2/s", "2 requests per second"),
    ("latency:800ms±200", "slow"),
    ("error:503:0.3", "3 of 10 fail"),
    ("drop:0.2:after", "responses get lost"),
    ("published-limits", "the published limits"),
)


class SandboxScreen:
    """The screen of the sandbox.

    Args:
        site: The page as a whole.
        workspace: The workspace of the sandbox.
        changed: Called when records may have changed behind the back of the other screens.
    """

    def __init__(self, site: Site, workspace: Workspace, changed: Callable[[], None]) -> None:
        self._site = site
        self._workspace = workspace
        self._changed = changed

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/sandbox", self._screen, methods=["GET"]),
            Route("/sandbox", self._control, methods=["POST"]),
            Route("/sandbox/requests", self._requests, methods=["GET"]),
            Route("/sandbox/dump", self._dump, methods=["GET"]),
        ]

    async def _screen(self, _request: Request) -> Response:
        values = self._workspace.handler.assumptions
        declared = self._workspace.api.assumptions
        return self._site.render(
            "sandbox.html",
            tab="/sandbox",
            faults=[fault.text for fault in self._workspace.faults],
            presets=PRESETS,
            forms=FORMS,
            assumptions=[
                {"declared": each, "value": values[name], "changed": values[name] != each.default}
                for name, each in declared.items()
            ],
            **self._log(),
        )

    def _log(self) -> dict[str, Any]:
        requests = self._workspace.requests
        return {"requests": list(reversed(requests))[:VISIBLE_REQUESTS], "total": len(requests)}

    async def _requests(self, _request: Request) -> Response:
        return self._site.render("requests.html", **await in_thread(self._log))

    async def _dump(self, _request: Request) -> Response:
        state = await in_thread(self._workspace.dump)
        state.pop("tokens", None)  # no token leaves through the page
        name = f"{self._site.runner.component.key}-sandbox.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(to_json(state, indent=1), media_type="application/json", headers=headers)

    async def _control(self, request: Request) -> Response:
        body = await body_of(request)
        try:
            await in_thread(partial(self._perform, body))
        except ConnectorError as error:
            return JsonResponse(error.to_dict(), 422)
        return JsonResponse({})

    def _perform(self, body: dict[str, Any]) -> None:
        """Do what a control of the page asks for.

        Raises:
            HTTPException: 400, if there is no such control.
            SandboxError: If its value is invalid.
        """
        workspace = self._workspace
        match body:
            case {"do": "add-fault", "fault": str(fault)}:
                workspace.add_fault(fault)
            case {"do": "remove-fault", "fault": str(fault)}:
                workspace.faults = [each for each in workspace.faults if each.text != fault]
            case {"do": "assume", "name": str(name), "value": str(value)}:
                workspace.set_assumption(name, value)
            case {"do": "clear-requests"}:
                workspace.clear_requests()
            case {"do": "reset"}:
                workspace.reset()
                self._changed()
            case {"do": "load", "seed": dict(seed)}:
                workspace.load(seed)
                self._changed()
            case _:
                raise HTTPException(400, "unknown control")
