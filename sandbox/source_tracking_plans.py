"""Which source uses which tracking plan."""

from __future__ import annotations

import json
from dataclasses import replace

from connector.sandbox_kit import Body, Data, RequestContext, invalid, rows_of_page

from . import api
from .pagination import listed, page_request
from .segment import SUCCESS

api.resource(
    "sourceTrackingPlans",
    id=("trackingPlanId", "sourceId"),
    scope="trackingPlanId",
    key="sourceId",
    belongs_to={"trackingPlanId": "trackingPlans", "sourceId": "sources"},
)

api.assumption(
    "second-tracking-plan",
    "Adding a source to a tracking plan while it uses another one is rejected, or replaces the other one",
    ("422", "replace"),
)

_PATH = "/tracking-plans/{trackingPlanId}/sources"


class AddSource(Body):
    """Body of addSourceToTrackingPlan."""

    source_id: str


def tracking_plan_of(context: RequestContext, source_id: str) -> str | None:
    """Return the id of the tracking plan that a source uses."""
    plans = context.store.find("sourceTrackingPlans", source_id)
    return plans[0]["trackingPlanId"] if plans else None


@api.operation("listSourcesFromTrackingPlan", f"GET {_PATH}")
def list_sources(context: RequestContext) -> Data:
    """List the sources that use a tracking plan."""
    plan = context.require("trackingPlans", "trackingPlanId")
    pairs = rows_of_page(context, "sourceTrackingPlans", page_request(context), plan["id"])
    sources = context.store.rows_of("sources", [json.loads(row.body)["sourceId"] for row in pairs.items])
    return listed(context, "sources", replace(pairs, items=sources), api.resources["sources"].view)


@api.operation("addSourceToTrackingPlan", f"POST {_PATH}", body=AddSource)
def add_source(context: RequestContext, body: AddSource) -> Data:
    """Make a source use a tracking plan."""
    plan = context.require("trackingPlans", "trackingPlanId")
    source = context.refer("sources", "sourceId", body.source_id)
    current = tracking_plan_of(context, source["id"])
    if current == plan["id"]:
        return SUCCESS
    if current and context.assume("second-tracking-plan") == "422":
        raise invalid("sourceId", "already uses another tracking plan")
    context.store.remove("sourceTrackingPlans", key=source["id"])
    context.store.add("sourceTrackingPlans", [{"trackingPlanId": plan["id"], "sourceId": source["id"]}])
    return SUCCESS


@api.operation("removeSourceFromTrackingPlan", f"DELETE {_PATH}")
def remove_source(context: RequestContext) -> Data:
    """Make a source no longer use a tracking plan."""
    plan = context.require("trackingPlans", "trackingPlanId")
    source_id = context.query.string("sourceId")
    if not source_id:
        raise invalid("sourceId", "is required")
    removed = context.store.remove("sourceTrackingPlans", id_=f"{plan['id']}/{source_id}")
    if not removed and context.assume("not-connected") == "404":
        raise context.missing("sourceId")
    return SUCCESS
