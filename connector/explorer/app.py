"""The explorer as one ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.explorer.actions import ActionsScreen
from connector.explorer.component_page import page_of
from connector.explorer.component_screen import ComponentScreen
from connector.explorer.flow_runs import FlowRuns
from connector.explorer.flows import FlowsScreen
from connector.explorer.runs import RunsScreen
from connector.explorer.sandbox import SandboxScreen
from connector.explorer.site import Site, Target

MIN_COMPRESSED_BYTES = 800


class Explorer:
    """The pages over one target. Put a `Guard` around `asgi()`.

    Args:
        target: Where calls go to.
    """

    def __init__(self, target: Target) -> None:
        page = page_of(target.runner.component)
        self.site = Site(target, page)
        self.actions = ActionsScreen(self.site)
        self._component = ComponentScreen(self.site, page) if page else None
        self._runs = FlowRuns(self.site)
        self._flows = FlowsScreen(self.site, self._runs, target.flows)
        self._run = RunsScreen(self.site, self._runs)
        self._sandbox = (
            SandboxScreen(self.site, target.sandbox.workspace, self._forget_records) if target.sandbox else None
        )

    def asgi(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=self._routes(),
            middleware=[Middleware(GZipMiddleware, minimum_size=MIN_COMPRESSED_BYTES)],
            exception_handlers={HTTPException: self._http_error},
            lifespan=self._lifespan,
        )

    def drain(self) -> None:
        """End the streams, since the server stops."""
        self.site.is_draining = True

    def close(self) -> None:
        """Close the connection, and delete the traces of runs."""
        self.site.runner.close()
        self._runs.close()

    def _routes(self) -> list[Route]:
        routes = [Route("/static/{digest}/{name}", self._static, methods=["GET"]), *self.actions.routes()]
        for screen in (self._component, self._flows, self._run, self._sandbox):
            routes += screen.routes() if screen else []
        return routes

    def _forget_records(self) -> None:
        self.actions.forget_choices()
        if self._component:
            self._component.forget()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        self.close()

    async def _static(self, request: Request) -> Response:
        return self.site.asset(request.path_params["name"])

    async def _http_error(self, _request: Request, error: Any) -> Response:
        return self.site.render(
            "error.html", code=error.status_code, tab="", status=error.status_code, detail=error.detail
        )
