"""Choices of warehouses."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("warehouses")
def warehouses(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every warehouse by the name of its type."""
    return picklist(context.records("listWarehouses", inputs), "metadata.name")
