"""Warnings of settings that the catalog of the service does not know. Most actions have no settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from connector.cli.output import print_line
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from connector.component.definitions import Action
    from connector.component.inputs import CatalogSettings, Inputs
    from connector.component.runner import Runner
    from connector.describe.settings import Options


def warn_by_payload(action: Action[Any], inputs: Inputs, payload: Any) -> None:
    """Warn of settings that the payload of a write does not describe. It has the catalog's descriptions."""

    def options(catalog: CatalogSettings, _values: dict[str, Any]) -> Options:
        from connector.describe.settings import options_in

        return options_in(payload, catalog)

    _warn(action, inputs, options)


def warn_by_catalog(runner: Runner, action: Action[Any], inputs: Inputs) -> None:
    """Warn of settings that the catalog does not describe, which is read for this."""
    _warn(action, inputs, lambda _catalog, values: _options_in_catalog(runner, action, values))


def _warn(
    action: Action[Any], inputs: Inputs, options_of: Callable[[CatalogSettings, dict[str, Any]], Options]
) -> None:
    catalogs = {key: marker.settings for key, marker in action.inputs.definitions().items() if marker.settings}
    if not catalogs:
        return
    from connector.describe.settings import unknown_settings

    values = inputs.model_dump()
    for key, catalog in catalogs.items():
        if values.get(key):
            for sentence in unknown_settings(values[key], options_of(catalog, values)):
                print_line(f"warning: {sentence}")


def _options_in_catalog(runner: Runner, action: Action[Any], values: dict[str, Any]) -> Options:
    from connector.describe.settings import catalog_of, settings_for, settings_of_type

    _, catalog = catalog_of(action)
    try:
        if catalog.key in values:
            return settings_for(runner, action, values[catalog.key], max_wait=0)
        return settings_of_type(runner, action, values[catalog.type_key], max_wait=0)
    except ConnectorError:
        # A request can be shown without the catalog.
        return ()
