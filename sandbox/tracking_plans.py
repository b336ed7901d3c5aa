"""Tracking plans."""

from __future__ import annotations

import re
from typing import Literal, get_args

from connector.sandbox_kit import Body, Data, Record, RequestContext, dumps, invalid, page_of

from . import api
from .pagination import page_request, pagination_of
from .segment import SUCCESS, timestamp

PlanType = Literal["ENGAGE", "LIVE", "PROPERTY_LIBRARY", "RULE_LIBRARY", "TEMPLATE"]

api.resource("trackingPlans", required=("id", "type"), defaults={"name": ""})

_PATH = "/tracking-plans"


class UpdateTrackingPlan(Body):
    """Body of updateTrackingPlan."""

    name: str = ""
    description: str = ""


class CreateTrackingPlan(UpdateTrackingPlan):
    """Body of createTrackingPlan."""

    name: str
    type: PlanType


@api.operation("listTrackingPlans", f"GET {_PATH}")
def list_tracking_plans(context: RequestContext) -> Data:
    """List the tracking plans, of one type if the query names it."""
    requested = context.query.string("type")
    if requested is not None and requested not in get_args(PlanType):
        raise invalid("type", f"must be one of {', '.join(get_args(PlanType))}")
    plans = [each for each in context.store.all("trackingPlans") if requested in (None, each["type"])]
    page = page_of(plans, page_request(context))
    return {"trackingPlans": page.items, "pagination": pagination_of(context, page)}


@api.operation("getTrackingPlan", f"GET {_PATH}/{{trackingPlanId}}")
def get_tracking_plan(context: RequestContext) -> Data:
    """Return one tracking plan."""
    return {"trackingPlan": context.require("trackingPlans", "trackingPlanId")}


@api.operation("createTrackingPlan", f"POST {_PATH}", body=CreateTrackingPlan)
def create_tracking_plan(context: RequestContext, body: CreateTrackingPlan) -> Data:
    """Create a tracking plan without rules."""
    now = timestamp(context)
    slug = re.sub(r"[^a-z0-9]+", "-", body.name.lower()).strip("-")
    plan: Record = {"id": f"tp_{context.new_id()}", "slug": slug} | body.set_fields()
    context.store.add("trackingPlans", [plan | {"createdAt": now, "updatedAt": now}])
    return dumps({"trackingPlan": context.store.get("trackingPlans", plan["id"])})


@api.operation("updateTrackingPlan", f"PATCH {_PATH}/{{trackingPlanId}}", body=UpdateTrackingPlan)
def update_tracking_plan(context: RequestContext, body: UpdateTrackingPlan) -> Data:
    """Change the fields that the body sets."""
    plan = context.require("trackingPlans", "trackingPlanId")
    context.store.put("trackingPlans", plan | body.set_fields() | {"updatedAt": timestamp(context)})
    return SUCCESS


@api.operation("deleteTrackingPlan", f"DELETE {_PATH}/{{trackingPlanId}}")
def delete_tracking_plan(context: RequestContext) -> Data:
    """Delete a tracking plan with its rules; its sources no longer use it."""
    context.delete("trackingPlans", "trackingPlanId")
    return SUCCESS
