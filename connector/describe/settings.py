"""The settings that a type in the catalog of the service has, and those that it does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connector.common.text import did_you_mean
from connector.errors import UnknownKeyError, UsageError

if TYPE_CHECKING:
    from connector.component.definitions import Action
    from connector.component.inputs import CatalogSettings
    from connector.component.runner import Runner

Options = Sequence[Mapping[str, Any]]
"""Descriptions as the catalog has them: `{"name", "type", "required", "defaultValue", "label", "description"}`."""


def catalog_of(action: Action[Any]) -> tuple[str, CatalogSettings]:
    """Return the input of an action that holds settings, and where the catalog describes them.

    Raises:
        UsageError: If there is none.
    """
    for key, marker in action.inputs.definitions().items():
        if marker.settings is not None:
            return key, marker.settings
    raise UsageError("has no settings in the catalog", action=action.key, hint="Leave out --for and --type.")


def settings_for(runner: Runner, action: Action[Any], id_: str, *, max_wait: float | None = None) -> Options:
    """Return the settings of an existing record, such as a destination.

    Raises:
        ConnectorError: If there is no such record.
    """
    _, catalog = catalog_of(action)
    return options_in(runner.invoke(catalog.get, {catalog.key: id_}, max_wait=max_wait), catalog)


def settings_of_type(runner: Runner, action: Action[Any], name: str, *, max_wait: float | None = None) -> Options:
    """Return the settings of a type, named by its ID, slug, or name.

    Raises:
        UnknownKeyError: If the catalog has no such type; the hint names the nearest.
    """
    _, catalog = catalog_of(action)
    slugs = []
    for record in runner.records(catalog.types, max_wait=max_wait):
        if name.casefold() in {str(record.get(key, "")).casefold() for key in ("id", "slug", "name")}:
            return record.get("options") or ()
        slugs.append(str(record.get("slug", "")))
    hint = did_you_mean(name, slugs) or f"Run `connector run {catalog.types} --all` to see the types."
    raise UnknownKeyError(f'unknown type "{name}" in the catalog', action=action.key, hint=hint)


def options_in(payload: Any, catalog: CatalogSettings) -> Options:
    """Return the settings that a payload with a record describes; empty if it describes none."""
    for name in catalog.options.split("."):
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload if isinstance(payload, list) else ()


def unknown_settings(values: Any, options: Options) -> list[str]:
    """Return a sentence about each setting that the catalog does not know."""
    names = [str(option.get("name", "")) for option in options]
    if not names or not isinstance(values, Mapping):
        return []
    unknown = [name for name in values if name not in names]
    return [f'the catalog has no setting "{name}". {did_you_mean(name, names)}'.rstrip() for name in unknown]
