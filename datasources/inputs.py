"""What every data source takes."""

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
                comments="Region of the Workspace, where the connection does not set it.",
                choices={"api": "US", "eu1.api": "EU"},
            ),
        ]
        | MISSING
    ) = MISSING
