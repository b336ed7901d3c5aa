"""Inputs of every data source."""

from typing import Annotated, Literal

from pydantic import MISSING

from connector import Input, Inputs


class PicklistInputs(Inputs):
    """The region, for connections that do not set one."""

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
