"""Warehouses and the sources connected to them."""

from __future__ import annotations

import hashlib
import json

from connector.sandbox_kit import Body, Data, Record, RequestContext, Row, compose, dumps

from . import api
from .connections import connect_warehouse
from .pagination import page
from .segment import SUCCESS
from .settings import Settings, changed_settings, enabled_or_default, new_settings

api.assumption(
    "warehouse-password",
    "The settings of a warehouse with a password have `ciphertext` and `encrypted`, or nothing in its place",
    ("encrypted", "absent"),
    "four of four exported warehouses",
)
api.assumption(
    "warehouse-name",
    "The name of a warehouse is visible among its settings, the only place that responses have for it",
    ("in-settings", "hidden"),
    "the documented example of updateWarehouse sends a name and gets it there",
)


class CreateWarehouse(Body):
    """Body of createWarehouse."""

    metadata_id: str
    name: str = ""
    enabled: bool = True
    settings: Settings
    disconnect_all_sources: bool = False


class NamedWarehouse(Body):
    """Body of updateWarehouse; a null name clears it."""

    name: str | None = None
    enabled: bool = True
    settings: Settings


def warehouse_view(context: RequestContext, row: Row) -> str:
    """Return a warehouse without its password."""
    warehouse = json.loads(row.body)
    settings = warehouse["settings"]
    visible = {name: value for name, value in settings.items() if "password" not in name.lower()}
    secrets = "".join(str(value) for name, value in settings.items() if name not in visible)
    if secrets and context.assume("warehouse-password") == "encrypted":
        # The value only has to look encrypted, and to change with the password.
        visible |= {"ciphertext": hashlib.sha256(secrets.encode()).hexdigest(), "encrypted": True}
    if "name" in visible and context.assume("warehouse-name") == "hidden":
        del visible["name"]
    body = row.body if visible == settings else dumps(warehouse | {"settings": visible})
    return compose(body, row.metadata)


api.resource(
    "warehouses",
    catalog="warehousesCatalog",
    required=("id", "metadataId"),
    defaults={"enabled": True, "settings": {}},
    in_workspace=True,
    view=warehouse_view,
)


@api.operation("listWarehouses", "GET /warehouses")
def list_warehouses(context: RequestContext) -> Data:
    """List the warehouses."""
    return page(context, "warehouses", "warehouses")


@api.operation("getWarehouse", "GET /warehouses/{warehouseId}")
def get_warehouse(context: RequestContext) -> Data:
    """Return one warehouse."""
    return _show(context, context.require("warehouses", "warehouseId"))


@api.operation("createWarehouse", "POST /warehouses", status=201, body=CreateWarehouse)
def create_warehouse(context: RequestContext, body: CreateWarehouse) -> Data:
    """Create a warehouse and connect every source to it."""
    metadata = context.refer("warehousesCatalog", "metadataId", body.metadata_id)
    settings = new_settings(context, body.settings, metadata, "createWarehouse")
    warehouse: Record = {
        "id": context.new_id(),
        "workspaceId": context.workspace["id"],
        "enabled": enabled_or_default(context, body),
        "settings": named(settings, body.set_fields()),
        "metadataId": metadata["id"],
    }
    context.store.add("warehouses", [warehouse])
    if not body.disconnect_all_sources:
        connect_warehouse(context, warehouse["id"])
    return _show(context, warehouse)


@api.operation("updateWarehouse", "PATCH /warehouses/{warehouseId}", body=NamedWarehouse)
def update_warehouse(context: RequestContext, body: NamedWarehouse) -> Data:
    """Change the fields that the body sets."""
    warehouse = context.require("warehouses", "warehouseId")
    changes = body.set_fields()
    changed = warehouse | {"settings": patched_settings(context, warehouse, body, f"updateWarehouse {warehouse['id']}")}
    if "enabled" in changes:
        changed["enabled"] = changes["enabled"]
    context.store.put("warehouses", changed)
    return _show(context, warehouse)


@api.operation("deleteWarehouse", "DELETE /warehouses/{warehouseId}")
def delete_warehouse(context: RequestContext) -> Data:
    """Delete a warehouse and its connections."""
    context.delete("warehouses", "warehouseId")
    return SUCCESS


def patched_settings(context: RequestContext, warehouse: Record, body: NamedWarehouse, noun: str) -> Settings:
    """Return the settings of a warehouse after a PATCH, with its name."""
    metadata = context.refer("warehousesCatalog", "metadataId", warehouse["metadataId"])
    # The name is stored among the settings, but is not a setting that patch-settings=replace could drop.
    name = {key: value for key, value in warehouse["settings"].items() if key == "name"}
    old = {key: value for key, value in warehouse["settings"].items() if key != "name"}
    return named(name | changed_settings(context, old, body.settings, metadata, noun), body.set_fields())


def named(settings: Settings, fields: Record) -> Settings:
    """Return settings with the name that a body sets, or without a name if it clears it."""
    if "name" not in fields:
        return settings
    rest = {key: value for key, value in settings.items() if key != "name"}
    return rest | {"name": fields["name"]} if fields["name"] else rest


def _show(context: RequestContext, warehouse: Record) -> str:
    return context.show("warehouses", warehouse["id"], "warehouse")
