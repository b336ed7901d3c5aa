"""Choices of transformations."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("transformations", in_prismatic=False)
def transformations(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every transformation by its name."""
    return picklist(context.records("listTransformations", inputs), "name")
