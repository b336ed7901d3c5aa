"""Lists to choose from."""

from connector import Context, Inputs, Payload, data_source, picklist


class NoInputs(Inputs):
    """There is nothing to say."""


@data_source("lists")
def lists(context: Context, _inputs: NoInputs) -> Payload:
    """Every list by its name."""
    return picklist(context.api.get("lists")["data"]["lists"], "name")
