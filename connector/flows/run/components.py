"""The components that a flow may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.flows import steps
from connector.flows.run.stubs import HTTP
from connector.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.context import Context
    from connector.rest import Request, Response


def components_by_key(components: Any) -> dict[str, Component]:
    """Return components by key, from any of the forms that `Flow` accepts; None is every installed one.

    Prismatic's HTTP component is always one of them.
    """
    from connector.component.component import Component
    from connector.component.component import components as installed

    if components is None:
        known = installed()
    elif isinstance(components, Component):
        known = {components.key: components}
    elif isinstance(components, Mapping):
        known = dict(components)
    else:
        known = {component.key: component for component in components}
    return known if HTTP in known else {**known, HTTP: _http()}


class _Responses:
    """The plugin that returns the responses of stubs to the requests of one run."""

    def __init__(self, respond: Callable[[str, str], Response | None]) -> None:
        self._respond = respond

    @hookimpl(tryfirst=True)
    def send_request(self, context: Context, request: Request) -> Response | None:
        """Return the response of a stub."""
        return self._respond(request.method, f"{context.endpoint.base_url}{request.path}")


def stubbed_http(respond: Callable[[str, str], Response | None]) -> Component:
    """Return Prismatic's HTTP component for one run, in which a function responds to the requests."""
    component = _load_http()
    component.plugins.add(_Responses(respond), "stubs")
    return component


@cache
def _http() -> Component:
    return _load_http()


def _load_http() -> Component:
    from connector.component.component import load_component

    return load_component(Path(steps.__file__).parent / "http_requests", installed_plugins=False)
