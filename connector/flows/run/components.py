"""The components that a flow may use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.flows import steps

if TYPE_CHECKING:
    from connector.component.component import Component

HTTP = "http"


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


@cache
def _http() -> Component:
    from connector.component.component import load_component

    return load_component(Path(steps.__file__).parent / "http_requests", installed_plugins=False)
