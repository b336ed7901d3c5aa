"""What the actions on transformations send."""

from tests.support.wire import PAGE, Row

ROWS = [
    Row(
        "createTransformation",
        {
            "name": "n",
            "sourceId": "s",
            "destinationMetadataId": "m",
            "enabled": "true",
            "ifInput": "event='x'",
            "drop": "false",
            "newEventName": "e",
            "propertyRenames": '[{"oldName": "a", "newName": "b"}]',
            "propertyValueTransformations": [{"propertyPaths": ["p"], "propertyValue": "v"}],
            "fqlDefinedProperties": [{"fql": "f", "propertyName": "p"}],
            "allowProperties": ["p"],
            "hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["p"], "encoding": "HEX"},
        },
        "POST",
        "/transformations",
        {
            "name": "n",
            "sourceId": "s",
            "destinationMetadataId": "m",
            "enabled": True,
            "if": "event='x'",
            "drop": False,
            "newEventName": "e",
            "propertyRenames": [{"oldName": "a", "newName": "b"}],
            "propertyValueTransformations": [{"propertyPaths": ["p"], "propertyValue": "v"}],
            "fqlDefinedProperties": [{"fql": "f", "propertyName": "p"}],
            "allowProperties": ["p"],
            "hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["p"], "encoding": "HEX"},
        },
    ),
    Row("deleteTransformation", {"transformationId": "t"}, "DELETE", "/transformations/t"),
    Row("getTransformation", {"transformationId": "t"}, "GET", "/transformations/t"),
    Row("listTransformations", {}, "GET", f"/transformations?{PAGE}"),
    Row(
        "updateTransformation",
        {"transformationId": "t", "ifInput": "x", "propertyRenames": "[]", "allowProperties": [], "enabled": ""},
        "PATCH",
        "/transformations/t",
        {"if": "x", "propertyRenames": [], "allowProperties": []},
    ),
]
