"""Every check of the contract finds the fault that it is for, and names the definition and the cure."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import Component, Display
from connector.errors import UsageError
from connector.testing import ComponentContract
from tests.support.outside import run_pytest

FOLDER = Path(__file__).parents[2] / "examples" / "component"
TASKS, LISTS = "actions/tasks.py", "datasources/examples/lists.json"


def changed(folder: Path, file: str, old: str, new: str) -> Component:
    """The example component with one fault in it."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return connector.load_component(folder)


def check(component: Component, test: str, definition: Any) -> None:
    class TestIt(ComponentContract):
        pass

    TestIt.component = component
    getattr(TestIt(), f"test_{test}")(definition)


@pytest.mark.parametrize(
    ("test", "key", "old", "new", "told"),
    [
        (
            "input_has_a_label_and_comments",
            "createTask",
            'comments="What there is to do.", ',
            "",
            "createTask has no label or no comments for its input title. Give its Input both.",
        ),
        (
            "examples_and_choices_of_inputs_are_accepted",
            "listTasks",
            "example=20",
            "example=2000",
            "listTasks refuses 2000, which its input count shows. Correct one of them: Count .* at most 100.",
        ),
        (
            "examples_and_choices_of_inputs_are_accepted",
            "listTasks",
            "example=20",
            'choices={"1": "One", "many": "Many"}',
            "listTasks refuses 'many', which its input count shows",
        ),
        (
            "input_schema_accepts_the_examples",
            "createTask",
            "Field(min_length=1), Input(",
            'Field(json_schema_extra={"maxLength": 1}), Input(',
            "createTask has a schema that refuses its input title",
        ),
        (
            "input_names_a_data_source_that_exists",
            "createTask",
            "list_id: ListId\n",
            'list_id: Annotated[str, Input(label="L", comments="c", example="x", data_source="listz")]\n',
            "createTask names the data source listz for its input listId. The data sources are lists.",
        ),
        (
            "list_has_the_inputs_and_the_records_of_its_paging",
            "listTasks",
            "size=100",
            'size_input="number"',
            "listTasks is paged by the field number, which its inputs lack",
        ),
        (
            "list_has_the_inputs_and_the_records_of_its_paging",
            "listTasks",
            "$.data.tasks",
            "$.data.items",
            "listTasks has no list of records in its example",
        ),
        (
            "example_replays",
            "listTasks",
            'context.api.get("tasks", query=inputs.body("list_id", "count", "cursor"))',
            '{"data": context.api.get("tasks")["data"]["tasks"]}',
            "listTasks answers .* instead of its example",
        ),
        (
            "effect_tells_what_is_sent",
            "createTask",
            ', effect="write"',
            "",
            "createTask says that its effect is read and sends POST",
        ),
        (
            "effect_tells_what_is_sent",
            "listTasks",
            '"listTasks", ',
            '"listTasks", effect="write", ',
            "listTasks says that its effect is write and sends GET",
        ),
    ],
)
def test_problem_of_an_action_is_reported(tmp_path: Path, test: str, key: str, old: str, new: str, told: str) -> None:
    component = changed(tmp_path / "todo", TASKS, old, new)

    with pytest.raises(AssertionError, match=told) as caught:
        check(component, test, component.actions[key])

    assert str(tmp_path / "todo" / TASKS) in str(caught.value)


def test_definition_without_a_description_is_reported(tmp_path: Path) -> None:
    component = changed(tmp_path / "todo", TASKS, "", "")
    component.actions["listTasks"].display = Display(label="List Tasks")

    with pytest.raises(AssertionError, match="listTasks has no label, or no description"):
        check(component, "definition_has_a_label_and_a_description", component.actions["listTasks"])


def test_required_input_without_an_example_is_reported(tmp_path: Path) -> None:
    component = changed(tmp_path / "todo", TASKS, ', example="Water the plants"', "")

    with pytest.raises(UsageError, match="createTask: has no example of its required input title"):
        check(component, "required_input_has_an_example", component.actions["createTask"])


def test_inputs_that_cannot_be_pickled_are_reported(tmp_path: Path) -> None:
    validator = "__import__('pydantic').AfterValidator(lambda value: (lambda: value)), Input("
    component = changed(tmp_path / "todo", TASKS, "Field(min_length=1), Input(", validator)

    with pytest.raises((AttributeError, TypeError, ValueError), match=r"pickle|local object"):
        check(component, "inputs_survive_pickling", component.actions["createTask"])


def test_invalid_schema_is_reported(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    wrong = 'Field(json_schema_extra={"type": "sentence"}), Input('
    component = changed(tmp_path / "todo", TASKS, "Field(min_length=1), Input(", wrong)

    with pytest.raises(jsonschema.SchemaError, match="sentence"):
        check(component, "input_schema_is_json_schema_2020_12", component.actions["createTask"])


def test_example_that_is_not_a_picklist_is_reported(tmp_path: Path) -> None:
    component = changed(tmp_path / "todo", LISTS, '"label"', '"name"')

    with pytest.raises(AssertionError, match="lists has an example that is no picklist"):
        check(component, "example_of_a_data_source_is_a_picklist", component.data_sources["lists"])


def test_contract_class_checks_everything_but_the_excluded_keys(tmp_path: Path) -> None:
    program = f"""
        import connector
        from connector.testing import ComponentContract

        class TestTodo(ComponentContract):
            component = connector.load_component({str(FOLDER)!r})

        class TestLess(ComponentContract):
            component = TestTodo.component
            not_replayed = ["createTask"]
    """

    printed = run_pytest(tmp_path, {"test_it.py": program}, "-v")

    passed = set(re.findall(r"(Test\w+)::test_(\w+\[\w+\]) PASSED", printed))
    whole, less = ({test for name, test in passed if name == it} for it in ("TestTodo", "TestLess"))
    assert whole - less == {"example_replays[createTask]", "effect_tells_what_is_sent[createTask]"}
    assert f" {len(passed)} passed in " in printed
    assert len(whole) == 3 * 4 + 5 * 3 + 2 * 2 + 1 + 1
