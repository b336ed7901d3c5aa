"""Inputs that several actions share."""

from typing import Annotated

from connector import Input, PathSegment

ListId = Annotated[
    str, PathSegment, Input(label="List", comments="ID of the list.", example="home", data_source="lists")
]
TaskId = Annotated[
    str,
    PathSegment,
    Input(label="Task", comments="ID of the task.", example="1", data_source="tasks", depends_on=("listId",)),
]
