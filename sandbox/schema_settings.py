"""Schema settings of sources: what happens to events that a tracking plan does not have."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.sandbox_kit import Body, Data, Record, RequestContext, run_checks

from . import api

api.resource(
    "schemaSettings",
    id=("sourceId",),
    key="sourceId",
    belongs_to={"sourceId": "sources"},
    refers_to={"forwardingViolationsTo": "sources", "forwardingBlockedEventsTo": "sources"},
)

_TRAITS: Record = {"allowUnplannedTraits": True, "allowTraitsOnViolations": True, "commonEventOnViolations": "ALLOW"}
DEFAULTS: Record = {
    "track": {
        "allowUnplannedEvents": True,
        "allowUnplannedEventProperties": True,
        "allowEventOnViolations": True,
        "allowPropertiesOnViolations": True,
        "commonEventOnViolations": "ALLOW",
    },
    "identify": _TRAITS,
    "group": _TRAITS,
}
"""The settings of a source whose settings were never changed; the documentation says only that it has defaults."""


class TrackSettings(Body):
    """Settings for track calls."""

    allow_unplanned_events: bool = True
    allow_unplanned_event_properties: bool = True
    allow_event_on_violations: bool = True
    allow_properties_on_violations: bool = True
    common_event_on_violations: Literal["ALLOW", "BLOCK", "OMIT_PROPERTIES"] = "ALLOW"


class TraitSettings(Body):
    """Settings for identify or group calls."""

    allow_unplanned_traits: bool = True
    allow_traits_on_violations: bool = True
    common_event_on_violations: Literal["ALLOW", "BLOCK", "OMIT_TRAITS"] = "ALLOW"


class UpdateSchemaSettings(Body):
    """Body of updateSchemaSettingsInSource."""

    track: TrackSettings = Field(default_factory=TrackSettings)
    identify: TraitSettings = Field(default_factory=TraitSettings)
    group: TraitSettings = Field(default_factory=TraitSettings)
    forwarding_violations_to: str = ""
    forwarding_blocked_events_to: str = ""


@api.operation("listSchemaSettingsInSource", "GET /sources/{sourceId}/settings")
def list_schema_settings(context: RequestContext) -> Data:
    """Return the schema settings of a source."""
    source = context.require("sources", "sourceId")
    return {"sourceId": source["id"], "settings": _settings_of(context, source)}


@api.operation("updateSchemaSettingsInSource", "PATCH /sources/{sourceId}/settings", body=UpdateSchemaSettings)
def update_schema_settings(context: RequestContext, body: UpdateSchemaSettings) -> Data:
    """Change the settings that the body sets; the others of the same call stay."""
    source, changes = context.require("sources", "sourceId"), body.set_fields()
    forwards = [name for name in ("forwardingViolationsTo", "forwardingBlockedEventsTo") if changes.get(name)]
    run_checks(*((lambda name=name: context.refer("sources", name, changes[name])) for name in forwards))
    settings = _settings_of(context, source)
    for name, value in changes.items():
        settings[name] = settings[name] | value if isinstance(value, dict) else value
    settings = {name: value for name, value in settings.items() if value}
    context.store.remove("schemaSettings", id_=source["id"])
    context.store.add("schemaSettings", [{"sourceId": source["id"]} | settings])
    return {"sourceId": source["id"], "settings": settings}


def _settings_of(context: RequestContext, source: Record) -> Record:
    stored = context.store.get("schemaSettings", source["id"]) or {}
    return DEFAULTS | {name: value for name, value in stored.items() if name != "sourceId"}
