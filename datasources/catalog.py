"""Choices of types in the catalog."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("sourceTypes", in_prismatic=False)
def source_types(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every source type of the catalog by its name."""
    return picklist(context.records("listSourcesCatalog", inputs), "name")


@data_source("destinationTypes", in_prismatic=False)
def destination_types(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every destination type of the catalog by its name."""
    return picklist(context.records("listDestinationCatalog", inputs), "name")


@data_source("warehouseTypes", in_prismatic=False)
def warehouse_types(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every warehouse type of the catalog by its name."""
    return picklist(context.records("listWarehousesCatalog", inputs), "name")
