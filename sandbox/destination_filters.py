"""Filters of destinations. The API has them below `/destination`, unlike everything else of a destination."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from connector.sandbox_kit import Body, Data, RequestContext, run_checks

from . import api
from .destinations import part_of_destination
from .fql import check_condition
from .pagination import page
from .segment import SUCCESS, timestamp

api.resource(
    "destinationFilters",
    scope="destinationId",
    required=("id", "sourceId", "destinationId", "if", "title", "createdAt", "updatedAt"),
    defaults={"actions": [], "enabled": True},
    belongs_to={"destinationId": "destinations"},
    refers_to={"sourceId": "sources"},
)

_PATH = "/destination/{destinationId}/filters"


class Action(Body):
    """What a filter does to an event."""

    type: Literal["ALLOW_PROPERTIES", "DROP", "DROP_PROPERTIES", "SAMPLE"]
    fields_: dict[str, Any] = Field({}, alias="fields")
    percent: Annotated[float, Field(ge=0, le=1)] = 0.0
    path: str = ""


class UpdateFilter(Body):
    """Body of updateFilterForDestination; a null description clears it."""

    condition: str = Field("", alias="if")
    actions: list[Action] = Field([])
    title: str = ""
    description: str | None = None
    enabled: bool = True


class CreateFilter(Body):
    """Body of createFilterForDestination."""

    source_id: str
    condition: str = Field(alias="if")
    actions: list[Action]
    title: str
    description: str = ""
    enabled: bool


@api.operation("listFiltersFromDestination", f"GET {_PATH}")
def list_filters(context: RequestContext) -> Data:
    """List the filters of a destination."""
    destination = context.require("destinations", "destinationId")
    return page(context, "filters", "destinationFilters", scope=destination["id"])


@api.operation("getFilterInDestination", f"GET {_PATH}/{{filterId}}")
def get_filter(context: RequestContext) -> Data:
    """Return one filter."""
    return {"filter": part_of_destination(context, "destinationFilters", "filterId")}


@api.operation("createFilterForDestination", f"POST {_PATH}", body=CreateFilter)
def create_filter(context: RequestContext, body: CreateFilter) -> Data:
    """Create a filter of a destination."""
    destination = context.require("destinations", "destinationId")
    fields = body.set_fields()
    run_checks(
        lambda: context.refer("sources", "sourceId", body.source_id),
        lambda: check_condition(context, body.condition),
    )
    times = dict.fromkeys(("createdAt", "updatedAt"), timestamp(context))
    created = {"id": context.new_id(), "destinationId": destination["id"]} | fields | times
    context.store.add("destinationFilters", [created])
    return {"filter": created}


@api.operation("updateFilterForDestination", f"PATCH {_PATH}/{{filterId}}", body=UpdateFilter)
def update_filter(context: RequestContext, body: UpdateFilter) -> Data:
    """Change the fields that the body sets."""
    current, changes = part_of_destination(context, "destinationFilters", "filterId"), body.set_fields()
    check_condition(context, changes.get("if"))
    changed = current | changes | {"updatedAt": timestamp(context)}
    changed = {name: value for name, value in changed.items() if value is not None}
    context.store.put("destinationFilters", changed)
    return {"filter": changed}


@api.operation("removeFilterFromDestination", f"DELETE {_PATH}/{{filterId}}")
def remove_filter(context: RequestContext) -> Data:
    """Delete a filter."""
    context.store.remove("destinationFilters", id_=part_of_destination(context, "destinationFilters", "filterId")["id"])
    return SUCCESS
