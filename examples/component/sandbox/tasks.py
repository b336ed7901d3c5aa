"""Simulated tasks."""

from connector.sandbox_kit import Body, Data, RequestContext

from . import api

api.resource("tasks", scope="listId", required=("id", "title", "listId"), belongs_to={"listId": "lists"})


class Task(Body):
    """Body of createTask and replaceTask."""

    title: str
    list_id: str
    done: bool = False


@api.operation("listTasks", "GET /lists/{listId}/tasks")
def list_tasks(context: RequestContext) -> Data:
    """Return one page of the tasks of a list."""
    context.require("lists", "listId")
    limit, offset = context.query.integer("limit", 20, least=1, most=100), context.query.integer("offset", 0)
    tasks = context.store.all("tasks", context.params["listId"])
    return {"tasks": tasks[offset : offset + limit], "total": len(tasks)}


@api.operation("createTask", "POST /tasks", status=201, body=Task)
def create_task(context: RequestContext, body: Task) -> Data:
    """Add a task to a list."""
    task = _task(context, body, str(len(context.store.all("tasks")) + 1))
    context.store.add("tasks", [task])
    return {"task": task, "notified": context.query.string("notify") == "yes"}


@api.operation("replaceTask", "PUT /tasks/{taskId}", body=Task)
def replace_task(context: RequestContext, body: Task) -> Data:
    """Replace a task."""
    context.require("tasks", "taskId")
    task = _task(context, body, context.params["taskId"])
    context.store.put("tasks", task)
    return {"task": task}


def _task(context: RequestContext, body: Task, id_: str) -> dict[str, object]:
    context.refer("lists", "listId", body.list_id)
    return {"id": id_, "title": body.title, "listId": body.list_id, "done": body.done}
