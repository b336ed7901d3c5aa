"""Settings of sources, destinations and warehouses: what the catalog says about them, and how secrets are masked."""

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
api.assumption("required-settings", "A required setting of the catalog that is missing", ("log", "422"))
api.assumption(
    "unknown-settings",
    "A setting that the catalog does not list, if it lists any, is left out or kept",
    ("ignore", "keep"),
    "users report that such keys are accepted without effect",
)


def known_settings(context: RequestContext, settings: Settings, metadata: Record, what: str) -> Settings:
    """Return the settings that the catalog lists; log the others."""
    names = {option["name"] for option in metadata["options"]}
    unknown = [key for key in settings if key not in names] if names else []
    if not unknown:
        return settings
    logger.warning("%s: %s has no setting %s", what, metadata["name"], ", ".join(unknown))
    if context.assume("unknown-settings") == "keep":
        return settings
    return {key: value for key, value in settings.items() if key in names}


def merged_settings(context: RequestContext, old: Settings, new: Settings) -> Settings:
    """Return the settings after a PATCH."""
    if set(old) <= set(new):
        return new
    return old | new if context.assume("patch-settings") == "merge" else new


def check_required_settings(context: RequestContext, settings: Settings, metadata: Record, what: str) -> None:
    """Log or reject missing required settings.

    Raises:
        ApiError: 422, if `required-settings` is 422.
    """
    missing = [
        option["name"] for option in metadata["options"] if option["required"] and option["name"] not in settings
    ]
    if not missing:
        return
    logger.warning("%s: %s requires the setting %s", what, metadata["name"], ", ".join(missing))
    if context.assume("required-settings") == "422":
        raise ApiError(422, [problem(f"settings.{name}", "is required") for name in missing])


def enabled_or_default(context: RequestContext, body: Body) -> bool:
    """Return whether the record that a body creates is enabled."""
    fields = body.set_fields()
    return fields["enabled"] if "enabled" in fields else context.assume("enabled-by-default") == "true"
