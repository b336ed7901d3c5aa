"""What the actions on sources send."""

from tests.support.wire import Row

ROWS = [
    Row(
        "createSource",
        {
            "slug": "s",
            "enabled": "true",
            "metadataId": "m",
            "settings": {"a": {"b": 1}},
            "disconnectAllWarehouses": "true",
        },
        "POST",
        "/sources",
        {"slug": "s", "enabled": True, "metadataId": "m", "settings": {"a": {"b": 1}}, "disconnectAllWarehouses": True},
    ),
    Row("deleteSource", {"sourceId": "s"}, "DELETE", "/sources/s"),
    Row("getSource", {"sourceId": "s"}, "GET", "/sources/s"),
    Row(
        "listSources",
        {"count": 10, "cursor": "MA=="},
        "GET",
        "/sources?pagination%5Bcount%5D=10&pagination%5Bcursor%5D=MA%3D%3D",
    ),
    Row(
        "updateSource",
        {"sourceId": "s", "slug": "x", "enabled": "false", "name": "n", "settings": {"a": True}},
        "PATCH",
        "/sources/s",
        {"slug": "x", "enabled": False, "name": "n", "settings": {"a": True}},
    ),
]
