"""Actions on tasks, whose pages are found by their offset."""

from typing import Annotated

from pydantic import MISSING, Field

from connector import Context, Input, Inputs, PageInputs, Pagination, Payload, action, value_or

from .inputs import ListId, TaskId


class ListTasks(PageInputs):
    """Inputs of List Tasks."""

    list_id: ListId
    count: (
        Annotated[int, Field(ge=1, le=100), Input(label="Count", comments="Tasks per page, 1 to 100.", example=20)]
        | MISSING
    ) = MISSING


class TaskFields(Inputs):
    """The fields of a task."""

    title: Annotated[
        str, Field(min_length=1), Input(label="Title", comments="Title of the task.", example="Water the plants")
    ]
    list_id: ListId
    done: (
        Annotated[bool, Input(label="Done", comments="Whether the task is done.", type="boolean", example=True)]
        | MISSING
    ) = MISSING


class CreateTask(TaskFields):
    """Inputs of Create Task."""

    notify: (
        Annotated[bool, Input(label="Notify", comments="Notify the owner of the list.", type="boolean", example=True)]
        | MISSING
    ) = MISSING


class ReplaceTask(TaskFields):
    """Inputs of Replace Task."""

    task_id: TaskId


@action("listTasks", pagination=Pagination(style="offset", records="$.data.tasks", total="$.data.total", size=100))
def list_tasks(context: Context, inputs: ListTasks) -> Payload:
    """GET /lists/{listId}/tasks."""
    page = {"limit": value_or(inputs.count, 20), "offset": value_or(inputs.cursor, 0)}
    return context.api.get("lists", inputs.list_id, "tasks", query=page)


@action("createTask", effect="write")
def create_task(context: Context, inputs: CreateTask) -> Payload:
    """POST /tasks."""
    query = {"notify": "yes"} if inputs.notify is True else {}
    return context.api.post("tasks", query=query, json=inputs.body("list_id", "title", "done"))


@action("replaceTask", effect="write", idempotent=True)
def replace_task(context: Context, inputs: ReplaceTask) -> Payload:
    """PUT /tasks/{taskId}."""
    return context.api.put("tasks", inputs.task_id, json=inputs.body("list_id", "title", "done"))
