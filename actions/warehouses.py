"""Warehouses, and the sources connected to them."""

from typing import Annotated

from pydantic import MISSING

from connector import Context, Difference, Input, Payload, action

from .differences import FLAT_SETTINGS, NO_NULL_NAME
from .inputs import PageInputs, SegmentInputs, SourceId, WarehouseId, lists, settings

Name = Annotated[str, Input(label="Name", comments="Display name of the warehouse.", example="Example Warehouse")]
Enabled = Annotated[
    bool,
    Input(label="Enabled", comments="Sync data to the warehouse.", type="boolean", example=True),
]


class OneWarehouse(SegmentInputs):
    """Inputs of the actions on one warehouse."""

    warehouse_id: WarehouseId


class OneWarehouseConnection(SegmentInputs):
    """Inputs of the actions on the connection between a source and a warehouse."""

    warehouse_id: WarehouseId
    source_id: SourceId


class ListConnectedSources(PageInputs, OneWarehouse):
    """Inputs of List Connected Sources from Warehouse."""


class UpdateWarehouse(SegmentInputs):
    """Inputs of Update Warehouse; a null name clears the name."""

    warehouse_id: WarehouseId
    settings: Annotated[dict[str, object], settings("warehouse", {"host": "aws.redshift.dev"}, "listWarehousesCatalog")]
    name: Name | MISSING | None = MISSING
    enabled: Enabled | MISSING = MISSING


@action("addConnectionFromSourceToWarehouse", effect="write", idempotent=True)
def add_connection_from_source_to_warehouse(context: Context, inputs: OneWarehouseConnection) -> Payload:
    """POST /warehouses/{warehouseId}/connected-sources/{sourceId}."""
    return context.api.post("warehouses", inputs.warehouse_id, "connected-sources", inputs.source_id)


@action("deleteWarehouse", effect="destructive", idempotent=True)
def delete_warehouse(context: Context, inputs: OneWarehouse) -> Payload:
    """DELETE /warehouses/{warehouseId}."""
    return context.api.delete("warehouses", inputs.warehouse_id)


@action("getWarehouse")
def get_warehouse(context: Context, inputs: OneWarehouse) -> Payload:
    """GET /warehouses/{warehouseId}."""
    return context.api.get("warehouses", inputs.warehouse_id)


@action(
    "listConnectedSourcesFromWarehouse",
    pagination=lists("sources"),
    differences=(Difference(prismatic="returns only the first page", ours="accepts count, cursor, and fetchAll"),),
)
def list_connected_sources_from_warehouse(context: Context, inputs: ListConnectedSources) -> Payload:
    """GET /warehouses/{warehouseId}/connected-sources."""
    return context.api.get("warehouses", inputs.warehouse_id, "connected-sources", query=inputs.page())


@action("listWarehouses", pagination=lists("warehouses"))
def list_warehouses(context: Context, inputs: PageInputs) -> Payload:
    """GET /warehouses."""
    return context.api.get("warehouses", query=inputs.page())


@action("removeSourceConnectionFromWarehouse", effect="destructive", idempotent=True)
def remove_source_connection_from_warehouse(context: Context, inputs: OneWarehouseConnection) -> Payload:
    """DELETE /warehouses/{warehouseId}/connected-sources/{sourceId}."""
    return context.api.delete("warehouses", inputs.warehouse_id, "connected-sources", inputs.source_id)


@action(
    "updateWarehouse",
    effect="write",
    idempotent=True,
    differences=(
        FLAT_SETTINGS,
        NO_NULL_NAME,
    ),
)
def update_warehouse(context: Context, inputs: UpdateWarehouse) -> Payload:
    """PATCH /warehouses/{warehouseId}."""
    body = inputs.body("settings", "name", "enabled")
    return context.api.patch("warehouses", inputs.warehouse_id, json=body)
