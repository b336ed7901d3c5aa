"""Actions for tasks."""

from typing import Annotated

from pydantic import MISSING, Field

from connector import Context, Input, Inputs, Pagination, Payload, action

from .inputs import ListId


class CreateTask(Inputs):
    """Inputs of Create Task."""

    title: Annotated[
        str, Field(min_length=1), Input(label="Title", comments="Title of the task.", example="Water the plants")
    ]
    list_id: ListId
    done: (
        Annotated[bool, Input(label="Done", comments="Whether the task is done.", type="boolean", example=True)]
        | MISSING
    ) = MISSING


class ListTasks(Inputs):
    """Inputs of List Tasks."""

    list_id: ListId | MISSING = MISSING
    count: (
        Annotated[int, Field(ge=1, le=100), Input(label="Count", comments="Tasks per page, 1 to 100.", example=20)]
        | MISSING
    ) = MISSING
    cursor: (
        Annotated[
            str, Input(label="Cursor", comments="Cursor of the page: next of the previous response.", example="20")
        ]
        | MISSING
    ) = MISSING
    fetch_all: (
        Annotated[bool, Input(label="Fetch All", comments="Fetch every page.", type="boolean", example=True)] | MISSING
    ) = MISSING


@action("createTask", effect="write")
def create_task(context: Context, inputs: CreateTask) -> Payload:
    """POST /tasks."""
    return context.api.post("tasks", json=inputs.body("title", "list_id", "done"))


@action("listTasks", pagination=Pagination(records="$.data.tasks", cursor="$.data.next", size=100))
def list_tasks(context: Context, inputs: ListTasks) -> Payload:
    """GET /tasks."""
    return context.api.get("tasks", query=inputs.body("list_id", "count", "cursor"))
