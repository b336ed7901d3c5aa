"""The components that a flow may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.component.component import Component


def components_by_key(components: Any) -> dict[str, Component]:
    """Return components by key, from any of the forms that `Flow` accepts; None is every installed one."""
    from connector.component.component import Component
    from connector.component.component import components as installed

    if components is None:
        return installed()
    if isinstance(components, Component):
        return {components.key: components}
    if isinstance(components, Mapping):
        return dict(components)
    return {component.key: component for component in components}
