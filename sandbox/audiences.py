"""Audiences of spaces. They are stored but not computed."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from connector.sandbox_kit import Body, Data, Record, RequestContext

from . import api
from .pagination import page
from .segment import SUCCESS, timestamp
from .users import first_user

api.resource("audiences", scope="spaceId", required=("id", "spaceId", "name", "key"), belongs_to={"spaceId": "spaces"})

_PATH = "/spaces/{spaceId}/audiences"
_ONLY_IN_READS = ("computeCadence", "size", "schedules")


class ChangedDefinition(Body):
    """What an audience selects."""

    query: str


class Definition(ChangedDefinition):
    """What a new audience selects."""

    target_entity: str | None = None


class Options(Body):
    """Options of an audience."""

    include_historical_data: bool = True
    filter_by_external_ids: list[str] = Field([])
    backfill_event_data_days: float = 0


class UpdateAudience(Body):
    """Body of updateAudienceForSpace."""

    enabled: bool = True
    name: str = ""
    description: str = ""
    definition: ChangedDefinition = Field(default_factory=lambda: ChangedDefinition(query=""))
    options: Options = Field(default_factory=Options)


class CreateAudience(Body):
    """Body of createAudience."""

    name: str
    enabled: bool = True
    description: str = ""
    definition: Definition
    audience_type: Literal["ACCOUNTS", "LINKED", "USERS"]
    options: Options = Field(default_factory=Options)


@api.operation("listAudiences", f"GET {_PATH}")
def list_audiences(context: RequestContext) -> Data:
    """List the audiences of a space."""
    space = context.require("spaces", "spaceId")
    return page(context, "audiences", "audiences", scope=space["id"], most=200)


@api.operation("getAudience", f"GET {_PATH}/{{id}}")
def get_audience(context: RequestContext) -> Data:
    """Return one audience."""
    return {"audience": _required(context)}


@api.operation("createAudience", f"POST {_PATH}", body=CreateAudience)
def create_audience(context: RequestContext, body: CreateAudience) -> Data:
    """Create an audience of a space."""
    space, now, user = context.require("spaces", "spaceId"), timestamp(context), first_user(context)
    audience: Record = {
        "id": f"aud_{context.new_id()}",
        "spaceId": space["id"],
        "key": re.sub(r"[^a-z0-9]+", "_", body.name.lower()).strip("_"),
        "enabled": body.enabled,
        **body.set_fields(),
        **dict.fromkeys(("createdBy", "updatedBy"), user),
        **dict.fromkeys(("createdAt", "updatedAt"), now),
        "computeCadence": {"type": "BATCH"},
    }
    audience["options"] = {"filterByExternalIds": []} | audience.get("options", {})
    context.store.add("audiences", [audience])
    return {"audience": _summary(audience)}


@api.operation("updateAudienceForSpace", f"PATCH {_PATH}/{{id}}", body=UpdateAudience)
def update_audience(context: RequestContext, body: UpdateAudience) -> Data:
    """Change the fields that the body sets."""
    audience, changes = _required(context), body.set_fields()
    for name in ("definition", "options"):
        if name in changes:
            changes[name] = audience.get(name, {}) | changes[name]
    audience = audience | changes | {"updatedAt": timestamp(context)}
    context.store.put("audiences", audience)
    return {"audience": _summary(audience)}


@api.operation("removeAudienceFromSpace", f"DELETE {_PATH}/{{id}}")
def remove_audience(context: RequestContext) -> Data:
    """Delete an audience."""
    context.store.remove("audiences", id_=_required(context)["id"])
    return SUCCESS


def _summary(audience: Record) -> dict[str, Any]:
    return {name: value for name, value in audience.items() if name not in _ONLY_IN_READS}


def _required(context: RequestContext) -> Record:
    space, audience = context.require("spaces", "spaceId"), context.require("audiences", "id")
    if audience["spaceId"] != space["id"]:
        raise context.missing("id")
    return audience
