"""Inputs of every data source."""

from typing import Annotated, Literal

from pydantic import MISSING

from connector import Input, Inputs

RESOURCE_TYPES = ("DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE", "INSERT_TRANSFORMATION", "SOURCE")


class PicklistInputs(Inputs):
    """The region, for connections that do not set one."""

    # The same input as in `actions/inputs.py`: the folders of a component import nothing from one another.
    region: (
        Annotated[
            Literal["api", "eu1.api"],
            Input(
                label="Region",
                comments="Region of the workspace. Used only if the connection sets none.",
                choices={"api": "US", "eu1.api": "EU"},
            ),
        ]
        | MISSING
    ) = MISSING


class OfDestination(PicklistInputs):
    """The destination whose parts can be chosen."""

    destination_id: Annotated[
        str,
        Input(
            label="Destination ID",
            comments="ID of the destination.",
            example="5GFhvtz8fha42Cm4B9E6L8",
            data_source="destination",
        ),
    ]


class OfResourceType(PicklistInputs):
    """The type of the functions that can be chosen; all types by default."""

    resource_type: (
        Annotated[
            Literal["DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE", "INSERT_TRANSFORMATION", "SOURCE"],
            Input(
                label="Resource Type",
                comments="Type of the functions. Default: all types.",
                choices={kind: kind.replace("_", " ").capitalize() for kind in RESOURCE_TYPES},
            ),
        ]
        | MISSING
    ) = MISSING
