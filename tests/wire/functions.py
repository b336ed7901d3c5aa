"""What the actions on functions send."""

from tests.support.wire import PAGE, Row

SETTING = {"name": "k", "label": "K", "description": "d", "type": "STRING", "required": False, "sensitive": True}
ROWS = [
    Row(
        "createFunction",
        {
            "code": "// x",
            "displayName": "n",
            "resourceType": "INSERT_SOURCE",
            "settings": [SETTING],
            "logoUrl": "https://l",
            "description": "d",
        },
        "POST",
        "/functions",
        {
            "code": "// x",
            "displayName": "n",
            "resourceType": "INSERT_SOURCE",
            "settings": [SETTING],
            "logoUrl": "https://l",
            "description": "d",
        },
    ),
    Row("deleteFunction", {"functionId": "f"}, "DELETE", "/functions/f"),
    Row("getFunction", {"functionId": "sfnc_a"}, "GET", "/functions/sfnc_a"),
    Row("listFunctions", {"resourceType": "SOURCE"}, "GET", f"/functions?{PAGE}&resourceType=SOURCE"),
    Row(
        "updateFunction",
        {"functionId": "f", "code": "c", "settings": [], "displayName": "n", "logoUrl": "l", "description": "d"},
        "PATCH",
        "/functions/f",
        {"code": "c", "settings": [], "displayName": "n", "logoUrl": "l", "description": "d"},
    ),
]
