"""Choices of Reverse ETL models."""

from connector import Context, Payload, data_source, picklist

from .inputs import PicklistInputs


@data_source("reverseEtlModels", in_prismatic=False)
def reverse_etl_models(context: Context, inputs: PicklistInputs) -> Payload:
    """Return every Reverse ETL model by its name."""
    return picklist(context.records("listReverseEtlModels", inputs), "name")
