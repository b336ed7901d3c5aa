"""Sources: where events come from."""

from typing import Annotated

from pydantic import MISSING

from connector import Context, Input, Payload, Undo, action

from .differences import EMPTY_SETTINGS, FLAT_SETTINGS
from .inputs import Id, PageInputs, SegmentInputs, SourceId, lists, settings

Slug = Annotated[
    str,
    Input(
        label="Slug",
        comments="Name of the source in URLs, unique in the workspace.",
        example="my-test-source-rhpd18",
    ),
]
Enabled = Annotated[
    bool, Input(label="Enabled", comments="Collect events from the source.", type="boolean", example=True)
]
MetadataId = Annotated[
    Id,
    Input(
        label="Metadata ID",
        comments="ID of the source type in the catalog. See Get Sources Catalog.",
        example="IqDTy1TpoU",
        data_source="sourceTypes",
    ),
]
Name = Annotated[str, Input(label="Name", comments="Display name of the source.", example="My updated source")]
Settings = Annotated[dict[str, object], settings("source", {"websiteUrl": "https://example.com"}, "listSourcesCatalog")]


class OneSource(SegmentInputs):
    """Inputs of the actions on one source."""

    source_id: SourceId


class CreateSource(SegmentInputs):
    """Inputs of Create Source."""

    slug: Slug
    enabled: Enabled
    metadata_id: MetadataId
    settings: Settings | MISSING = MISSING
    disconnect_all_warehouses: (
        Annotated[
            bool,
            Input(
                label="Disconnect All Warehouses",
                in_prismatic=False,
                comments="Do not connect the new source to any warehouse. By default it is connected to all.",
                type="boolean",
                example=True,
            ),
        ]
        | MISSING
    ) = MISSING


class UpdateSource(SegmentInputs):
    """Inputs of Update Source."""

    update_fields = ("slug", "enabled", "name", "settings")

    source_id: SourceId
    slug: Slug | MISSING = MISSING
    enabled: Enabled | MISSING = MISSING
    name: Name | MISSING = MISSING
    settings: Settings | MISSING = MISSING


@action(
    "createSource",
    effect="write",
    undo=Undo(action="deleteSource", inputs={"sourceId": "results.data.source.id"}),
    differences=(
        EMPTY_SETTINGS,
        FLAT_SETTINGS,
    ),
)
def create_source(context: Context, inputs: CreateSource) -> Payload:
    """POST /sources."""
    body = inputs.body("slug", "enabled", "metadata_id", "settings", "disconnect_all_warehouses")
    return context.api.post("sources", json=body)


@action("deleteSource", effect="destructive", idempotent=True)
def delete_source(context: Context, inputs: OneSource) -> Payload:
    """DELETE /sources/{sourceId}."""
    return context.api.delete("sources", inputs.source_id)


@action("getSource")
def get_source(context: Context, inputs: OneSource) -> Payload:
    """GET /sources/{sourceId}."""
    return context.api.get("sources", inputs.source_id)


@action("listSources", pagination=lists("sources"))
def list_sources(context: Context, inputs: PageInputs) -> Payload:
    """GET /sources."""
    return context.api.get("sources", query=inputs.page())


@action(
    "updateSource",
    effect="write",
    idempotent=True,
    differences=(
        EMPTY_SETTINGS,
        FLAT_SETTINGS,
    ),
)
def update_source(context: Context, inputs: UpdateSource) -> Payload:
    """PATCH /sources/{sourceId}."""
    body = inputs.body(*inputs.update_fields)
    return context.api.patch("sources", inputs.source_id, json=body)
