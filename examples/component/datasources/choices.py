"""Choices of lists, and of the tasks of a list."""

from typing import Annotated

from connector import Context, Input, Inputs, Payload, data_source, picklist


class NoInputs(Inputs):
    """Inputs of a data source that has none."""


class TasksOfList(Inputs):
    """Inputs of the data source of tasks: what the user has already chosen, by the key of that input."""

    list_id: Annotated[str, Input(label="List", comments="ID of the list.", example="home", data_source="lists")]


@data_source("lists")
def lists(context: Context, inputs: NoInputs) -> Payload:
    """Return all lists by name."""
    return picklist(context.records("listLists", inputs), "name")


@data_source("tasks")
def tasks(context: Context, inputs: TasksOfList) -> Payload:
    """Return the tasks of a list by title."""
    return picklist(context.records("listTasks", inputs), "title")
