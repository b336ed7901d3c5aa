"""`connector new`, and `--component` for a component that an installed package offers."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import connector
from connector.cli.new.names import resource_names
from connector.cli.new.templates import add_entries
from connector.component.manifest import Manifest
from connector.component.policy import Policy
from connector.engines import openapi
from connector.engines.service import offered_actions
from connector.errors import UsageError
from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is empty."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def project(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is that of a new component."""
    assert command("new", "component", "todo-list").code == 0
    monkeypatch.chdir(folder / "todo-list")
    return folder / "todo-list"


@pytest.fixture
def installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new component whose package is installed."""
    entries = tomllib.loads((project / "pyproject.toml").read_text())["project"]["entry-points"]
    info = project / "todo_list_component-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: todo-list-component\nVersion: 0.1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {place}\n" for key, place in each.items()) for group, each in entries.items()
    ]
    (info / "entry_points.txt").write_text("".join(lines))
    monkeypatch.syspath_prepend(str(project))
    # The tests of this module have the same package in different folders.
    monkeypatch.delitem(sys.modules, "todo_list_component", raising=False)
    return project


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts}


def test_component_has_no_problems_and_works_in_its_sandbox(command: Command, project: Path) -> None:
    created = command("--manifest", "todo_list_component", "run", "createItem", "-i", "name=Milk", "--sandbox")
    listed = command("--manifest", "todo_list_component", "run", "listItems", "--sandbox")

    assert command("--manifest", "todo_list_component", "check").out == "No problems found.\n"
    assert listed.json["data"]["items"] == [created.json["data"]["item"]]
    assert created.json["data"]["item"]["name"] == "Milk"


def test_check_names_an_action_that_the_sandbox_does_not_simulate(command: Command, project: Path) -> None:
    module = project / "todo_list_component" / "sandbox" / "items.py"
    text = module.read_text()
    module.write_text(text[: text.index('@api.operation("createItem"')])

    checked = command("--manifest", "todo_list_component", "check")

    assert checked.code == 1
    assert "createItem: the sandbox does not simulate POST /items" in checked.out
    assert "Declare it in a module of sandbox/." in checked.out


def test_connection_of_a_component_can_be_tested(command: Command, project: Path) -> None:
    assert command("--manifest", "todo_list_component", "test-connection", "--sandbox").code == 0


def test_component_goes_into_another_folder(command: Command, folder: Path) -> None:
    ended = command("new", "component", "todo-list", "--to", "a/b")

    files = contents(folder / "a" / "b")
    assert folder / "a" / "b" / "todo_list_component" / "manifest.yaml" in files
    assert ended.err == f"Wrote {len(files)} files to a/b. Read a/b/README.md next.\n"


def test_component_has_the_resource_that_is_named(command: Command, folder: Path) -> None:
    assert command("new", "component", "club", "--resource", "people", "--singular", "person").code == 0

    listed = command("--manifest", "club/club_component", "list").out
    assert "createPerson" in listed
    assert "Item" not in listed
    assert command("--manifest", "club/club_component", "check").out == "No problems found.\n"


@pytest.mark.parametrize("option", ["resource", "singular"])
def test_resource_cannot_be_combined_with_a_document(command: Command, folder: Path, option: str) -> None:
    ended = command("new", "component", "club", "--openapi", "club.yaml", f"--{option}", "person")

    assert ended.err.splitlines()[0] == f"error: --{option} cannot be combined with --openapi"
    assert (ended.code, contents(folder)) == (2, {})


def test_component_replaces_no_file(command: Command, folder: Path) -> None:
    (folder / "todo-list").mkdir()
    (folder / "todo-list" / "notes").write_text("mine")

    ended = command("new", "component", "todo-list")

    assert (ended.code, ended.err.splitlines()[0]) == (2, "error: todo-list is not empty")
    assert contents(folder) == {folder / "todo-list" / "notes": b"mine"}


@pytest.mark.parametrize("name", ["Todo", "todo_list", "9-lives", "-todo", "todo-", "a--b", "../todo", "tödo", ""])
def test_component_with_an_invalid_name_is_rejected(command: Command, folder: Path, name: str) -> None:
    ended = command("new", "component", "--", name)

    assert ended.code == 2
    assert f'error: invalid name "{name}": expected lower-case words joined by hyphens\n' in ended.err
    assert contents(folder) == {}


def test_component_that_is_installed_is_rejected(command: Command, folder: Path) -> None:
    ended = command("new", "component", "segment")

    assert (ended.code, ended.err.splitlines()[0]) == (2, 'error: component "segment" is already installed')
    assert contents(folder) == {}


def test_resource_adds_files_and_entries(command: Command, project: Path) -> None:
    before = contents(project)

    ended = command("new", "resource", "grocery-boxes")

    after = contents(project)
    manifest = project / "todo_list_component" / "manifest.yaml"
    assert {file for file in before if after[file] != before[file]} == {manifest}
    new = {file.relative_to(project).as_posix() for file in after.keys() - before.keys()}
    assert {line.removeprefix("Wrote ") for line in ended.err.splitlines()[:-1]} == new
    assert "tests/test_grocery_boxes.py" in new
    assert command("--manifest", manifest, "check").out == "No problems found.\n"
    created = command("--manifest", manifest, "run", "createGroceryBox", "-i", "name=A", "--sandbox").json
    assert command("--manifest", manifest, "choices", "groceryBoxes", "--sandbox", "--json").json["result"] == [
        {"label": "A", "key": created["data"]["groceryBox"]["id"]}
    ]


def test_resource_replaces_no_file(command: Command, project: Path) -> None:
    before = contents(project)

    ended = command("new", "resource", "items")

    path = "todo_list_component/actions/items.py"
    assert (ended.code, ended.err.splitlines()[0]) == (2, f"error: {path} exists already")
    assert contents(project) == before


def test_resource_goes_into_the_component_of_the_manifest(
    command: Command, project: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    assert command("--manifest", "todo-list/todo_list_component", "new", "resource", "boxes").code == 0

    assert (project / "tests" / "test_boxes.py").is_file()
    assert (project / "todo_list_component" / "sandbox" / "boxes.py").is_file()


def test_resource_needs_a_component(command: Command, folder: Path) -> None:
    ended = command("new", "resource", "boxes")

    assert (ended.code, ended.err.splitlines()[0]) == (2, "error: the current folder has no component")


def test_resource_needs_the_inputs_of_a_list(command: Command, project: Path) -> None:
    (project / "todo_list_component" / "actions" / "inputs.py").write_text('"""Nothing."""\n')
    before = contents(project)

    ended = command("new", "resource", "boxes")

    path = "todo_list_component/actions/inputs.py"
    assert (ended.code, ended.err.splitlines()[0]) == (2, f"error: {path} has no class PageInputs")
    assert contents(project) == before


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("items", "Item"),
        ("categories", "Category"),
        ("boxes", "Box"),
        ("order-addresses", "OrderAddress"),
        ("branches", "Branch"),
        ("houses", "House"),
    ],
)
def test_singular_is_made_from_the_plural(plural: str, singular: str) -> None:
    assert resource_names(plural)["__Item__"] == singular


@pytest.mark.parametrize(
    ("plural", "singular", "message"),
    [
        ("people", None, '"people" has no regular singular'),
        ("news", "news", 'singular and plural are both "news"'),
        ("boxes", "Box", 'invalid name "Box": expected lower-case words joined by hyphens'),
        ("class", "clas", '"class" is a keyword of Python'),
    ],
)
def test_resource_without_two_valid_names_is_rejected(plural: str, singular: str | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resource_names(plural, singular)

    assert caught.value.message == message


def test_entries_keep_every_line_of_the_manifest(tmp_path: Path) -> None:
    text = (
        "key: small  # mine\ndisplay: {label: Small, description: A small one.}\n\nactions:   # what it does\n"
        "    # the first\n    sayHello: {label: Say Hello, description: Says it.}\n\n# the rest\nsandbox: small\n"
        "version: '1'\n"
    )

    extended = add_entries(text, resource_names("boxes"))

    lines = iter(extended.splitlines())
    assert all(line in lines for line in text.splitlines())
    (tmp_path / "manifest.yaml").write_text(extended)
    manifest = Manifest.load(tmp_path / "manifest.yaml")
    assert list(manifest.actions) == ["sayHello", "listBoxes", "getBox", "createBox"]
    assert list(manifest.data_sources) == ["boxes"]
    assert manifest.sandbox == "small"


def test_entries_need_a_section_of_indented_lines() -> None:
    with pytest.raises(UsageError, match='cannot add to "actions" of the manifest'):
        add_entries("key: small\nactions: {}\n", resource_names("boxes"))


def test_new_files_are_formatted(command: Command, project: Path) -> None:
    assert command("new", "resource", "order-addresses").code == 0

    for options in (["format", "--check"], ["check", "--select=E,F,I,D,UP,ANN", "--ignore=D1,D203,D213,ANN401"]):
        line = [sys.executable, "-m", "ruff", *options, "--isolated", "--no-cache", "--line-length=120", str(project)]
        run = subprocess.run(line, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout


SMALL = (Path(__file__).parents[1] / "new_component" / "pets.yaml").read_text(encoding="utf-8")


@pytest.fixture
def pets(command: Command, folder: Path) -> Path:
    """The folder of a component that is made from a document."""
    (folder / "pets.yaml").write_text(SMALL)
    assert command("new", "component", "pets", "--openapi", "pets.yaml").code == 0
    return folder / "pets"


def test_component_of_a_document_reports_its_operations(command: Command, folder: Path) -> None:
    (folder / "pets.yaml").write_text(SMALL)

    ended = command("new", "component", "pets", "--openapi", "pets.yaml")

    files = contents(folder / "pets")
    assert ended.err.splitlines() == [
        "2 operations of the document became actions.",
        "Left out 1 operation. The README names each with the reason.",
        f"Wrote {len(files)} files to pets. Read pets/README.md next.",
    ]
    readme = (folder / "pets" / "README.md").read_text()
    assert "- 1 operation: its response is text/csv, not JSON.\n  - `GET /pets/{petId}`\n" in readme
    assert "- GET /pets/{petId} has no operationId; its action is getPetsByPetId." in readme
    assert "`petsList` is a guess" in readme


def test_component_of_a_document_has_no_problems_and_returns_samples(command: Command, pets: Path) -> None:
    manifest = pets / "pets_component"

    assert command("--manifest", manifest, "check").out == "No problems found.\n"
    assert "petsList" in command("--manifest", manifest, "list").out
    assert command("--manifest", manifest, "run", "petsList", "--sandbox").json == {"data": [None]}
    assert command("--manifest", manifest, "test-connection", "--sandbox").code == 0


def test_operations_of_a_document_are_exported_and_served(command: Command, pets: Path, tmp_path: Path) -> None:
    component = connector.load_component(pets / "pets_component")

    assert command("--manifest", component.folder, "export", "json-schema", "--to", tmp_path / "schemas").code == 0

    assert list(json.loads((tmp_path / "schemas").read_text())["actions"]) == ["petsList", "searchPets"]
    served = openapi.document(component)
    assert {"/v1/actions/petsList", "/v1/actions/searchPets"} <= served["paths"].keys()
    assert [action.key for action in offered_actions(component, Policy(toolset="documented"))] == [
        *component.operations
    ]
    ended = command("--manifest", component.folder, "choices", "pets", "--sandbox")
    assert ended.err.splitlines() == ['error: unknown data source "pets"', "hint: The component has no data sources."]


def test_component_of_a_document_is_formatted(pets: Path) -> None:
    for options in (["format", "--check"], ["check", "--select=E,F,I,D,UP,ANN", "--ignore=D1,D203,D213,ANN401"]):
        line = [sys.executable, "-m", "ruff", *options, "--isolated", "--no-cache", "--line-length=120", "."]
        run = subprocess.run(line, cwd=pets, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout


def test_component_of_a_document_passes_its_tests(pets: Path) -> None:
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"]
    run = subprocess.run([*line, "tests/test_operations.py"], cwd=pets, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout


def test_invalid_document_writes_nothing(command: Command, folder: Path) -> None:
    (folder / "pets.yaml").write_text("swagger: '2.0'\npaths: {}\n")

    ended = command("new", "component", "pets", "--openapi", "pets.yaml")

    assert ended.code == 2
    assert ended.err.splitlines()[0] == "error: pets.yaml is of Swagger 2.0, not of OpenAPI 3"
    assert list(folder.iterdir()) == [folder / "pets.yaml"]


def test_installed_component_is_found_by_its_key(command: Command, installed: Path) -> None:
    before, after = command("--component", "todo-list", "list"), command("list", "--component", "todo-list")

    assert before == after
    assert "createItem" in after.out
    assert "listSources" not in after.out
    assert command("check", "--component", "todo-list").out == "No problems found.\n"
    assert "Run Todo List actions" in command("--component", "todo-list", "--help").out


def test_another_component_that_is_broken_does_not_matter(command: Command, installed: Path) -> None:
    (installed / "todo_list_component" / "__init__.py").write_text("import nothing_here\n")

    broken = command("list", "--component", "todo-list")

    assert (broken.code, "No module named 'nothing_here'" in broken.err) == (1, True)
    assert command("list", "--json", "--component", "segment").json["key"] == "segment"


def test_component_is_found_when_its_entry_point_has_another_name(command: Command, installed: Path) -> None:
    manifest = installed / "todo_list_component" / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("key: todo-list", "key: parcels"))

    assert command("list", "--json", "--component", "parcels").json["key"] == "parcels"


def test_variable_chooses_the_component(command: Command, monkeypatch: pytest.MonkeyPatch, installed: Path) -> None:
    monkeypatch.setenv("CONNECTOR_COMPONENT", "todo-list")

    assert command("list", "--json").json["key"] == "todo-list"
    assert command("list", "--json", "--component", "segment").json["key"] == "segment"


def test_option_of_the_command_line_wins_over_a_variable(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_MANIFEST", "/nowhere")

    assert command("list", "--json", "--component", "segment").json["key"] == "segment"


def test_component_cannot_be_combined_with_manifest(
    command: Command, monkeypatch: pytest.MonkeyPatch, installed: Path
) -> None:
    message = "error: --component cannot be combined with --manifest"

    typed = command("--manifest", "todo_list_component", "list", "--component", "todo-list")
    monkeypatch.setenv("CONNECTOR_COMPONENT", "todo-list")
    monkeypatch.setenv("CONNECTOR_MANIFEST", "todo_list_component")
    in_environment = command("list")

    assert (typed.code, typed.err.splitlines()[0]) == (2, message)
    assert (in_environment.code, in_environment.err.splitlines()[0]) == (2, message)


@pytest.mark.parametrize(
    ("key", "hint"), [("segmnt", "Did you mean segment?"), ("parcels", "Installed components: segment.")]
)
def test_unknown_component_is_rejected(command: Command, key: str, hint: str) -> None:
    assert list(connector.components()) == ["segment"]

    ended = command("list", "--component", key)

    assert (ended.code, ended.err) == (2, f'error: unknown component "{key}"\nhint: {hint}\n')
