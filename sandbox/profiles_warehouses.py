"""Warehouses that get the profiles of a space."""

from __future__ import annotations

from connector.sandbox_kit import Data, Record, RequestContext

from . import api
from .pagination import page
from .segment import SUCCESS
from .settings import enabled_or_default, new_settings
from .warehouses import NamedWarehouse, named, patched_settings, warehouse_view

api.resource(
    "profilesWarehouses",
    scope="spaceId",
    catalog="warehousesCatalog",
    required=("id", "spaceId", "metadataId"),
    defaults={"enabled": True, "settings": {}},
    in_workspace=True,
    belongs_to={"spaceId": "spaces"},
    view=warehouse_view,
)

_PATH = "/spaces/{spaceId}/profiles-warehouses"


class UpdateProfilesWarehouse(NamedWarehouse):
    """Body of updateProfilesWarehouseForSpaceWarehouse."""

    schema_name: str = ""


class CreateProfilesWarehouse(UpdateProfilesWarehouse):
    """Body of createProfilesWarehouse."""

    metadata_id: str


@api.operation("listProfilesWarehouseInSpace", f"GET {_PATH}", version="v1alpha")
def list_warehouses(context: RequestContext) -> Data:
    """List the warehouses of a space."""
    space = context.require("spaces", "spaceId")
    return page(context, "profilesWarehouses", "profilesWarehouses", scope=space["id"])


@api.operation("createProfilesWarehouse", f"POST {_PATH}", status=201, body=CreateProfilesWarehouse, version="v1alpha")
def create_warehouse(context: RequestContext, body: CreateProfilesWarehouse) -> Data:
    """Create a warehouse of a space."""
    space = context.require("spaces", "spaceId")
    metadata = context.refer("warehousesCatalog", "metadataId", body.metadata_id)
    settings = new_settings(context, body.settings, metadata, "createProfilesWarehouse")
    warehouse: Record = {
        "id": context.new_id(),
        "spaceId": space["id"],
        "workspaceId": context.workspace["id"],
        "enabled": enabled_or_default(context, body),
        "settings": named(settings, body.set_fields()),
        "metadataId": metadata["id"],
        "schemaName": body.schema_name,
    }
    context.store.add("profilesWarehouses", [warehouse])
    return _show(context, warehouse)


@api.operation(
    "updateProfilesWarehouseForSpaceWarehouse",
    f"PATCH {_PATH}/{{warehouseId}}",
    body=UpdateProfilesWarehouse,
    version="v1alpha",
)
def update_warehouse(context: RequestContext, body: UpdateProfilesWarehouse) -> Data:
    """Change the fields that the body sets."""
    warehouse, changes = _required(context), body.set_fields()
    settings = patched_settings(context, warehouse, body, f"updateProfilesWarehouseForSpaceWarehouse {warehouse['id']}")
    fields = {name: changes[name] for name in ("enabled", "schemaName") if name in changes}
    context.store.put("profilesWarehouses", warehouse | fields | {"settings": settings})
    return _show(context, warehouse)


@api.operation("removeProfilesWarehouseFromSpace", f"DELETE {_PATH}/{{warehouseId}}", version="v1alpha")
def remove_warehouse(context: RequestContext) -> Data:
    """Remove a warehouse from a space."""
    context.store.remove("profilesWarehouses", id_=_required(context)["id"])
    return SUCCESS


def _required(context: RequestContext) -> Record:
    space, warehouse = context.require("spaces", "spaceId"), context.require("profilesWarehouses", "warehouseId")
    if warehouse["spaceId"] != space["id"]:
        raise context.missing("warehouseId")
    return warehouse


def _show(context: RequestContext, warehouse: Record) -> str:
    return context.show("profilesWarehouses", warehouse["id"], "profilesWarehouse")
