"""Choices of functions."""

from collections.abc import Iterator
from typing import Any

from pydantic import MISSING

from connector import Context, Payload, data_source, picklist

from .inputs import RESOURCE_TYPES, OfResourceType


@data_source("functions", in_prismatic=False)
def functions(context: Context, inputs: OfResourceType) -> Payload:
    """Return the functions of a type, or of all types, by their display name."""
    kinds = RESOURCE_TYPES if inputs.resource_type is MISSING else (inputs.resource_type,)
    return picklist(_functions(context, inputs, kinds), "displayName")


def _functions(context: Context, inputs: OfResourceType, kinds: tuple[str, ...]) -> Iterator[Any]:
    for kind in kinds:
        yield from context.records("listFunctions", inputs, resourceType=kind)
