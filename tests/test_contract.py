"""Each action against the published description of the API (version 73.2.0)."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

import connector
from tests.support.reference import as_json_schema, needs_reference, reference
from tests.support.server import LoopbackServer
from tests.test_wire import BY_KEY, ROWS, Row

pytestmark = needs_reference

API_ROWS = [row for row in ROWS if row.key != "rawRequest"]
RENAMED = {"if": "ifInput", "input": "input"}
NOT_OF_THE_API = {"region", "count", "cursor", "fetchAll"}


def contract(key: str) -> dict[str, Any]:
    found: dict[str, Any] | None = reference("contract.json")["actions"].get(key)
    return found or pytest.skip("not an action of the original")


def body_fields(key: str) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = contract(key)["body"]
    return fields[0]["fields"] if [field["name"] for field in fields] == ["input"] else fields


def operation(key: str) -> dict[str, Any]:
    known = contract(key)
    found: dict[str, Any] = reference("segment-openapi.json")["paths"][known["path"]][known["method"].lower()]
    return found


by_key = pytest.mark.parametrize("row", API_ROWS, ids=lambda row: row.key)


def test_manifest_declares_the_documented_actions(segment: connector.Component) -> None:
    known = reference("contract.json")["actions"]
    declared = {key: (shown.label, shown.description) for key, shown in segment.manifest.actions.items()}

    expected = {key: (action["label"], action["description"]) for key, action in known.items()}
    assert {key: declared.get(key) for key in expected} == expected


def test_manifest_declares_the_documented_data_sources(segment: connector.Component) -> None:
    known = reference("contract.json")["data_sources"]
    declared = {key: (shown.label, shown.description) for key, shown in segment.manifest.data_sources.items()}

    assert declared == {key: (source["label"], source["description"]) for key, source in known.items()}


@by_key
def test_every_field_of_the_api_is_an_input_and_nothing_else_is(row: Row, segment: connector.Component) -> None:
    known = contract(row.key)
    expected = {parameter["original_input"] for parameter in known["path_params"]}
    expected |= {RENAMED.get(field["name"], field["name"]) for field in body_fields(row.key)}
    expected |= {field["name"] for field in known["query"] if not field["name"].startswith("pagination.")}

    assert set(segment.actions[row.key].inputs.definitions()) - NOT_OF_THE_API == expected


@by_key
def test_every_input_of_the_original_keeps_its_key(row: Row, segment: connector.Component) -> None:
    original = {found["key"] for found in contract(row.key)["original_inputs"]}

    assert original - {"connectionInput"} <= set(segment.actions[row.key].inputs.definitions())


@by_key
def test_input_is_required_exactly_where_the_api_requires_it(row: Row, segment: connector.Component) -> None:
    known = contract(row.key)
    expected = {parameter["original_input"] for parameter in known["path_params"]}
    fields = body_fields(row.key) + known["query"]
    expected |= {RENAMED.get(field["name"], field["name"]) for field in fields if field["required"] is True}

    assert segment.actions[row.key].inputs.required_keys() == expected


@by_key
def test_closed_choices_are_those_of_the_api(row: Row, segment: connector.Component) -> None:
    properties = segment.actions[row.key].input_schema["properties"]
    for field in body_fields(row.key) + contract(row.key)["query"]:
        if field["enum"]:
            choices = properties[RENAMED.get(field["name"], field["name"])]["oneOf"]
            assert [choice["const"] for choice in choices] == field["enum"]


@by_key
def test_metadata_are_those_of_the_api(row: Row, segment: connector.Component) -> None:
    action, known = segment.actions[row.key], contract(row.key)

    assert action.stability == known["stability"]
    assert action.feature == known["workspace_feature"]
    assert action.rate_limit == known["rate_limit_per_minute"]
    assert (action.pagination is not None) == known["paginated"]
    assert (action.effect == "read") == (known["method"] == "GET")
    assert (action.effect == "destructive") == (known["method"] == "DELETE")
    if action.pagination:
        (listed,) = [name for name in known["response_root"] if name not in {"pagination", "path", "query"}]
        assert action.pagination.records == f"$.data.data.{listed}"


@by_key
def test_request_is_one_that_the_api_describes(row: Row, runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    runner.invoke(row.key, row.inputs)
    known, described, (asked,) = contract(row.key), operation(row.key), server.asked

    assert asked.method == known["method"]
    parts, wanted = asked.path.split("/"), known["path"].split("/")
    assert len(parts) == len(wanted)
    assert all(mine == theirs or theirs.startswith("{") for mine, theirs in zip(parts, wanted, strict=True))
    assert asked.headers["Accept"] == known["accept"]
    assert known["accept"] in described["responses"][str(known["success_status"])]["content"]
    assert asked.headers.get("Content-Type") == known["content_type"]
    if asked.body:
        everything = as_json_schema(reference("segment-openapi.json"))
        schema = as_json_schema(described["requestBody"]["content"][asked.headers["Content-Type"]]["schema"])
        Draft202012Validator({**schema, "components": everything["components"]}).validate(asked.json)
    else:
        assert "requestBody" not in described


@by_key
def test_row_gives_every_input(row: Row, segment: connector.Component) -> None:
    """So that the wire test shows each of them; a change that clears or leaves out is another test's."""
    partial = {"updateTransformation"}
    given = set(BY_KEY[row.key].inputs)
    if row.key not in partial:
        assert set(segment.actions[row.key].inputs.definitions()) - NOT_OF_THE_API <= given


def test_raw_request_keeps_every_input_of_the_original(segment: connector.Component) -> None:
    original = [found["key"] for found in contract("rawRequest")["original_inputs"]]

    assert list(segment.actions["rawRequest"].inputs.definitions()) == [key for key in original if key != "connection"]
