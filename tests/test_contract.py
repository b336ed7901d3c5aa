"""Each hand-made action against `api.json` and against the documentation of Prismatic's component."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

import connector
from connector.component.api_description import Operation
from tests.support.reference import API, documented_definitions
from tests.support.server import LoopbackServer
from tests.support.wire import Row
from tests.test_wire import BY_KEY, ROWS

API_ROWS = [row for row in ROWS if row.key != "rawRequest"]
DOCUMENTED = [row for row in API_ROWS if row.key in documented_definitions()["actions"]]
RENAMED = {"if": "ifInput", "id": "subscriptionId"}
NOT_OF_THE_API = {"region", "count", "cursor", "fetchAll"}

LIMITS = {
    "createDestinationSubscription": ["5 requests per minute"],
    "createUserInvites": ["60 requests per minute"],
    "deleteDestinationSubscription": ["5 requests per minute"],
    "deleteUser": ["60 requests per minute"],
    "getEventsVolumeFromWorkspace": ["60 requests per minute"],
    "updateDestinationSubscription": ["5 requests per minute"],
}
"""Written by hand from Segment's documentation: what `api.json` states of the hand-made actions."""


def operation(segment: connector.Component, key: str) -> Operation:
    operation = segment.actions[key].operation
    assert operation is not None
    return operation


def body_of(described: Operation) -> dict[str, Any]:
    """The schema of the fields: the update of a subscription has them below `input`."""
    body = described.body_schema
    return body["properties"]["input"] if list(body.get("properties", {})) == ["input"] else body


def fields_of(described: Operation) -> dict[str, tuple[dict[str, Any], bool]]:
    """Schema and requirement of every input that the API has, but for pages, by the name of our input."""
    parameters = {p.name: (p.schema, p.required) for p in described.parameters if p.name != "pagination"}
    body = body_of(described)
    fields = {key: (schema, key in body.get("required", ())) for key, schema in body.get("properties", {}).items()}
    both: dict[str, tuple[dict[str, Any], bool]] = {**parameters, **fields}
    return {RENAMED.get(key, key): field for key, field in both.items()}


by_key = pytest.mark.parametrize("row", API_ROWS, ids=lambda row: row.key)


def test_manifest_declares_the_documented_actions(segment: connector.Component) -> None:
    documented = documented_definitions()["actions"]
    declared = {key: (display.label, display.description) for key, display in segment.manifest.actions.items()}

    expected = {key: (action["label"], action["description"]) for key, action in documented.items()}
    assert {key: declared.get(key) for key in expected} == expected


def test_manifest_declares_the_documented_data_sources(segment: connector.Component) -> None:
    documented = documented_definitions()["data_sources"]
    declared = {
        key: (display.label, display.description)
        for key, display in segment.manifest.data_sources.items()
        if segment.data_sources[key].in_prismatic
    }

    assert declared == {key: (source["label"], source["description"]) for key, source in documented.items()}


@by_key
def test_every_field_of_the_api_is_an_input_and_nothing_else_is(row: Row, segment: connector.Component) -> None:
    expected = set(fields_of(operation(segment, row.key)))

    assert set(segment.actions[row.key].inputs.definitions()) - NOT_OF_THE_API == expected


@pytest.mark.parametrize("row", DOCUMENTED, ids=lambda row: row.key)
def test_every_input_of_the_original_keeps_its_key(row: Row, segment: connector.Component) -> None:
    original = {field["key"] for field in documented_definitions()["actions"][row.key]["original_inputs"]}

    assert original - {"connectionInput"} <= set(segment.actions[row.key].inputs.definitions())


@by_key
def test_input_is_required_exactly_where_the_api_requires_it(row: Row, segment: connector.Component) -> None:
    expected = {key for key, (_, required) in fields_of(operation(segment, row.key)).items() if required}

    assert segment.actions[row.key].inputs.required_keys() == expected


@by_key
def test_closed_choices_are_those_of_the_api(row: Row, segment: connector.Component) -> None:
    properties = segment.actions[row.key].input_schema["properties"]
    for key, (schema, _) in fields_of(operation(segment, row.key)).items():
        if "enum" in schema:
            assert [choice["const"] for choice in properties[key]["oneOf"]] == schema["enum"]


@by_key
def test_pages_and_effect_are_those_of_the_api(row: Row, segment: connector.Component) -> None:
    action, described = segment.actions[row.key], operation(segment, row.key)

    assert (action.effect == "read") == (described.method == "GET")
    assert (action.effect == "destructive") == (described.method == "DELETE")
    assert (action.pagination is not None) == bool(described.pagination)
    if action.pagination:
        assert action.pagination.records == f"$.data.data.{described.pagination['records']}"


def test_stability_feature_and_limits_are_those_of_the_documentation(segment: connector.Component) -> None:
    for row in DOCUMENTED:
        described = operation(segment, row.key)
        is_subscription = "DestinationSubscription" in row.key
        features = {"subscriptions": "Destination Subscriptions", "functions": "Functions"}
        noun = "subscriptions" if is_subscription else segment.actions[row.key].resource

        assert described.stability == ("alpha" if is_subscription else "v1")
        assert described.feature == (features | {"transformations": "Protocols"}).get(noun)
        assert [str(limit) for limit in described.rate_limits] == LIMITS.get(row.key, [])


@by_key
def test_request_is_one_that_the_api_describes(row: Row, runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    runner.invoke(row.key, row.inputs)
    described, (request,) = operation(runner.component, row.key), server.requests

    assert API.find(request.method, request.path) is API[described.id]
    assert request.headers["Accept"] == described.accept
    assert request.headers.get("Content-Type") == described.content_type
    if request.body:
        Draft202012Validator(described.body_schema).validate(request.json)


@by_key
def test_row_gives_every_input(row: Row, segment: connector.Component) -> None:
    """So that the wire test shows each of them; a change that clears or leaves out is another test's."""
    partial = {"updateTransformation"}
    values = set(BY_KEY[row.key].inputs)
    if row.key not in partial:
        assert set(segment.actions[row.key].inputs.definitions()) - NOT_OF_THE_API <= values


def test_raw_request_keeps_every_input_of_the_original(segment: connector.Component) -> None:
    original = [field["key"] for field in documented_definitions()["actions"]["rawRequest"]["original_inputs"]]

    assert list(segment.actions["rawRequest"].inputs.definitions()) == [key for key in original if key != "connection"]
