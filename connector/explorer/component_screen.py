"""The page of the component, served: its views and its buttons."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.engines.http_messages import JsonResponse
from connector.errors import ConnectorError
from connector.explorer.component_page import INDEX, Page
from connector.explorer.site import COMPONENT, Site, body_of, in_thread


class ComponentScreen:
    """Serves the page of a component.

    Args:
        site: The page as a whole.
        page: The page of the component.
    """

    def __init__(self, site: Site, page: Page) -> None:
        self._site = site
        self._page = page
        self._state = page.open_state(site.runner)

    def routes(self) -> list[Route]:
        """Return the routes."""
        path = self._page.path
        return [
            Route(path, self._view, methods=["GET"]),
            Route(path + "/{name}", self._view, methods=["GET"]),
            Route(path + "/{name}", self._post, methods=["POST"]),
        ]

    def forget(self) -> None:
        """Open the state of the page anew, since records were changed."""
        self._state = self._page.open_state(self._site.runner)

    async def _view(self, request: Request) -> Response:
        name = request.path_params.get("name", INDEX)
        view = self._page.views.get(name)
        if view is None:
            raise HTTPException(404)
        query = dict(request.query_params)
        try:
            values = await in_thread(partial(view, self._state, query))
        except ConnectorError as error:
            is_part = name != INDEX
            return self._site.render("failure_part.html" if is_part else "failure.html", code=502, error=error, tab="")
        return self._site.render(f"{COMPONENT}/{name}.html", tab=self._page.path, **values)

    async def _post(self, request: Request) -> Response:
        post = self._page.posts.get(request.path_params["name"])
        if post is None:
            raise HTTPException(404)
        body: dict[str, Any] = await body_of(request)
        try:
            await in_thread(partial(post, self._state, body))
        except ConnectorError as error:
            return JsonResponse(error.to_dict(), 422)
        return JsonResponse({})
