"""Choices of sources."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("sources")
def sources(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every source by its slug."""
    return picklist(context.records("listSources", inputs), "slug")
