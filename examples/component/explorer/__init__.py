"""The page of the to-do lists in `connector explore`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector import Runner
from connector.explorer import Page

page = Page("To-do lists", Path(__file__).parent, lambda runner: runner)


@page.view("index")
def index(runner: Runner, query: Mapping[str, str]) -> Mapping[str, Any]:
    """Each list with its tasks; `?open=1` leaves out those that are done."""
    lists = {}
    for choice in runner.choices("lists", fresh=True)["result"]:
        tasks = runner.records("listTasks", {"listId": choice["key"]})
        lists[choice["label"]] = [task for task in tasks if not (query.get("open") and task["done"])]
    return {"lists": lists, "is_open": bool(query.get("open"))}
