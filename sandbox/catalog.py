"""The catalog: the types of sources, destinations and warehouses, and the workspace itself."""

from __future__ import annotations

from connector.sandbox_kit import Data, Record, RequestContext

from . import api
from .pagination import page

for _name in ("sourcesCatalog", "destinationsCatalog", "warehousesCatalog"):
    api.resource(_name, required=("id", "name"), standard=True)

_CATALOGS = {"SOURCE": "sourcesCatalog", "DESTINATION": "destinationsCatalog"}


def refer_type(context: RequestContext, catalog: str, id_: str) -> Record:
    """Return the catalog item that `metadataId` of a body refers to; a function is one as well.

    Raises:
        ApiError: If it does not exist.
    """
    if context.store.get(catalog, id_) is None:
        for function in context.store.find("functions", id_):
            if _CATALOGS.get(function["resourceType"]) == catalog:
                put_function(context, function)
    return context.refer(catalog, "metadataId", id_)


def put_function(context: RequestContext, function: Record) -> None:
    """Add the catalog item of a source or destination function, or replace it."""
    catalog = _CATALOGS.get(function["resourceType"])
    if catalog is None:
        return
    item = _item(function) | (_SOURCE_ITEM if catalog == "sourcesCatalog" else _DESTINATION_ITEM)
    if context.store.get(catalog, item["id"]) is None:
        context.store.add(catalog, [item])
    else:
        context.store.put(catalog, item)


def remove_function(context: RequestContext, function: Record) -> None:
    """Remove the catalog item of a function, unless a source or destination still refers to it."""
    catalog = _CATALOGS.get(function["resourceType"])
    instances = context.store.all("sources" if catalog == "sourcesCatalog" else "destinations")
    if catalog and not any(each["metadataId"] == function["catalogId"] for each in instances):
        context.store.remove(catalog, id_=function["catalogId"])


def _item(function: Record) -> Record:
    options = [
        {
            "name": setting["name"],
            "type": setting["type"].lower().replace("_", "-"),
            "required": setting["required"],
            "label": setting["label"],
            "description": setting["description"],
        }
        for setting in function.get("settings", [])
    ]
    return {
        "id": function["catalogId"],
        "name": function["displayName"],
        "slug": function["catalogId"],
        "description": function.get("description", ""),
        "logos": {"default": function.get("logoUrl", "")},
        "options": options,
        "status": "PUBLIC",
        "categories": [],
    }


_SOURCE_ITEM: Record = {"isCloudEventSource": True}
_DESTINATION_ITEM: Record = {
    "previousNames": [],
    "website": "",
    "components": [],
    "supportedFeatures": {
        "cloudModeInstances": "MULTIPLE",
        "deviceModeInstances": "0",
        "replay": False,
        "browserUnbundling": False,
        "browserUnbundlingPublic": False,
    },
    "supportedMethods": {"pageview": True, "identify": True, "alias": True, "track": True, "group": True},
    "supportedPlatforms": {"browser": False, "server": True, "mobile": False},
    "actions": [],
    "presets": [],
}


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
