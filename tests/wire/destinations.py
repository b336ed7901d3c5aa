"""What the actions on destinations send."""

from tests.support.wire import PAGE, Row

ROWS = [
    Row(
        "createDestination",
        {"sourceId": "s", "metadataId": "m", "name": "n", "enabled": "false", "settings": [{"key": "a", "value": "1"}]},
        "POST",
        "/destinations",
        {"sourceId": "s", "metadataId": "m", "name": "n", "enabled": False, "settings": {"a": "1"}},
    ),
    Row("deleteDestination", {"destinationId": "d"}, "DELETE", "/destinations/d"),
    Row("getDestination", {"destinationId": "d"}, "GET", "/destinations/d"),
    Row("listDestinations", {}, "GET", f"/destinations?{PAGE}"),
    Row(
        "updateDestination",
        {"destinationId": "d", "name": None, "enabled": True, "settings": {}},
        "PATCH",
        "/destinations/d",
        {"name": None, "enabled": True, "settings": {}},
    ),
]
