"""Subscriptions of destinations to events; the API's alpha operations."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from connector.sandbox_kit.record_types import Record

from .errors import invalid
from .operations import SUCCESS, Data, RequestContext, new_id, operation, show
from .pagination import page
from .request_bodies import Body, Settings, merged_settings


class PeriodicSchedule(Body):
    """Every so often."""

    interval: str


class SpecificTimeSchedule(Body):
    """At hours of days."""

    days: list[float]
    hours: list[float]
    timezone: str


class CronSchedule(Body):
    """By a cron line."""

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
        if config is not None and not any(_fits(form, config) for form in _FORMS):
            raise ValueError("must be the configuration of a strategy")
        return config


_FORMS = (PeriodicSchedule, SpecificTimeSchedule, CronSchedule, DbtCloudSchedule)


def _fits(form: type[Body], config: dict[str, Any]) -> bool:
    try:
        form.model_validate(config)
    except ValidationError:
        return False
    return True


class CreateSubscription(Body):
    """Of createDestinationSubscription."""

    name: str
    action_id: str
    trigger: str
    enabled: bool
    settings: Settings = Field({})
    model_id: str = ""


class SubscriptionChanges(Body):
    """What may change."""

    name: str = ""
    trigger: str = ""
    enabled: bool = True
    settings: Settings = Field({})
    model_id: str = Field("", alias="reverseETLModelId", serialization_alias="modelId")
    schedule: Schedule | None = Field(None, alias="reverseETLSchedule")


class UpdateSubscription(Body):
    """Of updateSubscriptionForDestination."""

    input: SubscriptionChanges


_PATH = "/destinations/{destinationId}/subscriptions"


@operation("listSubscriptionsFromDestination", f"GET {_PATH}", version="v1alpha")
def list_subscriptions(call: RequestContext) -> Data:
    """All subscriptions of a destination."""
    destination = call.require("destinations", "destinationId")
    return page(call, "subscriptions", "subscriptions", scope=destination["id"])


@operation("getSubscriptionFromDestination", f"GET {_PATH}/{{id}}", version="v1alpha")
def get_subscription(call: RequestContext) -> Data:
    """One subscription."""
    return show(call, "subscriptions", _required(call)["id"], "subscription")


@operation("createDestinationSubscription", f"POST {_PATH}", body=CreateSubscription, version="v1alpha")
def create_subscription(call: RequestContext, body: CreateSubscription) -> Data:
    """Subscribes a destination by one of its type's actions."""
    destination = call.require("destinations", "destinationId")
    metadata = call.refer("destinationsCatalog", "metadataId", destination["metadataId"])
    action = next((each for each in metadata["actions"] if each["id"] == body.action_id), None)
    if action is None:
        status = int(call.assume("missing-in-body"))
        raise invalid("actionId", f"is no action of {metadata['name']}", status)
    subscription: Record = {
        "id": new_id(),
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
    call.store.add("subscriptions", [subscription])
    return show(call, "subscriptions", subscription["id"], "destinationSubscription")


@operation("updateSubscriptionForDestination", f"PATCH {_PATH}/{{id}}", body=UpdateSubscription, version="v1alpha")
def update_subscription(call: RequestContext, body: UpdateSubscription) -> Data:
    """Changes what the body's `input` holds."""
    subscription = _required(call)
    given = body.input.given()
    if "settings" in given:
        given["settings"] = merged_settings(call, subscription["settings"], given["settings"])
    call.store.put("subscriptions", subscription | given)
    return show(call, "subscriptions", subscription["id"], "subscription")


@operation("removeSubscriptionFromDestination", f"DELETE {_PATH}/{{id}}", version="v1alpha")
def remove_subscription(call: RequestContext) -> Data:
    """Removes a subscription."""
    call.store.remove("subscriptions", id_=_required(call)["id"])
    return SUCCESS


def _required(call: RequestContext) -> Record:
    destination = call.require("destinations", "destinationId")
    subscription = call.require("subscriptions", "id")
    if subscription["destinationId"] != destination["id"]:
        raise call.missing("id")
    return subscription
