"""The page of a workspace in `connector explore`: which sources feed which destinations and warehouses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from connector.explorer import Page, bars, ribbons

from .workspace_map import NOTHING, OTHER_TYPES, WorkspaceMap

PAGE_SIZE = 25
DAYS = (1, 7, 14, 30, 90)
GROUPS = {"eventType": "type", "eventName": "name", "source": "source"}
FILTERS = ("search", "state", "type", "target")

page = Page("Workspace", Path(__file__).parent, WorkspaceMap)


@page.view("index")
def index(workspace: WorkspaceMap, query: Mapping[str, str]) -> Mapping[str, Any]:
    """The page; it begins to read the workspace when it is opened for the first time."""
    workspace.start()
    state = workspace.state  # before its records, since another thread may replace them at any time
    return {"map": workspace, "map_state": state, "days": DAYS, "groups": GROUPS, **matches(workspace, query)}


@page.view("reading")
def reading(workspace: WorkspaceMap, _query: Mapping[str, str]) -> Mapping[str, Any]:
    """How far the workspace has been read."""
    return {"map": workspace}


@page.post("refresh")
def refresh(workspace: WorkspaceMap, _values: Mapping[str, Any]) -> None:
    """Read the workspace again."""
    workspace.start(again=True)


@page.view("matches")
def matches(workspace: WorkspaceMap, query: Mapping[str, str]) -> Mapping[str, Any]:
    """The sources that meet the filters, one page of them as a table, and all of them as a picture."""
    filters = {name: query.get(name, "") for name in FILTERS}
    sources = workspace.find(**filters)
    pages = max(1, -(-len(sources) // PAGE_SIZE))
    number = query.get("page", "1")
    current = min(pages, max(1, int(number) if number.isdecimal() and len(number) < 9 else 1))
    left, right, ways = workspace.bundles(sources)

    def link(side: str, name: str, kind: str) -> str:
        more = {"type": name} if side == "source" else {"target": name}
        if kind == "nothing":
            more = {"state": "unconnected"}
        return _address({**filters, **({} if name == OTHER_TYPES else more)})

    return {
        "filters": filters,
        "sources": sources[(current - 1) * PAGE_SIZE : current * PAGE_SIZE],
        "total": len(sources),
        "page": current,
        "pages": pages,
        "counts": workspace.counts(),
        "targets": workspace.targets,
        "nothing": NOTHING,
        "picture": ribbons(left, right, ways, link=link, into="#matches") if sources else "",
        "without": lambda name: _address({**filters, name: ""}),
        "to_page": lambda to: _address({**filters, "page": to}),
    }


@page.view("volumes")
def volumes(workspace: WorkspaceMap, query: Mapping[str, str]) -> Mapping[str, Any]:
    """Events over time, as bars and as a table."""
    asked = query.get("days", "14")
    days = int(asked) if asked in map(str, DAYS) else 14
    group = query.get("by") if query.get("by") in GROUPS else "eventType"
    end = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    begin = end.replace(minute=0) - timedelta(days=1)
    if days > 1:
        begin = end.replace(hour=0, minute=0) - timedelta(days=days - 1)
    inputs = {
        "granularity": "HOUR" if days == 1 else "DAY",
        "startTime": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
        "endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "groupBy": [group],
        "count": 10,
    }
    payload = workspace.runner.invoke("getEventsVolumeFromWorkspace", inputs, max_wait=5, deadline=20)
    result = payload["data"]["data"]["result"]
    times = [point["time"] for point in result[0]["series"]] if result else []
    series = {str(row.get(group) or "(none)"): [point["count"] for point in row["series"]] for row in result}
    return {"times": times, "series": series, "picture": bars(times, series)}


def _address(query: Mapping[str, Any]) -> str:
    values = {name: value for name, value in query.items() if value}
    return f"/workspace?{urlencode(values)}" if values else "/workspace"
