"""Destinations to choose from."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("destination")
def destination(context: Context, inputs: PicklistInputs) -> Payload:
    """Every Destination by its name, else by the name of its type."""
    found = context.items("listDestinations", inputs)
    return picklist((item.get("name") or item["metadata"]["name"], item["id"]) for item in found)
