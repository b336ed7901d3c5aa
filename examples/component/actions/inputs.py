"""The inputs that the actions share."""

from typing import Annotated

from pydantic import Field

from connector import Input

ListId = Annotated[
    str,
    Field(min_length=1),
    Input(label="List", comments="The id of the list.", example="home", data_source="lists"),
]
