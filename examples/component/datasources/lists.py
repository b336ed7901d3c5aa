"""Data source of lists."""

from connector import Context, Inputs, Payload, data_source, picklist


class NoInputs(Inputs):
    """This data source has no inputs."""


@data_source("lists")
def lists(context: Context, _inputs: NoInputs) -> Payload:
    """Return all lists by name."""
    return picklist(context.api.get("lists")["data"]["lists"], "name")
