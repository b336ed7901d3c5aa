"""The page that a component adds to the explorer, such as a map of a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.errors import ComponentError, Problem

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.runner import Runner

View = Callable[[Any, Mapping[str, str]], Mapping[str, Any]]
"""From the state of the page and the query parameters to the values of a template."""

Posted = Callable[[Any, Mapping[str, Any]], None]
"""What a button does with the state of the page and the values of the button."""

RESERVED = ("actions", "flows", "runs", "sandbox", "static", "call", "choices", "snippets", "history", "operations")
INDEX = "index"


class Page:
    """A page of a component.

    Each view fills the template of its name in the folder of the page. `index` is the page itself, at `/LABEL`, and
    extends `base.html`; another one is a part of it, at `/LABEL/VIEW`.

        page = Page("Tasks", Path(__file__).parent, TaskLists)

        @page.view("index")
        def index(lists: TaskLists, query: Mapping[str, str]) -> Mapping[str, Any]:
            return {"lists": lists.read()}

    Args:
        label: Its name in the navigation; in lower case also its path.
        templates: Folder of its templates (Jinja2).
        open_state: Makes the state of the page from the runner of the explorer.

    Attributes:
        views: The views by name.
        posts: What buttons do, by name.
    """

    def __init__(self, label: str, templates: Path, open_state: Callable[[Runner], Any]) -> None:
        self.label = label
        self.templates = templates
        self.open_state = open_state
        self.views: dict[str, View] = {}
        self.posts: dict[str, Posted] = {}

    @property
    def path(self) -> str:
        """Path of the page."""
        return "/" + re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-")

    def view(self, name: str) -> Callable[[View], View]:
        """Declare a function as the view of this name."""

        def declare(function: View) -> View:
            self.views[name] = function
            return function

        return declare

    def post(self, name: str) -> Callable[[Posted], Posted]:
        """Declare what a button of this name does; a button is `<button data-post="/LABEL/NAME">`."""

        def declare(function: Posted) -> Posted:
            self.posts[name] = function
            return function

        return declare


def page_of(component: Component) -> Page | None:
    """Import the page of a component; None if it has none.

    Raises:
        ComponentError: If the page cannot be imported, or is incomplete.
    """
    name = component.manifest.explorer
    if name is None:
        return None
    try:
        page = getattr(component.module(name), "page", None)
    except Exception as error:  # the code of the component may raise anything
        problem = Problem(name, f"cannot be imported: {type(error).__name__}: {error}", hint="Correct the module.")
    else:
        if isinstance(page, Page) and INDEX in page.views and page.path[1:] not in ("", *RESERVED):
            return page
        hint = 'Create one in it: page = Page("LABEL", FOLDER, open_state), with @page.view("index").'
        problem = Problem(name, "has no Page named page with a view and a label of its own", hint=hint)
    raise ComponentError(f'invalid explorer page of component "{component.key}"', problems=[problem])
