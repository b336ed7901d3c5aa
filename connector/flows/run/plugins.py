"""The plugins around the steps of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from connector.component.definitions import Action
from connector.component.plugins import PluginManager

if TYPE_CHECKING:
    from connector.component.component import Component


def plugins_of(components: Mapping[str, Component], plugins: Iterable[object]) -> PluginManager:
    """Return a manager of the plugins of all components and of those passed for the run.

    Raises:
        PluginError: If one of them cannot be registered.
    """
    manager = PluginManager()
    for component in components.values():
        for name, plugin in component.plugins.list_name_plugin():
            # Actions are plugins of their component; they surround no step.
            known = plugin is None or isinstance(plugin, Action) or manager.is_registered(plugin)
            if not known and name != "connector" and not manager.has_plugin(name):
                manager.add(plugin, name)
    for plugin in plugins:
        if not manager.is_registered(plugin):
            manager.add(plugin)
    return manager
