"""Settings of sources, destinations and warehouses: what the catalog says about them."""

from __future__ import annotations

import logging
from typing import Any

from connector.sandbox_kit import ApiError, Body, Record, RequestContext, problem

from . import api

logger = logging.getLogger("connector.sandbox")

Settings = dict[str, Any]

api.assumption(
    "enabled-by-default",
    "A destination or warehouse created without `enabled` is enabled",
    ("true", "false"),
    "the documented example of createDestination sends none and gets true",
)
api.assumption(
    "patch-settings", "Settings in a PATCH are merged with the existing ones, or replace them", ("merge", "replace")
)
api.assumption(
    "settings-defaults",
    "Settings that a create leaves out are absent, or have the default values of the catalog",
    ("absent", "catalog"),
    "a published program reports that new settings can appear in the response",
)
api.assumption("required-settings", "A required setting of the catalog that is missing", ("log", "422"))
api.assumption(
    "unknown-settings",
    "A setting that the catalog does not list, if it lists any, is left out or kept",
    ("ignore", "keep"),
    "users report that such keys are accepted without effect",
)


def new_settings(context: RequestContext, settings: Settings, metadata: Record, noun: str) -> Settings:
    """Return the settings of a new record.

    Raises:
        ApiError: 422, if a required setting is missing and `required-settings` is 422.
    """
    known = _known(context, settings, metadata, noun)
    _check_required(context, known, metadata, noun)
    missing = {
        option["name"]: option["defaultValue"]
        for option in metadata["options"]
        if "defaultValue" in option and option["name"] not in known
    }
    return known | missing if missing and context.assume("settings-defaults") == "catalog" else known


def changed_settings(context: RequestContext, old: Settings, new: Settings, metadata: Record, noun: str) -> Settings:
    """Return the settings after a PATCH."""
    return merged_settings(context, old, _known(context, new, metadata, noun))


def merged_settings(context: RequestContext, old: Settings, new: Settings) -> Settings:
    """Merge the settings of a PATCH into the existing ones; null removes a setting."""
    replaces = not set(old) <= set(new) and context.assume("patch-settings") == "replace"
    merged = new if replaces else old | new
    return {name: value for name, value in merged.items() if value is not None or name not in new}


def writable_settings(settings: Settings, metadata: Record) -> Settings:
    """Return the settings of a PATCH without the read-only ones, which the API ignores.

    Raises:
        ApiError: 400, if all of them are read-only.
    """
    read_only = {option["name"] for option in metadata["options"] if _is_read_only(option)}
    writable = {name: value for name, value in settings.items() if name not in read_only}
    if settings and not writable:
        raise ApiError(400, [{"message": "All of the settings are read-only."}])
    return writable


def _known(context: RequestContext, settings: Settings, metadata: Record, noun: str) -> Settings:
    names = {option["name"] for option in metadata["options"]}
    unknown = [key for key in settings if key not in names] if names else []
    if not unknown:
        return settings
    logger.warning("%s: %s has no setting %s", noun, metadata["name"], ", ".join(unknown))
    if context.assume("unknown-settings") == "keep":
        return settings
    return {key: value for key, value in settings.items() if key in names}


def _check_required(context: RequestContext, settings: Settings, metadata: Record, noun: str) -> None:
    missing = [
        option["name"]
        for option in metadata["options"]
        if option["required"] and option["name"] not in settings and not _is_read_only(option)
    ]
    if not missing:
        return
    logger.warning("%s: %s requires the setting %s", noun, metadata["name"], ", ".join(missing))
    if context.assume("required-settings") == "422":
        raise ApiError(422, [problem(f"settings.{name}", "is required") for name in missing])


def _is_read_only(option: Record) -> bool:
    # The catalog has no field for this; it says so in the texts of the option.
    return "read-only" in f"{option.get('label', '')} {option.get('description', '')}".lower()


def enabled_or_default(context: RequestContext, body: Body) -> bool:
    """Return whether the record that a body creates is enabled."""
    fields = body.set_fields()
    return fields["enabled"] if "enabled" in fields else context.assume("enabled-by-default") == "true"
