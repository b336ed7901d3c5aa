"""What goes over the wire for each action: one row an action, from inputs to the exact request."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

import connector
from connector import errors
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer

V1 = "application/vnd.segment.v1+json"
ALPHA = "application/vnd.segment.v1alpha+json"
PAGE = "pagination%5Bcount%5D=50"
SETTING = {"name": "k", "label": "K", "description": "d", "type": "STRING", "required": False, "sensitive": True}
INVITE = {"email": "a@b.c", "permissions": [{"roleId": "r", "resources": [{"id": "w", "type": "WORKSPACE"}]}]}


class Row(NamedTuple):
    key: str
    inputs: dict[str, Any]
    method: str
    target: str
    body: Any = None
    accept: str = V1


ROWS = [
    Row(
        "addConnectionFromSourceToWarehouse",
        {"warehouseId": "w", "sourceId": "s"},
        "POST",
        "/warehouses/w/connected-sources/s",
    ),
    Row(
        "createDestination",
        {"sourceId": "s", "metadataId": "m", "name": "n", "enabled": "false", "settings": [{"key": "a", "value": "1"}]},
        "POST",
        "/destinations",
        {"sourceId": "s", "metadataId": "m", "name": "n", "enabled": False, "settings": {"a": "1"}},
    ),
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
    Row("createUserInvites", {"invites": [INVITE]}, "POST", "/invites", {"invites": [INVITE]}),
    Row("deleteDestination", {"destinationId": "d"}, "DELETE", "/destinations/d"),
    Row(
        "deleteDestinationSubscription",
        {"destinationId": "d", "subscriptionId": "x"},
        "DELETE",
        "/destinations/d/subscriptions/x",
        accept=ALPHA,
    ),
    Row("deleteFunction", {"functionId": "f"}, "DELETE", "/functions/f"),
    Row("deleteSource", {"sourceId": "s"}, "DELETE", "/sources/s"),
    Row("deleteTransformation", {"transformationId": "t"}, "DELETE", "/transformations/t"),
    Row("deleteUser", {"userIds": ["u 1", "u2"]}, "DELETE", "/users?userIds.0=u+1&userIds.1=u2"),
    Row("deleteWarehouse", {"warehouseId": "w"}, "DELETE", "/warehouses/w"),
    Row("getDestination", {"destinationId": "d"}, "GET", "/destinations/d"),
    Row("listDestinationCatalog", {}, "GET", f"/catalog/destinations?{PAGE}"),
    Row("getDestinationMetadata", {"destinationMetadataId": "m"}, "GET", "/catalog/destinations/m"),
    Row(
        "getDestinationSubscription",
        {"destinationId": "d", "subscriptionId": "x"},
        "GET",
        "/destinations/d/subscriptions/x",
        accept=ALPHA,
    ),
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
    Row("getFunction", {"functionId": "sfnc_a"}, "GET", "/functions/sfnc_a"),
    Row("getSource", {"sourceId": "s"}, "GET", "/sources/s"),
    Row("getSourceMetadata", {"sourceMetadataId": "m"}, "GET", "/catalog/sources/m"),
    Row("listSourcesCatalog", {}, "GET", f"/catalog/sources?{PAGE}"),
    Row("getTransformation", {"transformationId": "t"}, "GET", "/transformations/t"),
    Row("getUser", {"userId": "u"}, "GET", "/users/u"),
    Row("getWarehouse", {"warehouseId": "w"}, "GET", "/warehouses/w"),
    Row("getWarehouseMetadata", {"warehouseMetadataId": "m"}, "GET", "/catalog/warehouses/m"),
    Row("listWarehousesCatalog", {}, "GET", f"/catalog/warehouses?{PAGE}"),
    Row("listConnectedSourcesFromWarehouse", {"warehouseId": "w"}, "GET", f"/warehouses/w/connected-sources?{PAGE}"),
    Row(
        "listDestinationSubscriptions",
        {"destinationId": "d"},
        "GET",
        f"/destinations/d/subscriptions?{PAGE}",
        accept=ALPHA,
    ),
    Row("listDestinations", {}, "GET", f"/destinations?{PAGE}"),
    Row("listFunctions", {"resourceType": "SOURCE"}, "GET", f"/functions?{PAGE}&resourceType=SOURCE"),
    Row(
        "listSources",
        {"count": 10, "cursor": "MA=="},
        "GET",
        "/sources?pagination%5Bcount%5D=10&pagination%5Bcursor%5D=MA%3D%3D",
    ),
    Row("listTransformations", {}, "GET", f"/transformations?{PAGE}"),
    Row("listUsers", {}, "GET", f"/users?{PAGE}"),
    Row("listWarehouses", {}, "GET", f"/warehouses?{PAGE}"),
    Row("rawRequest", {"url": "/labels", "method": "POST", "data": '{"a": 1}'}, "POST", "/labels", {"a": 1}),
    Row(
        "removeSourceConnectionFromWarehouse",
        {"warehouseId": "w", "sourceId": "s"},
        "DELETE",
        "/warehouses/w/connected-sources/s",
    ),
    Row(
        "updateDestination",
        {"destinationId": "d", "name": None, "enabled": True, "settings": {}},
        "PATCH",
        "/destinations/d",
        {"name": None, "enabled": True, "settings": {}},
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
    Row(
        "updateFunction",
        {"functionId": "f", "code": "c", "settings": [], "displayName": "n", "logoUrl": "l", "description": "d"},
        "PATCH",
        "/functions/f",
        {"code": "c", "settings": [], "displayName": "n", "logoUrl": "l", "description": "d"},
    ),
    Row(
        "updateSource",
        {"sourceId": "s", "slug": "x", "enabled": "false", "name": "n", "settings": {"a": True}},
        "PATCH",
        "/sources/s",
        {"slug": "x", "enabled": False, "name": "n", "settings": {"a": True}},
    ),
    Row(
        "updateTransformation",
        {"transformationId": "t", "ifInput": "x", "propertyRenames": "[]", "allowProperties": [], "enabled": ""},
        "PATCH",
        "/transformations/t",
        {"if": "x", "propertyRenames": [], "allowProperties": []},
    ),
    Row(
        "updateWarehouse",
        {"warehouseId": "w", "settings": "", "name": None, "enabled": "true"},
        "PATCH",
        "/warehouses/w",
        {"settings": {}, "name": None, "enabled": True},
    ),
]
BY_KEY = {row.key: row for row in ROWS}


def test_every_action_has_a_row(segment: connector.Component) -> None:
    assert sorted(row.key for row in ROWS) == sorted(segment.actions)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_request_is_exactly(row: Row, runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})

    runner.invoke(row.key, row.inputs)

    (asked,) = server.asked
    assert (asked.method, asked.target) == (row.method, row.target)
    assert asked.headers["Accept"] == row.accept
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    if row.body is None:
        assert asked.body == b""
        assert "Content-Type" not in asked.headers
    else:
        assert asked.json == row.body
        assert asked.headers["Content-Type"] == (ALPHA if row.accept == ALPHA else "application/json")


@pytest.mark.parametrize("row", [row for row in ROWS if row.body], ids=lambda row: row.key)
def test_only_set_inputs_are_sent(
    row: Row, segment: connector.Component, runner: connector.Runner, server: LoopbackServer
) -> None:
    """Required inputs alone make a body of the required fields alone: no default, no sample, no empty text."""
    server.answer({"data": {}})
    inputs = segment.actions[row.key].inputs
    required = {key: row.inputs[key] for key in inputs.required_keys()}
    untouched = {key: "" for key in inputs.definitions() if key not in required}

    runner.invoke(row.key, {**required, **untouched})

    body = server.asked[0].json if server.asked[0].body else {}
    segments = row.target.partition("?")[0].split("/")[1:]
    elsewhere = {key for key, value in required.items() if value in segments} | {"url", "method"}
    sent_under = {"ifInput": "if"}
    expected = {sent_under.get(key, key) for key in required.keys() - elsewhere}
    assert set(body.get("input", body)) == expected


def test_ids_stay_one_path_segment(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})

    runner.invoke("getSource", {"sourceId": "a/b?c#d e%2e/../ü"})

    assert server.asked[0].target == "/sources/a%2Fb%3Fc%23d%20e%252e%2F..%2F%C3%BC"


def test_unknown_field_and_new_enum_value_of_the_response_pass_through(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    body = {"data": {"source": {"id": "s", "status": "BRAND_NEW", "added": {"later": [None, 1.5]}}}, "more": True}
    server.answer(body)

    assert runner.invoke("getSource", {"sourceId": "s"}) == {"data": body}


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), "\ud800", object()], ids=["nan", "infinity", "surrogate", "object"]
)
def test_value_that_json_cannot_hold_is_rejected_before_a_request(
    value: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    with pytest.raises(errors.UsageError, match="cannot be sent as JSON"):
        runner.invoke("updateSource", {"sourceId": "s", "settings": {"a": value}})

    assert server.asked == []


def test_text_may_speak_of_nan(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})

    runner.invoke("updateSource", {"sourceId": "s", "name": "NaN and Infinity"})

    assert server.asked[0].json == {"name": "NaN and Infinity"}
