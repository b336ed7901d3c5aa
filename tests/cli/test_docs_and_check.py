"""The documentation page, and the check of a component."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import connector
from connector.describe.check import RULES
from tests.cli.conftest import Command

Edit = Callable[[str], str]


@pytest.fixture(scope="module")
def text() -> str:
    from connector.describe.docs import page

    return page(connector.load_component())


def change(manifest: Path, name: str, edit: Edit) -> None:
    file = manifest.parent / name
    file.write_text(edit(file.read_text(encoding="utf-8")), encoding="utf-8")


def test_page_in_the_repository_is_up_to_date(command: Command) -> None:
    assert command("docs", "--check").code == 0


def test_page_has_every_definition_and_every_input(text: str) -> None:
    segment = connector.load_component()

    for action in segment.actions.values():
        assert action.display is not None
        section = text.partition(f"\n### {action.display.label}\n")[2].partition("\n### ")[0]
        assert f"{action.display.description} | key: `{action.key}`" in section
        for key, marker in action.inputs.definitions().items():
            assert f"| {marker.label} | `{key}` |" in section
    for source in segment.data_sources:
        assert f"| key: `{source}` | type: picklist" in text


def test_page_marks_secrets(text: str) -> None:
    rows = [line for line in text.splitlines() if "| `apiKey` |" in line]

    assert [" Secret. " in row for row in rows] == [True]


def test_page_shows_payloads_word_for_word(text: str) -> None:
    example = connector.load_component().actions["deleteSource"].example

    assert f"Output Example Payload:\n\n```json\n{json.dumps(example, indent=2)}\n```" in text


def test_page_has_the_steps_to_a_token_and_the_differences(text: str) -> None:
    segment = connector.load_component()

    assert "1. Sign in to Segment" in text
    assert text.count("## Where it differs from the original component") == 1
    assert "Asks for `/events/volume`" in text
    assert (segment.folder / "actions" / "differences.md").read_text(encoding="utf-8").strip() in text


def test_table_cell_escapes_what_would_end_it(other_component: Path) -> None:
    from connector.describe.docs import page

    change(other_component, "actions/things.py", lambda source: source.replace("Its name.", "a|b"))

    assert "a\\|b" in page(connector.load_component(other_component))


def test_docs_writes_the_page_and_then_finds_it_fresh(command: Command, other_component: Path) -> None:
    (other_component.parent / "docs").mkdir()
    written = command("--manifest", other_component, "docs")
    checked = command("--manifest", other_component, "docs", "--check")

    assert (written.code, written.out, checked.code) == (0, "", 0)
    assert "### Save Thing" in (other_component.parent / "docs" / "component.md").read_text(encoding="utf-8")


def test_outdated_page_is_reported_and_not_changed(command: Command, other_component: Path) -> None:
    page = other_component.parent / "docs" / "component.md"
    page.parent.mkdir()
    page.write_text("old", encoding="utf-8")
    ended = command("--manifest", other_component, "docs", "--check")

    assert (ended.code, page.read_text(encoding="utf-8")) == (1, "old")
    assert 'run "connector docs"' in ended.err


def test_docs_are_written_to_the_chosen_folder(command: Command, other_component: Path, tmp_path: Path) -> None:
    printed = command("--manifest", other_component, "docs", "--output", "-").out
    command("--manifest", other_component, "docs", "--output", tmp_path / "page.md")

    assert (tmp_path / "page.md").read_text(encoding="utf-8") == printed
    assert printed.startswith("<!-- Made by")


def test_docs_without_a_folder_to_write_to_say_so(command: Command, other_component: Path) -> None:
    ended = command("--manifest", other_component, "docs")

    assert (ended.code, "does not exist" in ended.err) == (2, True)


def test_docs_that_cannot_be_written_say_so(command: Command, tmp_path: Path) -> None:
    ended = command("docs", "--output", tmp_path)

    assert (ended.code, "is a directory" in ended.err) == (2, True)


def test_component_that_holds_together_has_no_findings(command: Command, other_component: Path) -> None:
    assert command("check").out == command("--manifest", other_component, "check").out == "No problems found.\n"


FINDINGS: dict[str, tuple[str, Edit, str, str]] = {
    "comments": (
        "actions/things.py",
        lambda source: source.replace('comments="Its name."', 'comments=""'),
        "saveThing.name: the input has no comments.",
        "Write what the field is",
    ),
    "marker": (
        "actions/things.py",
        lambda source: source.replace(
            'name: Annotated[str, Input(label="Name", comments="Its name.", data_source="things")]', "name: str"
        ),
        "Thing.name has no Input(...)",
        "Annotate the field",
    ),
    "data-source": (
        "actions/things.py",
        lambda source: source.replace('data_source="things"', 'data_source="thongs"'),
        'the input names the data source "thongs"',
        "Known are things.",
    ),
    "example": (
        "actions/things.py",
        lambda source: source.replace("example=5", 'example="five"'),
        "listThings.count: the example does not fit the input",
        "Write a right example.",
    ),
    "json": (
        "actions/examples/saveThing.json",
        lambda _text: "{",
        "saveThing: the example payload is not JSON",
        "Correct",
    ),
    "action-shape": (
        "actions/examples/saveThing.json",
        lambda _text: "[]",
        'saveThing: the example payload is not {"data": ...}.',
        "Correct",
    ),
    "picklist-shape": (
        "datasources/examples/things.json",
        lambda _text: '{"result": [{"label": "a", "value": "a"}]}',
        'things: the example payload is not {"result": [{"label", "key"}]}.',
        "Correct",
    ),
    "records": (
        "actions/things.py",
        lambda source: source.replace("$.data.things", "$.data.thongs"),
        "there is no list at $.data.thongs",
        "Correct Pagination(records=...)",
    ),
    "cursor": (
        "actions/things.py",
        lambda source: source.replace("    cursor:", "    after:"),
        'its inputs have no field "cursor"',
        "Add the field",
    ),
    "icon": (
        "manifest.yaml",
        lambda text: text.replace("display: {", "display: {iconPath: icon.png, "),
        "icon.png: the icon is no PNG file beside the manifest.",
        "Put it at",
    ),
    "undeclared": (
        "manifest.yaml",
        lambda text: text.replace("  saveThing:", "  storeThing:"),
        "the action is declared, but nothing defines it.",
        "Write its function",
    ),
    "manifest": (
        "manifest.yaml",
        lambda text: text.replace("version:", "verison:"),
        "manifest.yaml:2: verison is no field of a manifest.",
        "Did you mean version?",
    ),
}


@pytest.mark.parametrize(("name", "edit", "told", "hint"), FINDINGS.values(), ids=FINDINGS)
def test_problem_has_a_hint(
    command: Command, other_component: Path, name: str, edit: Edit, told: str, hint: str
) -> None:
    change(other_component, name, edit)
    ended = command("--manifest", other_component, "check")

    assert (ended.code, ended.err) == (1, "")
    assert told in ended.out
    assert hint in ended.out


def test_findings_come_all_at_once(command: Command, other_component: Path) -> None:
    change(other_component, "actions/examples/saveThing.json", lambda _text: "[]")
    change(other_component, "actions/things.py", lambda source: source.replace("example=5", 'example="five"'))
    (other_component.parent / "docs").mkdir()
    found = command("--manifest", other_component, "check", "--json")

    assert found.code == 1
    assert [set(problem) for problem in found.json] == [{"location", "message", "hint"}] * 3
    assert found.json[2]["message"] == "is missing."


def test_stale_page_is_a_finding(command: Command, other_component: Path) -> None:
    page = other_component.parent / "docs" / "component.md"
    page.parent.mkdir()
    page.write_text("old", encoding="utf-8")

    assert "component.md: is not up to date. Run connector docs." in command("--manifest", other_component, "check").out


def test_missing_manifest_is_a_finding(command: Command, tmp_path: Path) -> None:
    ended = command("--manifest", tmp_path / "none.yaml", "check")

    assert (ended.code, "none.yaml: cannot be read" in ended.out) == (1, True)


def test_every_rule_says_what_it_is() -> None:
    assert all(rule.__doc__ for rule in RULES)


def test_example_that_is_not_json_is_not_an_internal_error(command: Command, other_component: Path) -> None:
    file = other_component.parent / "actions" / "examples" / "saveThing.json"
    file.write_text("{", encoding="utf-8")

    ended = command("--manifest", other_component, "show", "saveThing")

    assert ended.code == 3
    assert "saveThing: the example payload is not JSON" in ended.err
    assert f"Correct {file}." in ended.err
