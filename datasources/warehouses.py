"""Warehouses to choose from."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("warehouses")
def warehouses(context: Context, inputs: PicklistInputs) -> Payload:
    """Every Warehouse by the name of its type."""
    return picklist(context.records("listWarehouses", inputs), "metadata.name")
