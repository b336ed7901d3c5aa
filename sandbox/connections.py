"""Connections between sources and warehouses."""

from __future__ import annotations

import json
from dataclasses import replace

from connector.sandbox_kit import ApiError, Data, Record, RequestContext, page_of, problem, rows_of_page

from . import api
from .pagination import listed, page_request
from .segment import SUCCESS

api.resource(
    "connections",
    id=("warehouseId", "sourceId"),
    scope="warehouseId",
    key="sourceId",
    belongs_to={"warehouseId": "warehouses", "sourceId": "sources"},
)

api.assumption("already-connected", "Connecting a source to a warehouse twice", ("same-response", "409"))
api.assumption("not-connected", "Removing a connection that does not exist", ("404", "SUCCESS"))


def connect_source(context: RequestContext, source_id: str) -> None:
    """Connect a source to every warehouse."""
    pairs = ({"warehouseId": id_, "sourceId": source_id} for id_ in context.store.ids("warehouses"))
    context.store.add("connections", pairs)


def connect_warehouse(context: RequestContext, warehouse_id: str) -> None:
    """Connect every source to a warehouse."""
    pairs = ({"warehouseId": warehouse_id, "sourceId": id_} for id_ in context.store.ids("sources"))
    context.store.add("connections", pairs)


@api.operation("listConnectedSourcesFromWarehouse", "GET /warehouses/{warehouseId}/connected-sources")
def list_connected_sources(context: RequestContext) -> Data:
    """List the sources connected to a warehouse."""
    warehouse = context.require("warehouses", "warehouseId")
    connections = rows_of_page(context, "connections", page_request(context), warehouse["id"])
    sources = context.store.rows_of("sources", [json.loads(row.body)["sourceId"] for row in connections.items])
    return listed(context, "sources", replace(connections, items=sources), api.resources["sources"].view)


@api.operation("listConnectedWarehousesFromSource", "GET /sources/{sourceId}/connected-warehouses")
def list_connected_warehouses(context: RequestContext) -> Data:
    """List the warehouses connected to a source."""
    source = context.require("sources", "sourceId")
    ids = [each["warehouseId"] for each in context.store.find("connections", source["id"])]
    return _listed_by_id(context, "warehouses", ids)


@api.operation("listConnectedDestinationsFromSource", "GET /sources/{sourceId}/connected-destinations")
def list_connected_destinations(context: RequestContext) -> Data:
    """List the destinations of a source."""
    source = context.require("sources", "sourceId")
    return _listed_by_id(
        context, "destinations", [each["id"] for each in context.store.find("destinations", source["id"])]
    )


def _listed_by_id(context: RequestContext, kind: str, ids: list[str]) -> Data:
    ids_of_page = page_of(ids, page_request(context))
    rows = context.store.rows_of(kind, ids_of_page.items)
    return listed(context, kind, replace(ids_of_page, items=rows), api.resources[kind].view)


_CONNECTION = "/warehouses/{warehouseId}/connected-sources/{sourceId}"


@api.operation("addConnectionFromSourceToWarehouse", f"POST {_CONNECTION}", status=201)
def add_connection(context: RequestContext) -> Data:
    """Connect a source to a warehouse."""
    id_, connection = _connection(context)
    if context.store.get("connections", id_):
        if context.assume("already-connected") == "409":
            raise ApiError(409, [problem("sourceId", "is already connected")])
    else:
        context.store.add("connections", [connection])
    return {"status": "CONNECTED"}


@api.operation("removeSourceConnectionFromWarehouse", f"DELETE {_CONNECTION}")
def remove_connection(context: RequestContext) -> Data:
    """Disconnect a source from a warehouse."""
    id_, _ = _connection(context)
    if not context.store.remove("connections", id_=id_) and context.assume("not-connected") == "404":
        raise context.missing("sourceId")
    return SUCCESS


def _connection(context: RequestContext) -> tuple[str, Record]:
    warehouse, source = context.require("warehouses", "warehouseId"), context.require("sources", "sourceId")
    return f"{warehouse['id']}/{source['id']}", {"warehouseId": warehouse["id"], "sourceId": source["id"]}
