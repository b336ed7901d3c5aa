"""The JSON Schemas: a form can be rendered from them alone."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

import connector
from tests.test_wire import ROWS


def definitions(segment: connector.Component) -> list[Any]:
    return [*segment.actions.values(), *segment.data_sources.values(), *segment.connections.values()]


KEYS = [row.key for row in ROWS]


@pytest.mark.parametrize("key", KEYS)
def test_every_schema_is_json_schema_2020_12(key: str, segment: connector.Component) -> None:
    for schema in (segment.actions[key].input_schema, segment.actions[key].output_schema):
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)


def test_every_field_has_title_and_description(segment: connector.Component) -> None:
    for definition in definitions(segment):
        for key, field in definition.input_schema["properties"].items():
            assert field["title"], (definition.key, key)
            assert field["description"], (definition.key, key)


def test_every_field_has_a_kind_or_takes_anything_on_purpose(segment: connector.Component) -> None:
    for definition in definitions(segment):
        for key, field in definition.input_schema["properties"].items():
            assert "type" in field or "$ref" in field or (definition.key, key) == ("rawRequest", "data")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_examples_fit_their_own_schema(row: Any, segment: connector.Component) -> None:
    schema = segment.actions[row.key].input_schema
    for field in schema["properties"].values():
        for example in field.get("examples", []):
            Draft202012Validator({**field, "$defs": schema.get("$defs", {})}).validate(example)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_examples_are_read_by_the_inputs(row: Any, segment: connector.Component) -> None:
    action = segment.actions[row.key]
    examples = {
        key: marker.example for key, marker in action.inputs.definitions().items() if marker.example is not None
    }
    if row.key == "rawRequest":
        del examples["formData"], examples["fileData"]

    action.inputs.from_values({**row.inputs, **examples})


def test_field_that_can_be_cleared_has_two_types(segment: connector.Component) -> None:
    name = segment.actions["updateDestination"].input_schema["properties"]["name"]

    assert name["type"] == ["string", "null"]
    assert name["title"] == "Name"


def test_choices_have_titles_and_ids_their_data_source(segment: connector.Component) -> None:
    properties = segment.actions["createDestination"].input_schema["properties"]

    assert properties["region"]["oneOf"] == [{"const": "api", "title": "US"}, {"const": "eu1.api", "title": "EU"}]
    assert properties["sourceId"]["x-data-source"] == "sources"


def test_required_fields_come_in_form_order(segment: connector.Component) -> None:
    schema = segment.actions["createTransformation"].input_schema

    assert list(schema["properties"])[:3] == ["region", "name", "sourceId"]
    assert schema["required"] == ["name", "sourceId", "enabled", "ifInput"]


def test_labels_and_comments_speak_of_the_actions_own_resource(segment: connector.Component) -> None:
    """No text says Warehouse in an action that has nothing to do with one."""
    for action in segment.actions.values():
        if "arehouse" in action.key or action.key == "createSource":
            continue
        texts = [f"{marker.label} {marker.comments}" for marker in action.inputs.definitions().values()]
        assert not [text for text in texts if "Warehouse" in text], action.key


def test_payload_of_an_example_fits_the_output_schema(segment: connector.Component) -> None:
    for action in segment.actions.values():
        if action.example is not None:
            Draft202012Validator(action.output_schema).validate(action.example)
            Draft202012Validator(action.output_schema).validate({"data": {"data": {"later": "more"}}})
