"""Destinations."""

from __future__ import annotations

import json
import re

from pydantic import Field

from connector.sandbox_kit.errors import ApiError
from connector.sandbox_kit.record_types import Record

from .errors import TYPES
from .operations import SUCCESS, Data, RequestContext, compose, new_id, operation, refuse_dependents, show, together
from .pagination import page
from .request_bodies import Body, Settings, check_required_settings, known_settings, merged_settings
from .store import Row, dumps

BULLETS = "•" * 10
_SECRET = re.compile(
    r"(api[-_]?key|api[-_]?secret|password|passphrase|token|private[-_]?key|secret[-_]?key|secret[-_]?access[-_]?key"
    r"|client[-_]?secret)$",
    re.IGNORECASE,
)


class CreateDestination(Body):
    """Of createDestination."""

    source_id: str
    metadata_id: str
    enabled: bool = True
    name: str = ""
    settings: Settings


class UpdateDestination(Body):
    """Of updateDestination; a null name clears it."""

    name: str | None = None
    enabled: bool = True
    settings: Settings = Field({})


def destination_view(call: RequestContext, row: Row) -> str:
    """A destination; secret settings are bullets."""
    destination = json.loads(row.body)
    settings = destination["settings"]
    secrets = [name for name, value in settings.items() if value and _SECRET.search(name)]
    if secrets and call.assume("secret-names") == "apiKey":
        secrets = [name for name in secrets if name == "apiKey"]
    if not secrets or call.assume("secret-settings") == "plain":
        return compose(row.body, row.metadata)
    destination["settings"] = settings | dict.fromkeys(secrets, BULLETS)
    return compose(dumps(destination), row.metadata)


@operation("listDestinations", "GET /destinations")
def list_destinations(call: RequestContext) -> Data:
    """All destinations."""
    return page(call, "destinations", "destinations", view=destination_view)


@operation("getDestination", "GET /destinations/{destinationId}")
def get_destination(call: RequestContext) -> Data:
    """One destination."""
    return _show(call, call.require("destinations", "destinationId"))


@operation("createDestination", "POST /destinations", body=CreateDestination)
def create_destination(call: RequestContext, body: CreateDestination) -> Data:
    """Makes a destination of a source."""
    source, metadata = together(
        lambda: call.refer("sources", "sourceId", body.source_id),
        lambda: call.refer("destinationsCatalog", "metadataId", body.metadata_id),
    )
    _check_instances(call, source, metadata)
    what = f"createDestination of {source['id']}"
    settings = known_settings(call, body.settings, metadata, what)
    check_required_settings(call, settings, metadata, what)
    destination: Record = {
        "id": new_id(),
        "enabled": enabled_or_default(call, body),
        "name": body.name,
        "settings": settings,
        "sourceId": source["id"],
        "metadataId": metadata["id"],
    }
    call.store.add("destinations", [destination])
    return _show(call, destination)


@operation("updateDestination", "PATCH /destinations/{destinationId}", body=UpdateDestination)
def update_destination(call: RequestContext, body: UpdateDestination) -> Data:
    """Changes what the body holds."""
    destination = call.require("destinations", "destinationId")
    given = body.given()
    if "name" in given:
        given["name"] = given["name"] or ""
    if "settings" in given:
        metadata = call.refer("destinationsCatalog", "metadataId", destination["metadataId"])
        settings = known_settings(call, given["settings"], metadata, f"updateDestination {destination['id']}")
        given["settings"] = merged_settings(call, destination["settings"], settings)
    call.store.put("destinations", destination | given)
    return _show(call, destination)


@operation("deleteDestination", "DELETE /destinations/{destinationId}")
def delete_destination(call: RequestContext) -> Data:
    """Removes a destination and its subscriptions."""
    id_ = call.require("destinations", "destinationId")["id"]
    refuse_dependents(call, "destinationId", call.store.all("subscriptions", id_))
    call.store.remove("subscriptions", scope=id_)
    call.store.remove("destinations", id_=id_)
    return SUCCESS


def enabled_or_default(call: RequestContext, body: Body) -> bool:
    """Whether what a body creates is enabled."""
    given = body.given()
    return given["enabled"] if "enabled" in given else call.assume("enabled-by-default") == "true"


def allows_many(metadata: Record) -> bool:
    """Whether one source may have several destinations of a type."""
    features = metadata["supportedFeatures"]
    counts = [str(features.get(name, "0")) for name in ("cloudModeInstances", "deviceModeInstances")]
    return any(count == "MULTIPLE" or (count.isdigit() and int(count) > 1) for count in counts)


def _check_instances(call: RequestContext, source: Record, metadata: Record) -> None:
    siblings = call.store.find("destinations", source["id"])
    taken = any(each["metadataId"] == metadata["id"] for each in siblings)
    if taken and not allows_many(metadata) and call.assume("destination-instances") == "400":
        message = "Multiple configurations of this destination type not supported."
        raise ApiError(400, [{"type": TYPES[400], "message": message}])


def _show(call: RequestContext, destination: Record) -> str:
    return show(call, "destinations", destination["id"], "destination", destination_view)
