"""Sources to choose from."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("sources")
def sources(context: Context, inputs: PicklistInputs) -> Payload:
    """Every Source by its slug."""
    return picklist(context.records("listSources", inputs), "slug")
