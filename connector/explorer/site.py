"""What the screens share: the runner, the templates, bodies and responses, and the threads of blocking calls."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import anyio.to_thread
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from connector.component.definitions import Action
from connector.component.runner import Runner
from connector.describe.summaries import effect
from connector.engines.http_messages import json_body
from connector.errors import ConnectorError, PayloadTooLargeError
from connector.explorer.component_page import Page
from connector.flows.picture.chart import TimelineChart
from connector.flows.picture.words import duration
from connector.sandbox_kit.sandbox import Sandbox

T = TypeVar("T")

FOLDER = Path(__file__).parent
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}
COMPONENT = "component"
"""Prefix of the templates of the component's page."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The service that calls go to.

    Attributes:
        runner: The runner.
        name: What every page says about it, such as the name of the workspace.
        sandbox: The sandbox; None for a real service.
        arguments: Arguments of the command line that choose component and connection.
        load: Python expression that loads the component.
        profile: Name of the profile with the connection; empty without one.
        flows: Folder of flow files.
    """

    runner: Runner
    name: str
    sandbox: Sandbox | None = None
    arguments: tuple[str, ...] = ()
    load: str = "connector.load_component()"
    profile: str = ""
    flows: Path = Path()

    @property
    def is_read_only(self) -> bool:
        """True if no write is sent."""
        return self.runner.policy.read_only


@dataclass
class Site:
    """The page as a whole: where it works, and how its parts are drawn.

    Attributes:
        target: Where calls go to.
        page: The page of the component, if it has one.
        is_draining: True when the server stops, so that streams end.
    """

    target: Target
    page: Page | None = None
    is_draining: bool = False
    assets: dict[str, tuple[bytes, str]] = field(init=False)
    templates: Environment = field(init=False, repr=False)

    def __post_init__(self) -> None:
        files = {file.name: file.read_bytes() for file in (FOLDER / "static").iterdir()}
        self.assets = {name: (content, hashlib.sha256(content).hexdigest()[:10]) for name, content in files.items()}
        loaders = [FileSystemLoader(FOLDER / "templates")]
        component = PrefixLoader({COMPONENT: FileSystemLoader(self.page.templates)}) if self.page else None
        self.templates = Environment(
            loader=ChoiceLoader([*loaders, *([component] if component else [])]),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self.templates.globals.update(
            site=self,
            component=self.runner.component,
            target=self.target,
            effect=effect,
            asset=self._asset,
            url=url,
            pretty=pretty,
            timeline_picture=lambda run: TimelineChart(run, is_interactive=True).svg(),
        )
        self.templates.filters.update(
            number=lambda value: f"{value:,}",
            clock=lambda seconds: time.strftime("%H:%M:%S", time.localtime(seconds)),
            day=lambda seconds: time.strftime("%d %b %H:%M", time.localtime(seconds)),
            duration=duration,
            prose=prose,
        )

    @property
    def runner(self) -> Runner:
        """The runner of every call."""
        return self.target.runner

    @property
    def tabs(self) -> list[tuple[str, str]]:
        """Path and name of each screen."""
        own = [(self.page.path, self.page.label)] if self.page else []
        last = [("/sandbox", "Sandbox")] if self.target.sandbox else []
        return [("/actions", "Actions"), *own, ("/flows", "Flows"), *last]

    def html(self, template: str, **values: Any) -> str:
        """Return a page or a part of one."""
        return self.templates.get_template(template).render(**values)

    def render(self, template: str, /, *, code: int = 200, **values: Any) -> HTMLResponse:
        """Return a response with a page or a part of one."""
        return HTMLResponse(self.html(template, **values), code)

    def action(self, key: str) -> Action[Any]:
        """Return an action.

        Raises:
            HTTPException: 404, if there is none with the key.
        """
        try:
            return self.runner.component.action(key)
        except ConnectorError as error:
            raise HTTPException(404, str(error)) from None

    def asset(self, name: str) -> Response:
        """Return a static file, which a browser may keep forever, since its path has its digest."""
        if name not in self.assets:
            raise HTTPException(404)
        media_type = f"{MEDIA_TYPES[Path(name).suffix]}; charset=utf-8"
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(self.assets[name][0], media_type=media_type, headers=headers)

    def _asset(self, name: str) -> str:
        return f"/static/{self.assets[name][1]}/{name}"


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function in a thread."""
    return await anyio.to_thread.run_sync(function, *args)


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    Raises:
        HTTPException: 400, if the body is something else; 413, if it is too large.
    """
    try:
        return await json_body(request)
    except PayloadTooLargeError as error:
        raise HTTPException(413, error.message) from None
    except ConnectorError as error:
        raise HTTPException(400, error.message) from None


def prose(text: str) -> Markup:
    """Return a text with what is in backticks as code."""
    parts = text.split("`")
    coded = (
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
    return Markup("").join(coded)


def pretty(value: Any) -> str:
    """Return a value as indented JSON."""
    return to_json(value, indent=2, fallback=str).decode()


def url(path: str, **query: Any) -> str:
    """Return a path with the query parameters that have a value."""
    values = {name: value for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(values)}" if values else path
