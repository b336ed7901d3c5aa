"""The catalog: the types of sources, destinations and warehouses, and the workspace itself."""

from __future__ import annotations

from .operations import Data, RequestContext, operation, show
from .pagination import page


@operation("getWorkspace", "GET /")
def get_workspace(call: RequestContext) -> Data:
    """The workspace that the token belongs to."""
    return {"workspace": call.workspace}


@operation("getSourcesCatalog", "GET /catalog/sources")
def get_sources_catalog(call: RequestContext) -> Data:
    """All types of sources."""
    return page(call, "sourcesCatalog", "sourcesCatalog")


@operation("getSourceMetadata", "GET /catalog/sources/{sourceMetadataId}")
def get_source_metadata(call: RequestContext) -> Data:
    """One type of source."""
    found = call.require("sourcesCatalog", "sourceMetadataId")
    return show(call, "sourcesCatalog", found["id"], "sourceMetadata")


@operation("getDestinationsCatalog", "GET /catalog/destinations")
def get_destinations_catalog(call: RequestContext) -> Data:
    """All types of destinations."""
    return page(call, "destinationsCatalog", "destinationsCatalog")


@operation("getDestinationMetadata", "GET /catalog/destinations/{destinationMetadataId}")
def get_destination_metadata(call: RequestContext) -> Data:
    """One type of destination."""
    found = call.require("destinationsCatalog", "destinationMetadataId")
    return show(call, "destinationsCatalog", found["id"], "destinationMetadata")


@operation("getWarehousesCatalog", "GET /catalog/warehouses")
def get_warehouses_catalog(call: RequestContext) -> Data:
    """All types of warehouses."""
    return page(call, "warehousesCatalog", "warehousesCatalog")


@operation("getWarehouseMetadata", "GET /catalog/warehouses/{warehouseMetadataId}")
def get_warehouse_metadata(call: RequestContext) -> Data:
    """One type of warehouse."""
    found = call.require("warehousesCatalog", "warehouseMetadataId")
    return show(call, "warehousesCatalog", found["id"], "warehouseMetadata")
