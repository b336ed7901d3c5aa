"""What the actions on catalog send."""

from tests.support.wire import PAGE, Row

ROWS = [
    Row("listDestinationCatalog", {}, "GET", f"/catalog/destinations?{PAGE}"),
    Row("getDestinationMetadata", {"destinationMetadataId": "m"}, "GET", "/catalog/destinations/m"),
    Row("getSourceMetadata", {"sourceMetadataId": "m"}, "GET", "/catalog/sources/m"),
    Row("listSourcesCatalog", {}, "GET", f"/catalog/sources?{PAGE}"),
    Row("getWarehouseMetadata", {"warehouseMetadataId": "m"}, "GET", "/catalog/warehouses/m"),
    Row("listWarehousesCatalog", {}, "GET", f"/catalog/warehouses?{PAGE}"),
]
