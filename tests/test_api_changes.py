"""`connector check --against NEWER.json`: what changed in the API, and which actions that touches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.describe.api_changes import api_changes
from connector.errors import ComponentError
from tests.cli.conftest import Command, command
from tests.support.described import write_component

__all__ = ["command"]

ROOT = Path(__file__).parents[1]
Change = Callable[[dict[str, Any]], object]


def newer(folder: Path, *changes: Change, operations: dict[str, Any] | None = None) -> Path:
    document = operations or described_operations()
    for change in changes:
        change(document)
    file = folder / "newer.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def described_operations(*paths: str) -> dict[str, Any]:
    """The bundled description, or only some paths of it: to compare all of them takes a while."""
    document: dict[str, Any] = json.loads((ROOT / "api.json").read_text(encoding="utf-8"))
    return {**document, "paths": {path: document["paths"][path] for path in paths or document["paths"]}}


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    schema: dict[str, Any] = document["components"]["schemas"][name]
    return schema


def put(path: str, value: Any) -> Change:
    """A change that sets what a path of keys leads to."""

    def change(document: dict[str, Any]) -> None:
        *holders, last = path.split("|")
        for key in holders:
            document = document[key]
        document[last] = value

    return change


SOURCE = "components|schemas|CreateSourceV1Input|properties"
LABELS = "paths|/labels|get"

CASES: dict[str, tuple[Change, list[str]]] = {
    "a removed operation": (
        lambda document: document["paths"].pop("/sources/{sourceId}"),
        [
            "removed deleteSource: DELETE /sources/{sourceId}",
            "removed getSource: GET /sources/{sourceId}",
            "removed updateSource: PATCH /sources/{sourceId}",
        ],
    ),
    "an added field of a body": (
        put(f"{SOURCE}|color", {"type": "string"}),
        ["added createSource body.color"],
    ),
    "a removed field of a body": (
        lambda document: schema(document, "CreateSourceV1Input")["properties"].pop("disconnectAllWarehouses"),
        ["removed createSource body.disconnectAllWarehouses"],
    ),
    "a changed type": (
        put(f"{SOURCE}|slug", {"type": ["string", "null"]}),
        ['changed createSource body.slug: type "string" is now ["string", "null"]'],
    ),
    "a field that is optional now": (
        put("components|schemas|CreateLabelV1Input|required", []),
        ["changed createLabel body.label: required true is now false"],
    ),
    "a new limit": (
        put(f"{LABELS}|x-rate-limit", [{"requests": 7, "per": "minute"}]),
        ["changed listLabels rate_limits: none is now 7 requests per minute"],
    ),
    "another stability": (put(f"{LABELS}|x-stability", "beta"), ["changed listLabels stability: v1 is now beta"]),
    "a field of a response": (
        put("components|schemas|LabelV1|properties|color", {"type": "string", "enum": ["RED"]}),
        ["added listLabels response.data.labels[].color"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), CASES.values(), ids=CASES)
def test_change_is_named(change: Change, expected: list[str], tmp_path: Path) -> None:
    paths = "/sources", "/sources/{sourceId}", "/labels"
    component = connector.load_component(write_component(tmp_path, described_operations(*paths)))
    file = newer(tmp_path, change, operations=described_operations(*paths))

    changes = [str(api_change) for api_change in api_changes(component, file)]

    assert set(expected) <= set(changes)
    assert len(changes) < 20


def test_operation_with_a_new_key_is_added(tmp_path: Path) -> None:
    facts = json.loads((ROOT / "api.json").read_text(encoding="utf-8"))["paths"]["/labels"]["get"]

    [change] = api_changes(
        connector.load_component(), newer(tmp_path, put("paths|/journeys", {"get": {**facts, "operationId": "listJ"}}))
    )

    assert str(change) == "added listJ: GET /journeys"
    assert change.to_dict() == {
        "kind": "added",
        "operation": "listJ",
        "place": "",
        "detail": "GET /journeys",
        "action": None,
        "isHandMade": False,
    }


def test_command_prints_changes_and_exits_with_1(command: Command, tmp_path: Path) -> None:
    file = newer(tmp_path, put(f"{SOURCE}|color", {"type": "string"}))

    printed = command("check", "--against", file)

    assert printed.code == 1
    assert printed.out.splitlines() == ["- added createSource body.color (action createSource)", "1 change"]
    [change] = command("check", "--against", file, "--json").json
    assert (change["action"], change["isHandMade"]) == ("createSource", True)


def test_command_finds_no_change_in_the_same_description(command: Command) -> None:
    printed = command("check", "--against", ROOT / "api.json")

    assert (printed.code, printed.out) == (0, "No changes found.\n")


def test_file_that_is_not_a_description_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "newer.json").write_text("{}")

    with pytest.raises(ComponentError, match="invalid API description"):
        api_changes(connector.load_component(), tmp_path / "newer.json")
