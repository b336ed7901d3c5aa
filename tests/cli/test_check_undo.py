"""`connector check` compares the undo of an action with its example payload and with the action that it names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.flows.support import WORKSHOP

UNDO = 'Undo(action="deleteThing", inputs={"thingId": "results.thing.id"})'


def check(command: Command, folder: Path, undo: str) -> str:
    """Check a component whose createThing has this undo, and return the output about it."""
    shutil.copytree(WORKSHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    module = folder / "actions" / "things.py"
    assert UNDO in module.read_text()
    module.write_text(module.read_text().replace(UNDO, undo))
    return command("--manifest", folder, "check").out


@pytest.mark.parametrize(
    ("undo", "problem", "hint"),
    [
        (
            'Undo(action="deleteThing", inputs={"thingId": "results.bin.id"})',
            'createThing: its undo needs "results.bin.id" for "thingId", which is not in the example payload',
            "Correct Undo(inputs=...). Available values: results.thing.id",
        ),
        (
            'Undo(action="deleteThing", inputs={"thingId": "inputs.thingId"})',
            'createThing: its undo needs "inputs.thingId" for "thingId", which is not in the inputs',
            "Correct Undo(inputs=...). Available values: inputs.name",
        ),
        (
            'Undo(action="deleteThing", inputs={"thingId": "data.thing.id"})',
            'createThing: its undo has the path "data.thing.id" for "thingId"',
            'Begin the path with "results." or "inputs.".',
        ),
        (
            'Undo(action="deleteThing", inputs={"thingId": "results.thing..id"})',
            'createThing: its undo has the path "results.thing..id" for "thingId": unexpected "..id"',
            "Write a path such as results.data.id.",
        ),
        (
            'Undo(action="deleteThing", inputs={"id": "results.thing.id"})',
            'createThing: its undo passes unknown input "id" to deleteThing',
            "Available inputs: thingId.",
        ),
        (
            'Undo(action="deleteThing", inputs={})',
            'createThing: its undo does not pass the required input "thingId" of deleteThing',
            "Add it to Undo(inputs=...).",
        ),
        (
            'Undo(action="deleteThings", inputs={"thingId": "results.thing.id"})',
            'createThing: its undo names unknown action "deleteThings"',
            "Did you mean deleteThing",
        ),
    ],
)
def test_undo_that_cannot_be_performed_is_a_problem(
    command: Command, tmp_path: Path, undo: str, problem: str, hint: str
) -> None:
    printed = check(command, tmp_path / "workshop", undo)

    assert f"- {problem}\n    hint: {hint}" in printed


@pytest.mark.parametrize("path", ["results.thing.id", "results.thing['id']", 'results["thing"].id', "inputs.name"])
def test_undo_with_a_path_into_the_example_has_no_problem(command: Command, tmp_path: Path, path: str) -> None:
    undo = f'Undo(action="deleteThing", inputs={{"thingId": {path!r}}})'

    assert "its undo" not in check(command, tmp_path / "workshop", undo)
