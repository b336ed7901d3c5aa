"""The action that a step names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import Action


def action_of(kind: str, components: Mapping[str, Component]) -> Action[Any] | None:
    """Return the action of `component.action`; None if the component is not installed, or has no such action."""
    key, _, action = kind.partition(".")
    component = components.get(key)
    return component.find_action(action) if component else None
