"""Destinations."""

from __future__ import annotations

import json

from pydantic import Field

from connector.sandbox_kit import ApiError, Body, Data, Record, RequestContext, Row, compose, dumps, run_checks

from . import api
from .function_types import refer_type
from .masks import masked_settings
from .pagination import page
from .segment import SUCCESS
from .settings import Settings, changed_settings, enabled_or_default, new_settings, writable_settings

api.assumption(
    "destination-instances",
    "A second destination of one type on one source, unless the catalog says MULTIPLE or above 1",
    ("400", "allow"),
    "the 400 and its message were seen; assumed: 0 in the catalog means one instance",
)


class CreateDestination(Body):
    """Body of createDestination."""

    source_id: str
    metadata_id: str
    enabled: bool = True
    name: str = ""
    settings: Settings


class UpdateDestination(Body):
    """Body of updateDestination; a null name clears it."""

    name: str | None = None
    enabled: bool = True
    settings: Settings = Field({})


def destination_view(context: RequestContext, row: Row) -> str:
    """Return a destination; secret settings are masked."""
    destination = json.loads(row.body)
    masked = masked_settings(context, destination["settings"], row.metadata_id)
    if masked == destination["settings"]:
        return compose(row.body, row.metadata)
    return compose(dumps(destination | {"settings": masked}), row.metadata)


api.resource(
    "destinations",
    key="sourceId",
    catalog="destinationsCatalog",
    required=("id", "sourceId", "metadataId"),
    defaults={"name": "", "enabled": True, "settings": {}},
    belongs_to={"sourceId": "sources"},
    view=destination_view,
)


@api.operation("listDestinations", "GET /destinations")
def list_destinations(context: RequestContext) -> Data:
    """List the destinations."""
    return page(context, "destinations", "destinations")


@api.operation("getDestination", "GET /destinations/{destinationId}")
def get_destination(context: RequestContext) -> Data:
    """Return one destination."""
    return _show(context, context.require("destinations", "destinationId"))


@api.operation("createDestination", "POST /destinations", body=CreateDestination)
def create_destination(context: RequestContext, body: CreateDestination) -> Data:
    """Create a destination of a source."""
    source, metadata = run_checks(
        lambda: context.refer("sources", "sourceId", body.source_id),
        lambda: refer_type(context, "destinationsCatalog", body.metadata_id),
    )
    _check_instances(context, source, metadata)
    what = f"createDestination of {source['id']}"
    settings = new_settings(context, body.settings, metadata, what)
    destination: Record = {
        "id": context.new_id(),
        "enabled": enabled_or_default(context, body),
        "name": body.name,
        "settings": settings,
        "sourceId": source["id"],
        "metadataId": metadata["id"],
    }
    context.store.add("destinations", [destination])
    return _show(context, destination)


@api.operation("updateDestination", "PATCH /destinations/{destinationId}", body=UpdateDestination)
def update_destination(context: RequestContext, body: UpdateDestination) -> Data:
    """Change the fields that the body sets."""
    destination = context.require("destinations", "destinationId")
    changes = body.set_fields()
    if "name" in changes:
        changes["name"] = changes["name"] or ""
    if "settings" in changes:
        metadata = context.refer("destinationsCatalog", "metadataId", destination["metadataId"])
        settings = writable_settings(changes["settings"], metadata)
        what = f"updateDestination {destination['id']}"
        changes["settings"] = changed_settings(context, destination["settings"], settings, metadata, what)
    context.store.put("destinations", destination | changes)
    return _show(context, destination)


@api.operation("deleteDestination", "DELETE /destinations/{destinationId}")
def delete_destination(context: RequestContext) -> Data:
    """Delete a destination and its subscriptions."""
    context.delete("destinations", "destinationId")
    return SUCCESS


def allows_many(metadata: Record) -> bool:
    """Return whether a source may have several destinations of a type."""
    features = metadata["supportedFeatures"]
    counts = [str(features.get(name, "0")) for name in ("cloudModeInstances", "deviceModeInstances")]
    return any(count == "MULTIPLE" or (count.isdigit() and int(count) > 1) for count in counts)


def _check_instances(context: RequestContext, source: Record, metadata: Record) -> None:
    siblings = context.store.find("destinations", source["id"])
    taken = any(each["metadataId"] == metadata["id"] for each in siblings)
    if taken and not allows_many(metadata) and context.assume("destination-instances") == "400":
        message = "Multiple configurations of this destination type not supported."
        raise ApiError(400, [{"message": message}])


def _show(context: RequestContext, destination: Record) -> str:
    return context.show("destinations", destination["id"], "destination")


def part_of_destination(context: RequestContext, resource: str, parameter: str) -> Record:
    """Return the record that a parameter of the path names, which belongs to the path's destination.

    Raises:
        ApiError: If the destination does not exist, or has no such part.
    """
    destination, record = context.require("destinations", "destinationId"), context.require(resource, parameter)
    if record["destinationId"] != destination["id"]:
        raise context.missing(parameter)
    return record
