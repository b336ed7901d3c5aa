"""Choices of destinations."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("destination")
def destination(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every destination by its name, else by the name of its type."""
    return picklist(context.records("listDestinations", inputs), "name", "metadata.name")
