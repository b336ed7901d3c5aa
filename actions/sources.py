"""Sources: where events come from."""

from typing import Annotated

from pydantic import MISSING, Field

from connector import Context, Input, Payload, Undo, action

from .inputs import PageInputs, SegmentInputs, SourceId, lists, settings

Slug = Annotated[
    str,
    Input(
        label="Slug",
        comments="The Source's own name in URLs and the app; unique in the Workspace.",
        example="my-test-source-rhpd18",
    ),
]
Enabled = Annotated[
    bool, Input(label="Enabled", comments="Whether the Source collects events.", type="boolean", example=True)
]
MetadataId = Annotated[
    str,
    Field(min_length=1),
    Input(
        label="Metadata ID",
        comments="The id of the kind of Source in the Segment catalog; see Get Sources Catalog.",
        example="IqDTy1TpoU",
    ),
]
Name = Annotated[str, Input(label="Name", comments="The Source's name shown to people.", example="My updated source")]
Settings = Annotated[dict[str, object], settings("Source", {"websiteUrl": "https://example.com"})]


class OneSource(SegmentInputs):
    """Inputs of the actions on one Source."""

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
                comments="Leave the new Source unconnected; otherwise it is connected to every Warehouse.",
                type="boolean",
                example=True,
            ),
        ]
        | MISSING
    ) = MISSING


class UpdateSource(SegmentInputs):
    """Inputs of Update Source."""

    source_id: SourceId
    slug: Slug | MISSING = MISSING
    enabled: Enabled | MISSING = MISSING
    name: Name | MISSING = MISSING
    settings: Settings | MISSING = MISSING


@action("createSource", effect="write", undo=Undo(action="deleteSource", inputs={"sourceId": "results.data.source.id"}))
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


@action("updateSource", effect="write", idempotent=True)
def update_source(context: Context, inputs: UpdateSource) -> Payload:
    """PATCH /sources/{sourceId}."""
    body = inputs.body("slug", "enabled", "name", "settings")
    return context.api.patch("sources", inputs.source_id, json=body)
