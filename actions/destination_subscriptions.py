"""Destination subscriptions: which events trigger which action of a destination. All operations are alpha."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import MISSING, Field
from typing_extensions import TypedDict

from connector import Context, Input, Payload, Undo, action, wire_shape

from .differences import EMPTY_SETTINGS, FLAT_SETTINGS
from .inputs import ALPHA, Id, OneDestination, PageInputs, SubscriptionId, lists, settings

Name = Annotated[
    str,
    Input(label="Name", comments="Display name of the subscription.", example="Example Subscription"),
]
Trigger = Annotated[
    str,
    Input(
        label="Trigger",
        comments="Events that trigger the action, in FQL.",
        example='type = "track"',
    ),
]
Enabled = Annotated[bool, Input(label="Enabled", comments="Activate the subscription.", type="boolean", example=True)]
Settings = Annotated[dict[str, object], settings("subscription's action", {"userId": {"@path": "$.userId"}})]


@wire_shape
class Schedule(TypedDict):
    """When a Reverse ETL subscription runs; the shape of `config` depends on the strategy."""

    strategy: Literal["CRON", "DBT_CLOUD", "MANUAL", "PERIODIC", "SPECIFIC_DAYS"]
    config: NotRequired[dict[str, Any] | None]


class OneSubscription(OneDestination):
    """Inputs of the actions on one subscription."""

    subscription_id: SubscriptionId


class ListSubscriptions(PageInputs, OneDestination):
    """Inputs of List Destination Subscriptions."""


class CreateSubscription(OneDestination):
    """Inputs of Create Destination Subscription."""

    name: Name
    action_id: Annotated[
        Id,
        Input(
            label="Action ID",
            comments="ID of an action of the destination. See `actions` of its type in the catalog.",
            example="jiMz7MfHNeHmUckzRnUGkU",
            data_source="destinationActions",
            depends_on=("destinationId",),
        ),
    ]
    trigger: Trigger
    enabled: Enabled
    settings: Settings | MISSING = MISSING
    model_id: (
        Annotated[
            Id,
            Input(
                label="Model ID",
                comments="ID of the model. Reverse ETL only.",
                example="model-id-example",
                data_source="reverseEtlModels",
            ),
        ]
        | MISSING
    ) = MISSING


class UpdateSubscription(OneSubscription):
    """Inputs of Update Destination Subscription."""

    update_fields = ("name", "trigger", "enabled", "settings", "reverse_etl_model_id", "reverse_etl_schedule")

    name: Name | MISSING = MISSING
    trigger: Trigger | MISSING = MISSING
    enabled: Enabled | MISSING = MISSING
    settings: Settings | MISSING = MISSING
    reverse_etl_model_id: Annotated[
        Annotated[
            Id,
            Input(
                label="Reverse ETL Model ID",
                in_prismatic=False,
                comments="ID of the model. Reverse ETL only.",
                example="model-id-example",
                data_source="reverseEtlModels",
            ),
        ]
        | MISSING,
        Field(alias="reverseETLModelId"),
    ] = MISSING
    reverse_etl_schedule: Annotated[
        Annotated[
            Schedule,
            Input(
                label="Reverse ETL Schedule",
                in_prismatic=False,
                comments="When to sync the model: a strategy and its config. Reverse ETL only.",
                type="code",
                language="json",
                example={"strategy": "PERIODIC", "config": {"interval": "15m"}},
            ),
        ]
        | MISSING,
        Field(alias="reverseETLSchedule"),
    ] = MISSING


@action(
    "createDestinationSubscription",
    effect="write",
    undo=Undo(
        action="deleteDestinationSubscription",
        inputs={
            "destinationId": "inputs.destinationId",
            "subscriptionId": "results.data.destinationSubscription.id",
        },
    ),
    prismatic_bug="it never sends the action id, so the API rejects every call",
    differences=(FLAT_SETTINGS,),
)
def create_destination_subscription(context: Context, inputs: CreateSubscription) -> Payload:
    """POST /destinations/{destinationId}/subscriptions."""
    body = inputs.body("name", "action_id", "trigger", "enabled", "settings", "model_id")
    return context.api.post("destinations", inputs.destination_id, "subscriptions", json=body, media_type=ALPHA)


@action(
    "deleteDestinationSubscription",
    operation="removeSubscriptionFromDestination",
    effect="destructive",
    idempotent=True,
)
def delete_destination_subscription(context: Context, inputs: OneSubscription) -> Payload:
    """DELETE /destinations/{destinationId}/subscriptions/{id}."""
    return context.api.delete(*_path(inputs), media_type=ALPHA)


@action("getDestinationSubscription", operation="getSubscriptionFromDestination")
def get_destination_subscription(context: Context, inputs: OneSubscription) -> Payload:
    """GET /destinations/{destinationId}/subscriptions/{id}."""
    return context.api.get(*_path(inputs), media_type=ALPHA)


@action("listDestinationSubscriptions", operation="listSubscriptionsFromDestination", pagination=lists("subscriptions"))
def list_destination_subscriptions(context: Context, inputs: ListSubscriptions) -> Payload:
    """GET /destinations/{destinationId}/subscriptions."""
    path = ("destinations", inputs.destination_id, "subscriptions")
    return context.api.get(*path, query=inputs.page(), media_type=ALPHA)


@action(
    "updateDestinationSubscription",
    operation="updateSubscriptionForDestination",
    effect="write",
    idempotent=True,
    prismatic_bug='it omits the "input" wrapper',
    differences=(
        EMPTY_SETTINGS,
        FLAT_SETTINGS,
    ),
)
def update_destination_subscription(context: Context, inputs: UpdateSubscription) -> Payload:
    """PATCH /destinations/{destinationId}/subscriptions/{id}; the API takes the changes under `input`."""
    changes = inputs.body(*inputs.update_fields)
    return context.api.patch(*_path(inputs), json={"input": changes}, media_type=ALPHA)


def _path(inputs: OneSubscription) -> tuple[str, ...]:
    return ("destinations", inputs.destination_id, "subscriptions", inputs.subscription_id)
