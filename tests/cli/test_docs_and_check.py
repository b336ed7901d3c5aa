"""The documentation page, and the check of a component."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import connector
from connector.describe.check import COMPONENT_RULES, RULES
from connector.describe.docs import NOTE, pages
from tests.cli.conftest import Command

Edit = Callable[[str], str]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return pages(connector.load_component())


def change(manifest: Path, name: str, edit: Edit) -> None:
    file = manifest.parent / name
    file.write_text(edit(file.read_text(encoding="utf-8")), encoding="utf-8")


def test_pages_in_the_repository_are_up_to_date(command: Command) -> None:
    assert command("docs", "--check").code == 0


def test_page_of_a_resource_has_its_actions_with_every_input(texts: dict[str, str]) -> None:
    segment = connector.load_component()

    assert set(texts) == {"index.md", *(f"{action.resource}.md" for action in segment.actions.values())}
    for action in segment.actions.values():
        assert action.display is not None
        page = texts[f"{action.resource}.md"]
        section = page.partition(f"\n## {action.display.label}\n")[2].partition("\n## ")[0]
        assert f"{action.display.description} | key: `{action.key}`" in section
        for key, marker in action.inputs.definitions().items():
            assert f"| {marker.label} | `{key}` |" in section


def test_index_links_every_action_and_has_data_sources(texts: dict[str, str]) -> None:
    segment = connector.load_component()

    for action in segment.actions.values():
        anchor = action.key.lower()
        assert f"]({action.resource}.md#{anchor}) | `{action.key}` |" in texts["index.md"]
        assert f'<a id="{anchor}"></a>' in texts[f"{action.resource}.md"]
    for source in segment.data_sources:
        assert f"| key: `{source}` | type: picklist" in texts["index.md"]


def test_page_marks_secrets(texts: dict[str, str]) -> None:
    rows = [line for line in texts["index.md"].splitlines() if "| `apiKey` |" in line]

    assert [" Secret. " in row for row in rows] == [True]


def test_page_has_payloads_word_for_word_in_collapsed_blocks(texts: dict[str, str]) -> None:
    example = connector.load_component().actions["deleteSource"].example

    assert (
        "<details>\n<summary>Example payload</summary>\n\n"
        f"```json\n{json.dumps(example, indent=2)}\n```\n\n</details>\n" in texts["sources.md"]
    )


def test_index_has_the_steps_to_a_token_and_the_differences(texts: dict[str, str]) -> None:
    segment = connector.load_component()

    assert "1. Sign in to Segment" in texts["index.md"]
    assert (segment.folder / "actions" / "differences.md").read_text(encoding="utf-8").strip() in texts["index.md"]


def test_table_cell_escapes_what_would_end_it(other_component: Path) -> None:
    change(other_component, "actions/things.py", lambda source: source.replace("Its name.", "a|b"))

    assert "a\\|b" in pages(connector.load_component(other_component))["things.md"]


def test_docs_writes_pages_that_are_up_to_date(command: Command, other_component: Path) -> None:
    folder = other_component.parent / "docs" / "actions"
    folder.parent.mkdir()
    written = command("--manifest", other_component, "docs")
    checked = command("--manifest", other_component, "docs", "--check")

    assert (written.code, written.out, checked.code) == (0, "", 0)
    assert sorted(file.name for file in folder.iterdir()) == ["index.md", "things.md"]
    assert "## Save Thing" in (folder / "things.md").read_text(encoding="utf-8")


def test_outdated_page_is_reported_and_not_changed(command: Command, other_component: Path) -> None:
    folder = other_component.parent / "docs" / "actions"
    folder.parent.mkdir()
    command("--manifest", other_component, "docs")
    (folder / "things.md").write_text("old", encoding="utf-8")
    (folder / "gone.md").write_text(NOTE, encoding="utf-8")
    (folder / "guide.md").write_text("Written by hand.", encoding="utf-8")
    checked = command("--manifest", other_component, "docs", "--check")

    assert checked.code == 1
    assert f'{folder / "things.md"} is out of date; run "connector docs"' in checked.err
    assert "gone.md" in checked.err
    assert "guide.md" not in checked.err
    assert (folder / "things.md").read_text(encoding="utf-8") == "old"
    assert (folder / "gone.md").exists()


def test_docs_deletes_generated_pages_that_are_left_over(command: Command, other_component: Path) -> None:
    folder = other_component.parent / "docs" / "actions"
    folder.mkdir(parents=True)
    (folder / "gone.md").write_text(NOTE, encoding="utf-8")
    (folder / "guide.md").write_text("Written by hand.", encoding="utf-8")
    command("--manifest", other_component, "docs")

    assert sorted(file.name for file in folder.iterdir()) == ["guide.md", "index.md", "things.md"]


def test_docs_are_written_to_the_chosen_folder(command: Command, other_component: Path, tmp_path: Path) -> None:
    printed = command("--manifest", other_component, "docs", "--output", "-").out
    command("--manifest", other_component, "docs", "--output", tmp_path / "pages")

    texts = [(tmp_path / "pages" / name).read_text(encoding="utf-8") for name in ("index.md", "things.md")]
    assert printed == "\n".join(texts)
    assert printed.startswith("<!-- Generated by")


def test_docs_without_a_docs_folder_is_rejected(command: Command, other_component: Path) -> None:
    ended = command("--manifest", other_component, "docs")

    assert (ended.code, "does not exist" in ended.err) == (2, True)


def test_docs_that_cannot_be_written_is_rejected(command: Command, tmp_path: Path) -> None:
    (tmp_path / "index.md").mkdir()
    ended = command("docs", "--output", tmp_path)

    assert (ended.code, "is a directory" in ended.err) == (2, True)


def test_valid_component_has_no_problems(command: Command, other_component: Path) -> None:
    assert command("check").out == command("--manifest", other_component, "check").out == "No problems found.\n"


PROBLEMS: dict[str, tuple[str, Edit, str, str]] = {
    "comments": (
        "actions/things.py",
        lambda source: source.replace('comments="Its name."', 'comments=""'),
        "saveThing.name: input has no comments",
        "Describe the field",
    ),
    "marker": (
        "actions/things.py",
        lambda source: source.replace(
            'name: Annotated[str, Input(label="Name", comments="Its name.", example="Tea", data_source="things")]',
            "name: str",
        ),
        "Thing.name has no Input(...)",
        "Annotate the field",
    ),
    "data-source": (
        "actions/things.py",
        lambda source: source.replace('data_source="things"', 'data_source="thongs"'),
        'input names unknown data source "thongs"',
        "Available data sources: things.",
    ),
    "example": (
        "actions/things.py",
        lambda source: source.replace("example=5", 'example="five"'),
        "listThings.count: invalid example 'five'",
        "Correct the example",
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
        'saveThing: the example payload is not {"data": ...}',
        "Correct",
    ),
    "picklist-shape": (
        "datasources/examples/things.json",
        lambda _text: '{"result": [{"label": "a", "value": "a"}]}',
        'things: the example payload is not {"result": [{"label", "key"}]}',
        "Correct",
    ),
    "records": (
        "actions/things.py",
        lambda source: source.replace("$.data.things", "$.data.thongs"),
        "the example payload has no list at $.data.thongs",
        "Correct Pagination(records=...)",
    ),
    "cursor": (
        "actions/things.py",
        lambda source: source.replace("    cursor:", "    after:"),
        'list action has no input "cursor"',
        "Add the field",
    ),
    "icon": (
        "manifest.yaml",
        lambda text: text.replace("display: {", "display: {iconPath: icon.png, "),
        "icon.png: icon is not a PNG file next to the manifest",
        "Put a PNG file at",
    ),
    "undeclared": (
        "manifest.yaml",
        lambda text: text.replace("  saveThing:", "  storeThing:"),
        'action "storeThing" is in the manifest but has no function',
        "Write its function",
    ),
    "manifest": (
        "manifest.yaml",
        lambda text: text.replace("version:", "verison:"),
        'manifest.yaml:2: unknown field "verison"',
        "Did you mean",
    ),
}


@pytest.mark.parametrize(("name", "edit", "message", "hint"), PROBLEMS.values(), ids=PROBLEMS)
def test_problem_has_a_hint(
    command: Command, other_component: Path, name: str, edit: Edit, message: str, hint: str
) -> None:
    change(other_component, name, edit)
    ended = command("--manifest", other_component, "check")

    assert (ended.code, ended.err) == (1, "")
    assert message in ended.out
    assert hint in ended.out


def test_all_problems_are_listed_at_once(command: Command, other_component: Path) -> None:
    change(other_component, "actions/examples/saveThing.json", lambda _text: "[]")
    change(other_component, "actions/things.py", lambda source: source.replace("example=5", 'example="five"'))
    (other_component.parent / "docs").mkdir()
    ended = command("--manifest", other_component, "check", "--json")

    assert ended.code == 1
    assert [set(problem) for problem in ended.json] == [{"location", "message", "hint"}] * 4
    assert ended.json[0]["message"] == "missing"


def test_stale_page_is_a_problem(command: Command, other_component: Path) -> None:
    page = other_component.parent / "docs" / "actions" / "index.md"
    page.parent.mkdir(parents=True)
    page.write_text("old", encoding="utf-8")
    printed = command("--manifest", other_component, "check").out

    assert "index.md: out of date" in printed
    assert "Run `connector docs`." in printed


def test_missing_manifest_is_a_problem(command: Command, tmp_path: Path) -> None:
    ended = command("--manifest", tmp_path / "none.yaml", "check")

    assert (ended.code, "none.yaml: cannot be read" in ended.out) == (1, True)


def test_every_rule_has_a_docstring() -> None:
    assert all(rule.__doc__ for rule in COMPONENT_RULES)
    assert all(rule.check.__doc__ for rule in RULES)


def test_example_that_is_not_json_is_not_an_internal_error(command: Command, other_component: Path) -> None:
    file = other_component.parent / "actions" / "examples" / "saveThing.json"
    file.write_text("{", encoding="utf-8")

    ended = command("--manifest", other_component, "show", "saveThing")

    assert ended.code == 3
    assert "saveThing: the example payload is not JSON" in ended.err
    assert f"Correct {file}." in ended.err
