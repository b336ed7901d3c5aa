"""The JSON Schemas: a form can be rendered from them alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from jsonschema import Draft202012Validator
from typing_extensions import TypedDict

import connector
from connector import Input, Inputs
from connector.component.inputs import wire_shape
from connector.component.schema import input_schema, output_schema
from tests.support.amount import sample_of
from tests.support.reference import documented_definitions, documented_payload
from tests.test_wire import ROWS


def definitions(segment: connector.Component) -> list[Any]:
    return [*segment.actions.values(), *segment.data_sources.values(), *segment.connections.values()]


KEYS = [row.key for row in ROWS]
DOCUMENTED = [key for key in documented_definitions()["actions"] if key != "rawRequest"]


@pytest.mark.parametrize("key", sample_of(KEYS, 4))
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


def fields_of(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every field of a schema by its path, `*` for the items of a list and the values of a map."""
    for name, part in schema.get("properties", {}).items():
        yield (*path, name), part
        yield from fields_of(part, (*path, name))
    for form in schema.get("anyOf", ()):
        yield from fields_of(form, path)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from fields_of(schema[key], (*path, "*"))


FACTS = ("type", "enum", "format", "x-secret")


@pytest.mark.parametrize("key", [key for key in KEYS if key != "rawRequest"])
def test_output_schema_has_every_documented_field(key: str, segment: connector.Component) -> None:
    action = segment.actions[key]
    assert action.operation is not None
    visible = dict(fields_of(action.output_schema["properties"]["data"]))

    for path, field in fields_of(action.operation.response_schema):
        expected = {name: field[name] for name in FACTS if name in field}
        assert {name: visible[path][name] for name in FACTS if name in visible[path]} == expected, path
        assert ({"type": "null"} in field.get("anyOf", ())) == ({"type": "null"} in visible[path].get("anyOf", ())), (
            path
        )


def test_documented_actions_have_1220_documented_fields_at_all_depths(segment: connector.Component) -> None:
    """Counted by hand of the reference, so that a description that lost fields is noticed."""
    actions = [segment.actions[key] for key in DOCUMENTED]
    schemas = [action.output_schema["properties"]["data"] for action in actions]
    documented = [set(dict(fields_of(action.operation.response_schema))) for action in actions if action.operation]
    visible = [set(dict(fields_of(schema))) for schema in schemas]

    assert sum(len(paths) for paths in documented) == 1220
    assert all(mine >= theirs for mine, theirs in zip(visible, documented, strict=True))


@pytest.mark.parametrize("key", DOCUMENTED)
def test_documented_payload_fits_the_output_schema_and_is_its_example(key: str, segment: connector.Component) -> None:
    action = segment.actions[key]

    Draft202012Validator(action.output_schema).validate(documented_payload("actions", key))
    assert action.output_schema["examples"] == [action.example]


def test_output_schema_knows_type_null_and_choices(segment: connector.Component) -> None:
    """Written by hand from Segment's documentation."""
    fields = dict(fields_of(segment.actions["getSource"].output_schema))
    schedule = dict(fields_of(segment.actions["getDestinationSubscription"].output_schema))
    prefix = ("data", "data")

    assert fields[*prefix, "source", "writeKeys"]["items"] == {"type": "string"}
    assert fields[*prefix, "source", "writeKeys"]["x-secret"] is True
    assert fields[*prefix, "source", "metadata", "status"]["enum"][:2] == ["DEPRECATED", "PRIVATE_BETA"]
    assert fields[*prefix, "trackingPlanId"]["type"] == ["string", "null"]
    assert "CRON" in schedule[*prefix, "subscription", "reverseETLSchedule", "strategy"]["enum"]
    assert all("required" not in field for field in fields.values())


def test_output_schema_keeps_what_only_the_example_has(segment: connector.Component) -> None:
    warehouse = dict(fields_of(segment.actions["getWarehouse"].output_schema))
    function = dict(fields_of(segment.actions["getFunction"].output_schema))

    assert warehouse["data", "data", "warehouse", "settings", "host"] == {"type": "string"}
    assert function["data", "data", "function", "workspaceId"] == {"type": "string"}


def test_output_schema_without_an_operation_is_that_of_the_example(segment: connector.Component) -> None:
    schema = output_schema({"data": [{"a": 1}, {"b": None}]})

    assert segment.actions["rawRequest"].operation is None
    assert schema["properties"]["data"]["items"]["properties"] == {"a": {"type": "number"}, "b": {}}


def test_input_keeps_its_label_when_its_type_has_the_same_name() -> None:
    @wire_shape
    class Label(TypedDict):
        key: str

    class LabelInputs(Inputs):
        label: Annotated[Label, Input(label="Label", comments="The label.")]

    assert input_schema(LabelInputs)["properties"]["label"]["title"] == "Label"


def test_schema_may_be_changed_by_its_caller(segment: connector.Component) -> None:
    segment.actions["getSource"].input_schema["properties"].clear()

    assert list(segment.actions["getSource"].input_schema["properties"]) == ["region", "sourceId"]


def test_password_is_marked_when_its_value_is_a_plain_string() -> None:
    class Login(Inputs):
        name: Annotated[str, Input(label="Name")]
        password: Annotated[str, Input(label="Password", type="password")]

    properties = input_schema(Login)["properties"]

    assert properties["name"] == {"title": "Name", "type": "string"}
    assert properties["password"] == {"title": "Password", "type": "string", "format": "password", "writeOnly": True}
