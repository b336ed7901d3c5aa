"""What the actions on warehouses send."""

from tests.support.wire import PAGE, Row

ROWS = [
    Row(
        "addConnectionFromSourceToWarehouse",
        {"warehouseId": "w", "sourceId": "s"},
        "POST",
        "/warehouses/w/connected-sources/s",
    ),
    Row("deleteWarehouse", {"warehouseId": "w"}, "DELETE", "/warehouses/w"),
    Row("getWarehouse", {"warehouseId": "w"}, "GET", "/warehouses/w"),
    Row("listConnectedSourcesFromWarehouse", {"warehouseId": "w"}, "GET", f"/warehouses/w/connected-sources?{PAGE}"),
    Row("listWarehouses", {}, "GET", f"/warehouses?{PAGE}"),
    Row(
        "removeSourceConnectionFromWarehouse",
        {"warehouseId": "w", "sourceId": "s"},
        "DELETE",
        "/warehouses/w/connected-sources/s",
    ),
    Row(
        "updateWarehouse",
        {"warehouseId": "w", "settings": "", "name": None, "enabled": "true"},
        "PATCH",
        "/warehouses/w",
        {"settings": {}, "name": None, "enabled": True},
    ),
]
