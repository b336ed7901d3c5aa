"""Subscriptions of destinations to events; the API's alpha operations."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from connector.sandbox_kit import Body, Data, Record, RequestContext, invalid

from . import api
from .destinations import part_of_destination
from .pagination import page
from .segment import SUCCESS
from .settings import Settings, merged_settings

api.resource(
    "subscriptions",
    scope="destinationId",
    required=("id", "destinationId", "actionId", "actionSlug"),
    defaults={"name": "", "enabled": True, "settings": {}, "trigger": 'type = "track"'},
    belongs_to={"destinationId": "destinations"},
)


class PeriodicSchedule(Body):
    """At an interval."""

    interval: str


class SpecificTimeSchedule(Body):
    """At hours of days."""

    days: list[float]
    hours: list[float]
    timezone: str


class CronSchedule(Body):
    """With a cron expression."""

    spec: str
    timezone: str


class DbtCloudSchedule(Body):
    """With a job of dbt Cloud."""

    job_id: str
    account_id: str


class Schedule(Body):
    """When a Reverse ETL model runs."""

    strategy: Literal["CRON", "DBT_CLOUD", "MANUAL", "PERIODIC", "SPECIFIC_DAYS"]
    config: dict[str, Any] | None = None

    @field_validator("config")
    @classmethod
    def _is_a_known_form(cls, config: dict[str, Any] | None) -> dict[str, Any] | None:
        if config is not None and not any(_is_valid(form, config) for form in _FORMS):
            raise ValueError("must be the configuration of a strategy")
        return config


_FORMS = (PeriodicSchedule, SpecificTimeSchedule, CronSchedule, DbtCloudSchedule)


def _is_valid(form: type[Body], config: dict[str, Any]) -> bool:
    try:
        form.model_validate(config)
    except ValidationError:
        return False
    return True


class CreateSubscription(Body):
    """Body of createDestinationSubscription."""

    name: str
    action_id: str
    trigger: str
    enabled: bool
    settings: Settings = Field({})
    model_id: str = ""


class SubscriptionChanges(Body):
    """The fields that can change."""

    name: str = ""
    trigger: str = ""
    enabled: bool = True
    settings: Settings = Field({})
    model_id: str = Field("", alias="reverseETLModelId", serialization_alias="modelId")
    schedule: Schedule | None = Field(None, alias="reverseETLSchedule")


class UpdateSubscription(Body):
    """Body of updateSubscriptionForDestination."""

    input: SubscriptionChanges


_PATH = "/destinations/{destinationId}/subscriptions"


@api.operation("listSubscriptionsFromDestination", f"GET {_PATH}", version="v1alpha")
def list_subscriptions(context: RequestContext) -> Data:
    """List the subscriptions of a destination."""
    destination = context.require("destinations", "destinationId")
    return page(context, "subscriptions", "subscriptions", scope=destination["id"])


@api.operation("getSubscriptionFromDestination", f"GET {_PATH}/{{id}}", version="v1alpha")
def get_subscription(context: RequestContext) -> Data:
    """Return one subscription."""
    return context.show("subscriptions", part_of_destination(context, "subscriptions", "id")["id"], "subscription")


@api.operation("createDestinationSubscription", f"POST {_PATH}", body=CreateSubscription, version="v1alpha")
def create_subscription(context: RequestContext, body: CreateSubscription) -> Data:
    """Create a subscription with one of the actions of the destination's type."""
    destination = context.require("destinations", "destinationId")
    metadata = context.refer("destinationsCatalog", "metadataId", destination["metadataId"])
    action = next((each for each in metadata["actions"] if each["id"] == body.action_id), None)
    if action is None:
        status = int(context.assume("missing-in-body"))
        raise invalid("actionId", f"does not exist in the actions of {metadata['name']}", status)
    subscription: Record = {
        "id": context.new_id(),
        "name": body.name,
        "actionId": action["id"],
        "actionSlug": action["slug"],
        "destinationId": destination["id"],
        "trigger": body.trigger,
        "enabled": body.enabled,
        "settings": body.settings,
    }
    if body.model_id:
        subscription["modelId"] = body.model_id
    context.store.add("subscriptions", [subscription])
    return context.show("subscriptions", subscription["id"], "destinationSubscription")


@api.operation("updateSubscriptionForDestination", f"PATCH {_PATH}/{{id}}", body=UpdateSubscription, version="v1alpha")
def update_subscription(context: RequestContext, body: UpdateSubscription) -> Data:
    """Change the fields that `input` sets."""
    subscription = part_of_destination(context, "subscriptions", "id")
    changes = body.input.set_fields()
    if "settings" in changes:
        changes["settings"] = merged_settings(context, subscription["settings"], changes["settings"])
    context.store.put("subscriptions", subscription | changes)
    return context.show("subscriptions", subscription["id"], "subscription")


@api.operation("removeSubscriptionFromDestination", f"DELETE {_PATH}/{{id}}", version="v1alpha")
def remove_subscription(context: RequestContext) -> Data:
    """Delete a subscription."""
    context.store.remove("subscriptions", id_=part_of_destination(context, "subscriptions", "id")["id"])
    return SUCCESS
