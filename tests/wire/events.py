"""What the actions on events send."""

from tests.support.wire import Row

ROWS = [
    Row(
        "getEventsVolumeFromWorkspace",
        {
            "granularity": "DAY",
            "startTime": "2023-01-01T00:00:00Z",
            "endTime": "2023-01-03T00:00:00Z",
            "groupBy": ["eventType", "source"],
            "sourceId": '["s"]',
            "eventName": ["Order Completed"],
            "eventType": "track",
            "appVersion": ["000xxx"],
            "count": "7",
            "cursor": "MQ==",
        },
        "GET",
        "/events/volume?granularity=DAY&startTime=2023-01-01T00%3A00%3A00Z&endTime=2023-01-03T00%3A00%3A00Z"
        "&groupBy.0=eventType&groupBy.1=source&sourceId.0=s&eventName.0=Order+Completed&eventType.0=track"
        "&pagination%5Bcount%5D=7&pagination%5Bcursor%5D=MQ%3D%3D",
    ),
]
