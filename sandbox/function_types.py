"""Functions as items of the catalog: a source or a destination can be of the type that a function is."""

from __future__ import annotations

from connector.sandbox_kit import Record, RequestContext

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
