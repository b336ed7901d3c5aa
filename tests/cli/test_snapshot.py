"""A workspace as files, and the differences between two."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import testing
from connector.describe.snapshot import Snapshot, snapshot_changes, take_snapshot
from connector.sandbox_kit.sandbox import Sandbox
from tests.cli.conftest import Command

PARTS = [
    "connections",
    "destinations",
    "functions",
    "sources",
    "subscriptions",
    "transformations",
    "users",
    "warehouses",
]


def files(folder: Path) -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def test_snapshot_is_stable_and_names_records(command: Command, workspace: Sandbox, tmp_path: Path) -> None:
    ended = command("snapshot", "--to", tmp_path / "a")
    command("snapshot", "--to", tmp_path / "b")
    parts = files(tmp_path / "a")

    assert ended.code == 0
    assert {file.name: file.read_bytes() for file in (tmp_path / "a").iterdir()} == {
        file.name: file.read_bytes() for file in (tmp_path / "b").iterdir()
    }
    assert parts["snapshot"]["parts"] == PARTS
    assert parts["destinations"]["ios/Amplitude"]["sourceId"] == "sources/ios"
    assert {request.method for request in workspace.requests} == {"GET"}


def test_snapshot_holds_neither_secrets_nor_ids(workspace: Sandbox) -> None:
    taken = json.dumps(take_snapshot(workspace.runner(read_only=True)))

    for secret in (workspace.token, "secrettt", "example-key", workspace.sources[0]["writeKeys"][0]):
        assert secret not in taken
    for id_ in (workspace.sources[0]["id"], workspace.destinations[0]["id"], workspace.warehouses[0]["id"]):
        assert id_ not in taken


@contextmanager
def loaded(seed: Any) -> Iterator[Sandbox]:
    with testing.sandbox(seed=seed) as second:
        yield second


def snapshots(change: Callable[[connector.Runner, Sandbox], object]) -> tuple[Snapshot, Snapshot]:
    """Return the snapshots of a workspace, and of a second one that its dump was loaded into and that was changed."""
    with testing.sandbox() as first, loaded(first.dump()) as second:
        change(second.runner(), second)
        return take_snapshot(first.runner(read_only=True)), take_snapshot(second.runner(read_only=True))


def test_dump_that_is_loaded_elsewhere_has_an_equal_snapshot() -> None:
    before, after = snapshots(lambda _runner, _sandbox: None)

    assert before == after
    assert list(snapshot_changes(before, after)) == []


def create(runner: connector.Runner, _sandbox: Sandbox) -> None:
    runner.invoke("createSource", {"slug": "new", "enabled": True, "metadataId": "IqDTy1TpoU"})


def delete_user(runner: connector.Runner, sandbox: Sandbox) -> None:
    user = next(each for each in runner.records("listUsers") if each["email"] == "sloth@segment.com")
    runner.invoke("deleteUser", {"userIds": [user["id"]]})


def change_subscription(runner: connector.Runner, sandbox: Sandbox) -> None:
    subscription = sandbox.subscriptions[0]
    ids = {"destinationId": subscription["destinationId"], "subscriptionId": subscription["id"]}
    runner.invoke("updateDestinationSubscription", {**ids, "trigger": 'type = "page"'})


def disconnect(runner: connector.Runner, sandbox: Sandbox) -> None:
    warehouse = next(each for each in sandbox.warehouses if each["settings"].get("name") == "Redshift Dev")
    source = next(each for each in sandbox.sources if each["slug"] == "ios")
    ids = {"warehouseId": warehouse["id"], "sourceId": source["id"]}
    runner.invoke("removeSourceConnectionFromWarehouse", ids)


def rename_destination(runner: connector.Runner, sandbox: Sandbox) -> None:
    destination = next(each for each in sandbox.destinations if each["name"] == "AdRoll")
    runner.invoke("updateDestination", {"destinationId": destination["id"], "enabled": True})


def change_code(runner: connector.Runner, _sandbox: Sandbox) -> None:
    function = next(runner.records("listFunctions", {"resourceType": "SOURCE"}))
    runner.invoke("updateFunction", {"functionId": function["id"], "code": "x" * 500})


def change_warehouse(runner: connector.Runner, sandbox: Sandbox) -> None:
    warehouse = next(each for each in sandbox.warehouses if each["settings"].get("name") == "Redshift Dev")
    runner.invoke(
        "updateWarehouse", {"warehouseId": warehouse["id"], "enabled": False, "settings": warehouse["settings"]}
    )


def change_transformation(runner: connector.Runner, sandbox: Sandbox) -> None:
    transformation = next(each for each in sandbox.transformations if each["name"] == "updated-name")
    runner.invoke("updateTransformation", {"transformationId": transformation["id"], "enabled": False})


PLANTED = (
    *(create, delete_user, disconnect, rename_destination, change_warehouse, change_transformation),
    *(change_code, change_subscription),
)


def test_planted_differences_of_each_kind_and_part_are_reported() -> None:
    def plant(runner: connector.Runner, sandbox: Sandbox) -> None:
        for change in PLANTED:
            change(runner, sandbox)

    changes = {(kind, subject): detail for kind, subject, detail in snapshot_changes(*snapshots(plant))}
    subscription = next(subject for _, subject in changes if subject.startswith("subscriptions"))

    assert changes.pop(("changed", subscription)).endswith('is now "type = \\"page\\""')
    assert changes.pop(("changed", 'functions "PAPI Source Function"')).endswith("... (502 characters)")
    # A new source is connected to all warehouses.
    new = {key for key in changes if key[1].startswith("connections") and key[1].endswith('/new"')}
    assert {kind for kind, _ in new} == {"added"}
    assert {key: detail for key, detail in changes.items() if key not in new} == {
        ("added", 'sources "new"'): "",
        ("removed", 'users "sloth@segment.com"'): "",
        ("removed", 'connections "Redshift Dev/ios"'): "",
        ("changed", 'destinations "web/AdRoll"'): "enabled false is now true",
        ("changed", 'warehouses "Redshift Dev"'): "enabled true is now false",
        ("changed", 'transformations "updated-name"'): "enabled true is now false",
    }


def test_diff_compares_a_folder_with_a_workspace_or_another_folder(
    command: Command, workspace: Sandbox, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    command("snapshot", "--to", before)
    same = command("diff", before)
    create(workspace.runner(), workspace)
    live = command("diff", before)
    command("snapshot", "--to", after)
    folders = command("diff", before, after, "--json")

    assert (same.code, same.out) == (0, "No changes found.\n")
    # The new source is connected to all warehouses.
    assert (live.code, '- added sources "new"\n' in live.out, live.out.endswith("4 changes\n")) == (1, True, True)
    assert {"kind": "added", "subject": 'sources "new"', "detail": ""} in folders.json


def test_folder_with_other_files_is_not_overwritten(command: Command, workspace: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    ended = command("snapshot", "--to", tmp_path)

    assert (ended.code, "is not empty and holds no snapshot" in ended.err) == (2, True)
    assert [file.name for file in tmp_path.glob("*.json")] == []


@pytest.mark.parametrize("header", ["", "[]", '{"component": "segment", "version": 9, "parts": []}'])
def test_damaged_snapshot_is_rejected(command: Command, tmp_path: Path, header: str) -> None:
    (tmp_path / "snapshot.json").write_text(header)
    ended = command("diff", tmp_path, tmp_path)

    assert (ended.code, "is damaged" in ended.err) == (2, True)


def test_missing_snapshot_and_one_of_another_component_are_rejected(command: Command, tmp_path: Path) -> None:
    missing = command("diff", tmp_path / "none")
    (tmp_path / "snapshot.json").write_text('{"component": "other", "version": 1, "parts": []}')
    other = command("diff", tmp_path, tmp_path)

    assert (missing.code, other.code) == (2, 2)
    assert "connector snapshot --to DIR" in missing.err
    assert 'of component "other", not "segment"' in other.err


def test_component_without_a_snapshot_says_so(command: Command, other_component: Path, tmp_path: Path) -> None:
    connection = tmp_path / "c.json"
    connection.write_text('{"host": "http://127.0.0.1:1", "token": "abcdefgh"}')
    ended = command("--manifest", other_component, "snapshot", "--to", tmp_path / "s", "--connection", connection)

    assert (ended.code, "the component declares no snapshot" in ended.err) == (2, True)


SNAPSHOT = """\
snapshot:
  labels: {action: saveThing, name: [id], each: {thingId: things}}
  things: {action: listThings, name: [id], get: {action: getThing, input: thingId, record: $.data}}
  others: {action: listThings, name: [id], each: {thingId: things}}
"""


def test_check_reports_a_snapshot_that_cannot_be_taken(command: Command, other_component: Path) -> None:
    other_component.write_text(other_component.read_text() + SNAPSHOT)
    printed = command("--manifest", other_component, "check").out

    assert 'snapshot.labels: "saveThing" is not a list action' in printed
    assert 'snapshot.labels: "things" is not an earlier part' in printed
    assert 'snapshot.things: unknown action "getThing"' in printed
    assert 'snapshot.others: "listThings" has no input "thingId"' in printed


def test_invalid_part_of_a_manifest_names_its_line(command: Command, other_component: Path) -> None:
    other_component.write_text(other_component.read_text() + "snapshot:\n  things: {action: listThings}\n")
    ended = command("--manifest", other_component, "list")

    assert ended.code == 3
    assert 'missing field "snapshot.things.name"' in ended.err
