"""Destinations: where Segment sends events."""

from typing import Annotated

from pydantic import MISSING

from connector import Context, Input, Payload, Undo, action

from .differences import EMPTY_SETTINGS, FLAT_SETTINGS, NO_NULL_NAME
from .inputs import DestinationId, Id, OneDestination, PageInputs, SegmentInputs, SourceId, lists, settings

Name = Annotated[
    str,
    Input(label="Name", comments="Display name of the destination.", example="my destination v1"),
]
Enabled = Annotated[
    bool,
    Input(label="Enabled", comments="Send events to the destination.", type="boolean", example=True),
]
MetadataId = Annotated[
    Id,
    Input(
        label="Metadata ID",
        comments="ID of the destination type in the catalog. See Get Destination Catalog.",
        example="54521fd525e721e32a72eea2",
        data_source="destinationTypes",
    ),
]
Settings = Annotated[dict[str, object], settings("destination", {"siteId": "12345"}, "listDestinationCatalog")]


class CreateDestination(SegmentInputs):
    """Inputs of Create Destination."""

    source_id: SourceId
    metadata_id: MetadataId
    name: Name | MISSING = MISSING
    enabled: Enabled | MISSING = MISSING
    settings: Settings


class UpdateDestination(SegmentInputs):
    """Inputs of Update Destination; a null name clears the name."""

    update_fields = ("name", "enabled", "settings")

    destination_id: DestinationId
    name: Name | MISSING | None = MISSING
    enabled: Enabled | MISSING = MISSING
    settings: Settings | MISSING = MISSING


@action(
    "createDestination",
    effect="write",
    undo=Undo(action="deleteDestination", inputs={"destinationId": "results.data.destination.id"}),
    differences=(FLAT_SETTINGS,),
)
def create_destination(context: Context, inputs: CreateDestination) -> Payload:
    """POST /destinations."""
    body = inputs.body("source_id", "metadata_id", "name", "enabled", "settings")
    return context.api.post("destinations", json=body)


@action("deleteDestination", effect="destructive", idempotent=True)
def delete_destination(context: Context, inputs: OneDestination) -> Payload:
    """DELETE /destinations/{destinationId}."""
    return context.api.delete("destinations", inputs.destination_id)


@action("getDestination")
def get_destination(context: Context, inputs: OneDestination) -> Payload:
    """GET /destinations/{destinationId}."""
    return context.api.get("destinations", inputs.destination_id)


@action("listDestinations", pagination=lists("destinations"))
def list_destinations(context: Context, inputs: PageInputs) -> Payload:
    """GET /destinations."""
    return context.api.get("destinations", query=inputs.page())


@action(
    "updateDestination",
    effect="write",
    idempotent=True,
    differences=(
        EMPTY_SETTINGS,
        FLAT_SETTINGS,
        NO_NULL_NAME,
    ),
)
def update_destination(context: Context, inputs: UpdateDestination) -> Payload:
    """PATCH /destinations/{destinationId}."""
    body = inputs.body(*inputs.update_fields)
    return context.api.patch("destinations", inputs.destination_id, json=body)
