"""Choices of what belongs to one destination."""

from connector import Context, Payload, data_source, picklist

from .inputs import OfDestination


@data_source("subscriptions", in_prismatic=False)
def subscriptions(context: Context, inputs: OfDestination) -> Payload:
    """Return every subscription of a destination by its name."""
    return picklist(context.records("listDestinationSubscriptions", inputs), "name")


@data_source("destinationActions", in_prismatic=False)
def destination_actions(context: Context, inputs: OfDestination) -> Payload:
    """Return every action that the type of a destination offers, by its name."""
    payload = context.invoke("getDestination", inputs)
    return picklist(payload["data"]["data"]["destination"]["metadata"].get("actions") or (), "name", "slug")
