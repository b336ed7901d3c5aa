"""The catalog: the types of sources, destinations and warehouses, and the workspace itself."""

from __future__ import annotations

from connector.sandbox_kit import Data, RequestContext

from . import api
from .pagination import page

for _name in ("sourcesCatalog", "destinationsCatalog", "warehousesCatalog"):
    api.resource(_name, required=("id", "name"), standard=True)


@api.operation("getWorkspace", "GET /")
def get_workspace(context: RequestContext) -> Data:
    """Return the workspace of the token."""
    return {"workspace": context.workspace}


@api.operation("getSourcesCatalog", "GET /catalog/sources")
def get_sources_catalog(context: RequestContext) -> Data:
    """List the types of sources."""
    return page(context, "sourcesCatalog", "sourcesCatalog")


@api.operation("getSourceMetadata", "GET /catalog/sources/{sourceMetadataId}")
def get_source_metadata(context: RequestContext) -> Data:
    """Return one type of source."""
    metadata = context.require("sourcesCatalog", "sourceMetadataId")
    return context.show("sourcesCatalog", metadata["id"], "sourceMetadata")


@api.operation("getDestinationsCatalog", "GET /catalog/destinations")
def get_destinations_catalog(context: RequestContext) -> Data:
    """List the types of destinations."""
    return page(context, "destinationsCatalog", "destinationsCatalog")


@api.operation("getDestinationMetadata", "GET /catalog/destinations/{destinationMetadataId}")
def get_destination_metadata(context: RequestContext) -> Data:
    """Return one type of destination."""
    metadata = context.require("destinationsCatalog", "destinationMetadataId")
    return context.show("destinationsCatalog", metadata["id"], "destinationMetadata")


@api.operation("getWarehousesCatalog", "GET /catalog/warehouses")
def get_warehouses_catalog(context: RequestContext) -> Data:
    """List the types of warehouses."""
    return page(context, "warehousesCatalog", "warehousesCatalog")


@api.operation("getWarehouseMetadata", "GET /catalog/warehouses/{warehouseMetadataId}")
def get_warehouse_metadata(context: RequestContext) -> Data:
    """Return one type of warehouse."""
    metadata = context.require("warehousesCatalog", "warehouseMetadataId")
    return context.show("warehousesCatalog", metadata["id"], "warehouseMetadata")
