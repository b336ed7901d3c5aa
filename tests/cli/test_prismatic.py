"""The export against the facts about the original component."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.describe.prismatic import published, server_form
from tests.cli.conftest import Command
from tests.support.reference import documented_definitions, documented_payload

SEGMENT = connector.load_component()
FORM = server_form(SEGMENT)
LATER_DATA_SOURCES = {"selectFunction", "selectTransformation", "selectUser", "selectSubscription"} | {
    f"select{kind}Metadata" for kind in ("Destination", "Source", "Warehouse")
}

REQUIRED_OTHERWISE = {
    # the API, or the connector's own default, decides: actions/differences.md has a row for each
    **{(key, "settings"): False for key in ("createDestinationSubscription", "createFunction", "updateDestination")},
    **{(key, "settings"): False for key in ("updateDestinationSubscription", "updateFunction")},
    ("createUserInvites", "invites"): True,
    ("deleteUser", "userIds"): True,
    ("rawRequest", "responseType"): False,
    ("updateTransformation", "sourceId"): False,
    ("updateTransformation", "destinationMetadataId"): False,
}


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    return documented_definitions()


def inputs_of(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["key"]: field for field in definition["inputs"]}


def test_component_has_the_keys_of_the_server_form() -> None:
    kinds = ["connections", "actions", "triggers", "dataSources"]

    assert list(FORM) == ["key", "public", "documentationUrl", "display", *kinds]
    assert FORM["display"] == {
        "label": "Segment",
        "description": SEGMENT.manifest.display.description,
        "category": "Application Connectors",
        "iconPath": "icon.png",
    }
    assert (FORM["triggers"], list(FORM["actions"]), len(FORM["dataSources"])) == ({}, list(SEGMENT.actions), 3)


def test_every_original_input_exists_under_its_key_in_its_order(contract: dict[str, Any]) -> None:
    for key, facts in contract["actions"].items():
        original = [field["key"] for field in facts["original_inputs"]]
        exported = [field["key"] for field in FORM["actions"][key]["inputs"]]
        assert [name for name in exported if name in original] == original, key


def test_original_types_and_collections_are_the_same(contract: dict[str, Any]) -> None:
    for key, facts in contract["actions"].items():
        exported = inputs_of(FORM["actions"][key])
        for original in facts["original_inputs"]:
            field = exported[original["key"]]
            kind = (field["type"], field.get("collection"))
            assert kind == (original["type"], original["collection"]), (key, original["key"])


def test_original_requirements_are_the_same_except_known_bugs(contract: dict[str, Any]) -> None:
    for key, facts in contract["actions"].items():
        exported = inputs_of(FORM["actions"][key])
        for original in facts["original_inputs"]:
            name = original["key"]
            if name in {"region", "count"}:
                assert exported[name]["required"] is False
                continue
            expected = REQUIRED_OTHERWISE.get((key, name), original["required"])
            assert exported[name]["required"] is expected, (key, name)


def test_original_choices_are_all_offered(contract: dict[str, Any]) -> None:
    for key, facts in contract["actions"].items():
        exported = inputs_of(FORM["actions"][key])
        for original in facts["original_inputs"]:
            values = [choice["value"] for choice in original["model_values"] or []]
            offered = [choice["value"] for choice in exported[original["key"]].get("model", [])]
            assert [value for value in offered if value in values] == values, (key, original["key"])
            assert offered == values or original["key"] == "resourceType", (key, original["key"])


def test_original_data_sources_are_offered_where_the_component_has_them(contract: dict[str, Any]) -> None:
    for key, facts in contract["actions"].items():
        exported = inputs_of(FORM["actions"][key])
        for original in facts["original_inputs"]:
            expected = original["dataSource"]
            offered = exported[original["key"]].get("dataSource")
            assert offered == (None if expected in LATER_DATA_SOURCES else expected), (key, original["key"])


def test_original_defaults_are_the_same_except_samples_and_region(contract: dict[str, Any]) -> None:
    for key, facts in contract["actions"].items():
        exported = inputs_of(FORM["actions"][key])
        for original in facts["original_inputs"]:
            name, default = original["key"], original["default"]
            if original["type"] == "connection":
                assert "default" not in exported[name]
            elif name == "count" or key == "rawRequest":
                stored = default if isinstance(default, str) and name != "region" else ""
                assert exported[name]["default"] == stored, (key, name)
            else:
                assert exported[name]["default"] == "", (key, name)


def test_data_sources_and_connection_match_the_original(contract: dict[str, Any]) -> None:
    for key, facts in contract["data_sources"].items():
        source = FORM["dataSources"][key]
        assert [i["key"] for i in source["inputs"]] == [i["key"] for i in facts["original_inputs"]]
        assert (source["dataSourceType"], source["display"]["label"]) == ("picklist", facts["label"])
        assert source["examplePayload"] == documented_payload("data_sources", key)
    connection = FORM["connections"][0]
    named = {field["key"]: field["type"] for field in connection["inputs"]}
    assert named | {"apiKey": "password", "subdomain": "string"} == named


def test_optional_boolean_can_stay_unset() -> None:
    exported = inputs_of(FORM["actions"]["updateSource"])["enabled"]

    assert (exported["type"], exported["default"]) == ("string", "")
    assert [choice["value"] for choice in exported["model"]] == ["true", "false", ""]


def test_boolean_with_a_default_keeps_its_type() -> None:
    exported = inputs_of(FORM["actions"]["rawRequest"])

    for name in ("retryAllErrors", "useExponentialBackoff"):
        assert (exported[name]["type"], exported[name]["default"]) == ("boolean", "false")
        assert "model" not in exported[name]


def test_connection_comes_first_under_the_names_of_the_original() -> None:
    first = {key: definition["inputs"][0] for key, definition in (FORM["actions"] | FORM["dataSources"]).items()}

    assert first["createSource"] == {
        "key": "connectionInput",
        "type": "connection",
        "label": "Connection",
        "required": True,
    }
    assert {key for key, definition in first.items() if definition["key"] == "connection"} == {
        "rawRequest",
        "destination",
        "sources",
        "warehouses",
    }


def test_key_value_list_carries_the_label_of_its_keys() -> None:
    exported = inputs_of(FORM["actions"]["createSource"])["settings"]

    assert (exported["collection"], exported["keyLabel"], exported["default"]) == ("keyvaluelist", "Name", "")


def test_hidden_connection_fields_are_not_shown() -> None:
    exported = inputs_of(FORM["connections"][0])

    assert exported["baseUrl"]["shown"] is False
    assert "shown" not in exported["apiKey"]


def test_examples_are_texts_and_payloads_objects() -> None:
    for key, definition in FORM["actions"].items():
        assert all(isinstance(each.get("example", ""), str) for each in definition["inputs"]), key
        assert ("examplePayload" in definition) == (key != "rawRequest")
    assert FORM["actions"]["getSource"]["examplePayload"] == SEGMENT.actions["getSource"].example


def test_definition_exports_no_null() -> None:
    def without_payloads(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: without_payloads(v) for k, v in value.items() if k != "examplePayload"}
        return [without_payloads(item) for item in value] if isinstance(value, list) else value

    assert "null" not in json.dumps(without_payloads(FORM))


def test_published_form_has_lists_and_json_payloads() -> None:
    module = published(SEGMENT)

    assert list(module) == ["definition", "actions", "triggers", "dataSources", "connections"]
    assert list(module["definition"]) == ["key", "public", "documentationUrl", "display"]
    assert [action["key"] for action in module["actions"]] == list(SEGMENT.actions)
    examples = {action["key"]: action["examplePayload"] for action in module["actions"]}
    assert json.loads(examples["getSource"]) == SEGMENT.actions["getSource"].example
    assert examples["rawRequest"] == "{}"
    assert module["triggers"] == []


def test_published_form_has_only_keys_that_are_accepted(other_component: Path) -> None:
    source = (other_component.parent / "actions" / "things.py").read_text(encoding="utf-8")
    hidden = source.replace('comments="Its name."', 'comments="Its name.", hidden=True')
    (other_component.parent / "actions" / "things.py").write_text(hidden, encoding="utf-8")
    other = connector.load_component(other_component)

    assert inputs_of(server_form(other)["actions"]["saveThing"])["name"]["shown"] is False
    accepted = {"collection", "comments", "dataSource", "default", "example", "key", "keyLabel", "label"}
    accepted |= {"language", "model", "placeholder", "required", "type"}
    for component in (other, SEGMENT):
        module = published(component)
        for definition in (*module["actions"], *module["dataSources"]):
            assert all(set(each) <= accepted for each in definition["inputs"])
    assert inputs_of(module["connections"][0])["baseUrl"]["shown"] is False


def test_command_prints_both_forms(command: Command) -> None:
    assert command("export", "prismatic-definition").json == FORM
    assert command("export", "prismatic-definition", "--publish").json == published(SEGMENT)
