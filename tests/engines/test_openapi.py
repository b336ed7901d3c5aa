"""The OpenAPI document: valid, unique, and free of what breaks generated clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import connector
from connector.component.policy import Policy
from connector.engines.openapi import document
from tests.engines.conftest import READER, Server
from tests.support.amount import sample_of


@pytest.fixture(scope="module")
def described(segment: connector.Component) -> dict[str, Any]:
    """The document of all actions."""
    return document(segment)


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(each)


def test_document_is_valid(segment: connector.Component) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator is not installed")

    validator.validate(document(segment, sample_of(segment.actions.values(), 4)))


def test_every_action_list_and_data_source_has_a_path(described: dict[str, Any], segment: connector.Component) -> None:
    lists = [key for key, action in segment.actions.items() if action.pagination]

    assert set(described["paths"]) == {
        *(f"/v1/actions/{key}" for key in segment.actions),
        *(f"/v1/records/{key}" for key in lists),
        *(f"/v1/choices/{key}" for key in segment.data_sources),
    }


def test_operation_ids_and_titles_are_unique(described: dict[str, Any]) -> None:
    operations = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    schemas = described["components"]["schemas"]

    assert len(operations) == len(set(operations))
    assert all(schema.get("title", name) == name for name, schema in schemas.items())


def test_every_reference_leads_to_a_schema(described: dict[str, Any]) -> None:
    for part in parts(described):
        if isinstance(part.get("$ref"), str):
            _, _, kind, name = part["$ref"].split("/")
            assert name in described["components"][kind]


def test_every_list_has_items(described: dict[str, Any]) -> None:
    lists = [part for part in parts(described) if part.get("type") == "array"]

    assert lists
    assert all("items" in part for part in lists)


def test_limits_and_connection_are_not_in_the_document(described: dict[str, Any]) -> None:
    text = str(described).lower()

    assert "x-max-wait" not in text
    assert "x-deadline" not in text
    assert "x-hidden" not in text


def test_document_holds_only_what_the_caller_may_run(served: Server, segment: connector.Component) -> None:
    offered = served.call("GET", "/openapi.json", key=READER).json()["paths"]

    policy = Policy(read_only=True)  # of the documented actions
    expected = {f"/v1/actions/{key}" for key, action in segment.actions.items() if policy.permits(action)}
    assert {path for path in offered if path.startswith("/v1/actions/")} == expected


def test_equal_definitions_are_kept_once(described: dict[str, Any]) -> None:
    names = list(described["components"]["schemas"])

    assert sum(name.endswith("FunctionSetting") for name in names) == 1
