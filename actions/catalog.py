"""The Segment catalog: the types of sources, destinations, and warehouses."""

from connector import Context, Payload, action

from .inputs import (
    DestinationMetadataId,
    PageInputs,
    SegmentInputs,
    SourceMetadataId,
    WarehouseMetadataId,
    lists,
)


class OneDestinationMetadata(SegmentInputs):
    """Inputs of Get Destination Metadata."""

    destination_metadata_id: DestinationMetadataId


class OneSourceMetadata(SegmentInputs):
    """Inputs of Get Source Metadata."""

    source_metadata_id: SourceMetadataId


class OneWarehouseMetadata(SegmentInputs):
    """Inputs of Get Warehouse Metadata."""

    warehouse_metadata_id: WarehouseMetadataId


@action("getDestinationMetadata")
def get_destination_metadata(context: Context, inputs: OneDestinationMetadata) -> Payload:
    """GET /catalog/destinations/{destinationMetadataId}."""
    return context.api.get("catalog", "destinations", inputs.destination_metadata_id)


@action("getSourceMetadata")
def get_source_metadata(context: Context, inputs: OneSourceMetadata) -> Payload:
    """GET /catalog/sources/{sourceMetadataId}."""
    return context.api.get("catalog", "sources", inputs.source_metadata_id)


@action("getWarehouseMetadata")
def get_warehouse_metadata(context: Context, inputs: OneWarehouseMetadata) -> Payload:
    """GET /catalog/warehouses/{warehouseMetadataId}."""
    return context.api.get("catalog", "warehouses", inputs.warehouse_metadata_id)


@action("listDestinationCatalog", operation="getDestinationsCatalog", pagination=lists("destinationsCatalog"))
def list_destination_catalog(context: Context, inputs: PageInputs) -> Payload:
    """GET /catalog/destinations."""
    return context.api.get("catalog", "destinations", query=inputs.page())


@action("listSourcesCatalog", operation="getSourcesCatalog", pagination=lists("sourcesCatalog"))
def list_sources_catalog(context: Context, inputs: PageInputs) -> Payload:
    """GET /catalog/sources."""
    return context.api.get("catalog", "sources", query=inputs.page())


@action("listWarehousesCatalog", operation="getWarehousesCatalog", pagination=lists("warehousesCatalog"))
def list_warehouses_catalog(context: Context, inputs: PageInputs) -> Payload:
    """GET /catalog/warehouses."""
    return context.api.get("catalog", "warehouses", query=inputs.page())
