"""Tasks."""

from connector.sandbox_kit import Body, Data, PageRequest, RequestContext, invalid, page_of

from . import api

api.resource("tasks", scope="listId", required=("id", "title", "listId"), belongs_to={"listId": "lists"})


class CreateTask(Body):
    """Body of createTask."""

    title: str
    list_id: str
    done: bool = False


@api.operation("listTasks", "GET /tasks")
def list_tasks(context: RequestContext) -> Data:
    """Return one page of tasks, of one list if the query names it."""
    count = context.query.string("count") or "20"
    if not count.isdecimal():
        raise invalid("count", "must be an integer")
    tasks = context.store.all("tasks", context.query.string("listId"))
    page = page_of(tasks, PageRequest(int(count), context.query.string("cursor")))
    return {"tasks": page.items} | ({"next": page.next} if page.next else {})


@api.operation("createTask", "POST /tasks", status=201, body=CreateTask)
def create_task(context: RequestContext, body: CreateTask) -> Data:
    """Add a task to a list."""
    context.refer("lists", "listId", body.list_id)
    number = len(context.store.all("tasks")) + 1
    task = {"id": str(number), "title": body.title, "listId": body.list_id, "done": body.done}
    context.store.add("tasks", [task])
    return {"task": task}
