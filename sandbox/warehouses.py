"""Warehouses and the sources connected to them."""

from __future__ import annotations

import json

from connector.sandbox_kit.errors import ApiError
from connector.sandbox_kit.record_types import Record

from .destinations import enabled_or_default
from .errors import problem
from .operations import SUCCESS, Data, RequestContext, compose, new_id, operation, refuse_dependents, show
from .pagination import listed, page, rows_of_page
from .request_bodies import Body, Settings, check_required_settings, known_settings, merged_settings
from .sources import source_view
from .store import Row, dumps


class CreateWarehouse(Body):
    """Of createWarehouse."""

    metadata_id: str
    name: str = ""
    enabled: bool = True
    settings: Settings
    disconnect_all_sources: bool = False


class UpdateWarehouse(Body):
    """Of updateWarehouse; a null name clears it."""

    name: str | None = None
    enabled: bool = True
    settings: Settings


def warehouse_view(call: RequestContext, row: Row) -> str:
    """A warehouse without its password."""
    warehouse = json.loads(row.body)
    settings = warehouse["settings"]
    shown = {name: value for name, value in settings.items() if "password" not in name.lower()}
    if "name" in shown and call.assume("warehouse-name") == "hidden":
        del shown["name"]
    body = row.body if len(shown) == len(settings) else dumps(warehouse | {"settings": shown})
    return compose(body, row.metadata)


@operation("listWarehouses", "GET /warehouses")
def list_warehouses(call: RequestContext) -> Data:
    """All warehouses."""
    return page(call, "warehouses", "warehouses", view=warehouse_view)


@operation("getWarehouse", "GET /warehouses/{warehouseId}")
def get_warehouse(call: RequestContext) -> Data:
    """One warehouse."""
    return _show(call, call.require("warehouses", "warehouseId"))


@operation("createWarehouse", "POST /warehouses", status=201, body=CreateWarehouse)
def create_warehouse(call: RequestContext, body: CreateWarehouse) -> Data:
    """Makes a warehouse and connects every source to it."""
    metadata = call.refer("warehousesCatalog", "metadataId", body.metadata_id)
    settings = known_settings(call, body.settings, metadata, "createWarehouse")
    check_required_settings(call, settings, metadata, "createWarehouse")
    warehouse: Record = {
        "id": new_id(),
        "workspaceId": call.workspace["id"],
        "enabled": enabled_or_default(call, body),
        "settings": _named(settings, body.given()),
        "metadataId": metadata["id"],
    }
    call.store.add("warehouses", [warehouse])
    if not body.disconnect_all_sources:
        call.store.connect_all(warehouse=warehouse["id"])
    return _show(call, warehouse)


@operation("updateWarehouse", "PATCH /warehouses/{warehouseId}", body=UpdateWarehouse)
def update_warehouse(call: RequestContext, body: UpdateWarehouse) -> Data:
    """Changes what the body holds."""
    warehouse = call.require("warehouses", "warehouseId")
    metadata = call.refer("warehousesCatalog", "metadataId", warehouse["metadataId"])
    settings = known_settings(call, body.settings, metadata, f"updateWarehouse {warehouse['id']}")
    given = body.given()
    # The name is kept among the settings, and is no setting that a replacement could drop.
    name = {key: value for key, value in warehouse["settings"].items() if key == "name"}
    old = {key: value for key, value in warehouse["settings"].items() if key != "name"}
    changed = warehouse | {"settings": _named(name | merged_settings(call, old, settings), given)}
    if "enabled" in given:
        changed["enabled"] = given["enabled"]
    call.store.put("warehouses", changed)
    return _show(call, warehouse)


@operation("deleteWarehouse", "DELETE /warehouses/{warehouseId}")
def delete_warehouse(call: RequestContext) -> Data:
    """Removes a warehouse and its connections."""
    id_ = call.require("warehouses", "warehouseId")["id"]
    if call.store.count("connections", id_):
        refuse_dependents(call, "warehouseId", [{}])
    call.store.remove("connections", scope=id_)
    call.store.remove("warehouses", id_=id_)
    return SUCCESS


@operation("listConnectedSourcesFromWarehouse", "GET /warehouses/{warehouseId}/connected-sources")
def list_connected_sources(call: RequestContext) -> Data:
    """The sources connected to a warehouse."""
    warehouse = call.require("warehouses", "warehouseId")
    connections, pagination = rows_of_page(call, "connections", warehouse["id"])
    sources = call.store.rows_of("sources", [json.loads(row.body)["sourceId"] for row in connections])
    return listed(call, "sources", sources, pagination, source_view)


_CONNECTION = "/warehouses/{warehouseId}/connected-sources/{sourceId}"


@operation("addConnectionFromSourceToWarehouse", f"POST {_CONNECTION}", status=201)
def add_connection(call: RequestContext) -> Data:
    """Connects a source to a warehouse."""
    id_, connection = _connection(call)
    if call.store.get("connections", id_):
        if call.assume("already-connected") == "409":
            raise ApiError(409, [problem("sourceId", "is connected already", 409)])
    else:
        call.store.add("connections", [connection])
    return {"status": "CONNECTED"}


@operation("removeSourceConnectionFromWarehouse", f"DELETE {_CONNECTION}")
def remove_connection(call: RequestContext) -> Data:
    """Parts a source from a warehouse."""
    id_, _ = _connection(call)
    if not call.store.remove("connections", id_=id_) and call.assume("not-connected") == "404":
        raise call.missing("sourceId")
    return SUCCESS


def _connection(call: RequestContext) -> tuple[str, Record]:
    warehouse, source = call.require("warehouses", "warehouseId"), call.require("sources", "sourceId")
    return f"{warehouse['id']}/{source['id']}", {"warehouseId": warehouse["id"], "sourceId": source["id"]}


def _named(settings: Settings, given: Record) -> Settings:
    if "name" not in given:
        return settings
    rest = {key: value for key, value in settings.items() if key != "name"}
    return rest | {"name": given["name"]} if given["name"] else rest


def _show(call: RequestContext, warehouse: Record) -> str:
    return show(call, "warehouses", warehouse["id"], "warehouse", warehouse_view)
