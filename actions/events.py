"""Event volumes of the workspace."""

from typing import Annotated, Literal

from pydantic import MISSING

from connector import Context, Input, Payload, action

from .inputs import Id, PageInputs, SegmentInputs, lists, numbered


class Period(SegmentInputs):
    """The events to count, and the groups to count them by."""

    granularity: Annotated[
        Literal["DAY", "HOUR", "MINUTE"],
        Input(
            label="Granularity",
            comments="Size of the time intervals.",
            choices={"DAY": "Day", "HOUR": "Hour", "MINUTE": "Minute"},
        ),
    ]
    start_time: Annotated[
        str,
        Input(
            label="Start Time",
            comments="Start of the period, inclusive, in ISO 8601.",
            example="2021-10-28T00:00:00Z",
        ),
    ]
    end_time: Annotated[
        str,
        Input(
            label="End Time",
            comments="End of the period, exclusive, in ISO 8601. Use a time at least a minute in the past.",
            example="2021-10-29T16:40:00Z",
        ),
    ]
    group_by: (
        Annotated[
            list[Literal["eventName", "eventType", "source"]],
            Input(
                label="Group By",
                comments="Properties to group the volumes by.",
                collection="valuelist",
                choices={"eventName": "Event name", "eventType": "Event type", "source": "Source"},
                example=["eventType"],
            ),
        ]
        | MISSING
    ) = MISSING
    source_id: (
        Annotated[
            list[Id],
            Input(
                label="Source IDs",
                comments="Count only events of these sources.",
                collection="valuelist",
                example=["rh5BDZp6QDHvXFCkibm1pR"],
                data_source="sources",
                data_source_in_prismatic=False,
            ),
        ]
        | MISSING
    ) = MISSING
    event_name: (
        Annotated[
            list[str],
            Input(
                label="Event Name",
                comments="Count only events with these names.",
                collection="valuelist",
                example=["Order Completed"],
            ),
        ]
        | MISSING
    ) = MISSING
    event_type: (
        Annotated[
            list[str],
            Input(
                label="Event Type",
                comments="Count only events of these types.",
                collection="valuelist",
                example=["track"],
            ),
        ]
        | MISSING
    ) = MISSING
    app_version: (
        Annotated[
            list[str],
            Input(
                label="App Version",
                comments="Count only events of these app versions.",
                collection="valuelist",
                example=["1.2.3"],
            ),
        ]
        | MISSING
    ) = MISSING


class EventsVolume(PageInputs, Period):
    """Inputs of Get Events Volume From Workspace."""


@action(
    "getEventsVolumeFromWorkspace",
    pagination=lists("result"),
    prismatic_bug="it returns the list of transformations",
)
def get_events_volume_from_workspace(context: Context, inputs: EventsVolume) -> Payload:
    """GET /events/volume."""
    query = inputs.body("granularity", "start_time", "end_time")
    for name, values in inputs.body("group_by", "source_id", "event_name", "event_type", "app_version").items():
        query |= numbered(name, values)
    return context.api.get("events", "volume", query=query | inputs.page())
