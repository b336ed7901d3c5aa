"""What the actions on destination subscriptions send."""

from tests.support.wire import ALPHA, PAGE, Row

ROWS = [
    Row(
        "createDestinationSubscription",
        {
            "destinationId": "d",
            "name": "n",
            "actionId": "a",
            "trigger": 'type = "track"',
            "enabled": "true",
            "settings": '{"x": {"y": [1]}}',
            "modelId": "m",
        },
        "POST",
        "/destinations/d/subscriptions",
        {
            "name": "n",
            "actionId": "a",
            "trigger": 'type = "track"',
            "enabled": True,
            "settings": {"x": {"y": [1]}},
            "modelId": "m",
        },
        ALPHA,
    ),
    Row(
        "deleteDestinationSubscription",
        {"destinationId": "d", "subscriptionId": "x"},
        "DELETE",
        "/destinations/d/subscriptions/x",
        accept=ALPHA,
    ),
    Row(
        "getDestinationSubscription",
        {"destinationId": "d", "subscriptionId": "x"},
        "GET",
        "/destinations/d/subscriptions/x",
        accept=ALPHA,
    ),
    Row(
        "listDestinationSubscriptions",
        {"destinationId": "d"},
        "GET",
        f"/destinations/d/subscriptions?{PAGE}",
        accept=ALPHA,
    ),
    Row(
        "updateDestinationSubscription",
        {
            "destinationId": "d",
            "subscriptionId": "x",
            "name": "n",
            "trigger": "t",
            "enabled": "false",
            "settings": {"a": 1},
            "reverseETLModelId": "m",
            "reverseETLSchedule": {"strategy": "MANUAL", "config": None},
        },
        "PATCH",
        "/destinations/d/subscriptions/x",
        {
            "input": {
                "name": "n",
                "trigger": "t",
                "enabled": False,
                "settings": {"a": 1},
                "reverseETLModelId": "m",
                "reverseETLSchedule": {"strategy": "MANUAL", "config": None},
            }
        },
        ALPHA,
    ),
]
