"""The catalog: the types of sources, destinations and warehouses, and the workspace itself."""

from __future__ import annotations

from connector.sandbox_kit import Data, RequestContext

from . import api
from .pagination import page


@api.operation("getWorkspace", "GET /")
def get_workspace(context: RequestContext) -> Data:
    """Return the workspace of the token."""
    return {"workspace": context.workspace}


def _declare(name: str, field: str, list_id: str, get_id: str) -> None:
    """Declare one of the three catalogs, which differ in nothing but their names."""
    kind = f"{name}Catalog"
    api.resource(kind, required=("id", "name"), standard=True)

    @api.operation(list_id, f"GET /catalog/{name}")
    def list_types(context: RequestContext) -> Data:
        return page(context, kind, kind)

    @api.operation(get_id, f"GET /catalog/{name}/{{{field}Id}}")
    def get_type(context: RequestContext) -> Data:
        return context.show(kind, context.require(kind, f"{field}Id")["id"], field)


_declare("sources", "sourceMetadata", "getSourcesCatalog", "getSourceMetadata")
_declare("destinations", "destinationMetadata", "getDestinationsCatalog", "getDestinationMetadata")
_declare("warehouses", "warehouseMetadata", "getWarehousesCatalog", "getWarehouseMetadata")
