"""Every test of the contract fails for the mistake that it is for, and names the definition and a hint."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import Component, Display
from connector.describe.check import RULES, Rule
from connector.testing import ComponentContract
from tests.support.outside import run_pytest

FOLDER = Path(__file__).parents[2] / "examples" / "component"
TASKS, LISTS = "actions/tasks.py", "datasources/examples/lists.json"


def changed(folder: Path, file: str, old: str, new: str) -> Component:
    """The example component with one mistake in it."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return connector.load_component(folder)


def check(component: Component, test: str, *arguments: Any) -> None:
    class TestIt(ComponentContract):
        pass

    TestIt.component = component
    getattr(TestIt(), f"test_{test}")(*arguments)


def rule(name: str) -> Rule:
    return next(rule for rule in RULES if rule.name == name)


@pytest.mark.parametrize(
    ("name", "key", "old", "new", "message"),
    [
        (
            "inputs_are_described",
            "createTask",
            'comments="Title of the task.", ',
            "",
            "createTask.title: input has no comments",
        ),
        (
            "example_values_are_valid",
            "listTasks",
            "example=20",
            "example=2000",
            "listTasks.count: invalid example 2000: .* less than or equal to 100",
        ),
        (
            "example_values_are_valid",
            "listTasks",
            "example=20",
            'choices={"1": "One", "many": "Many"}',
            "listTasks.count: invalid choice 'many'",
        ),
        (
            "data_sources_of_inputs_exist",
            "createTask",
            "list_id: ListId\n",
            'list_id: Annotated[str, Input(label="L", comments="c", example="x", data_source="listz")]\n',
            'createTask.listId: input names unknown data source "listz".* Available data sources: lists.',
        ),
        (
            "inputs_of_data_sources_are_set",
            "createTask",
            "list_id: ListId\n",
            'list_id: Annotated[str, Input(label="L", comments="c", data_source="lists", depends_on=("title",))]\n',
            'createTask.listId: its data source "lists" requires no input.* Remove depends_on.',
        ),
        (
            "required_inputs_have_examples",
            "createTask",
            ', example="Water the plants"',
            "",
            'createTask: required input "title" has no example',
        ),
        (
            "pagination_has_its_inputs",
            "listTasks",
            "size=100",
            'size_input="number"',
            'listTasks: list action has no input "number"',
        ),
        (
            "pagination_finds_records",
            "listTasks",
            "$.data.tasks",
            "$.data.items",
            r"listTasks: the example payload has no list at \$\.data\.items",
        ),
    ],
)
def test_contract_fails_for_an_action_that_breaks_a_rule(
    tmp_path: Path, name: str, key: str, old: str, new: str, message: str
) -> None:
    component = changed(tmp_path / "todo", TASKS, old, new)

    with pytest.raises(AssertionError, match=re.compile(message, re.DOTALL)) as caught:
        check(component, "rule_is_kept", rule(name), component.actions[key])

    assert str(tmp_path / "todo" / TASKS) in str(caught.value)


@pytest.mark.parametrize(
    ("test", "key", "old", "new", "message"),
    [
        (
            "input_schema_accepts_the_examples",
            "createTask",
            "Field(min_length=1), Input(",
            'Field(json_schema_extra={"maxLength": 1}), Input(',
            "createTask has a schema that rejects its input title",
        ),
        (
            "example_replays",
            "listTasks",
            'context.api.get("lists", inputs.list_id, "tasks", query=page)',
            '{"data": context.api.get("lists", inputs.list_id, "tasks")["data"]["tasks"]}',
            "listTasks returned .*, but its example is ",
        ),
        (
            "effect_matches_the_requests",
            "createTask",
            ', effect="write"',
            "",
            'createTask declares effect "read" but sends POST',
        ),
        (
            "effect_matches_the_requests",
            "listTasks",
            '"listTasks", ',
            '"listTasks", effect="write", ',
            'listTasks declares effect "write" but sends GET',
        ),
    ],
)
def test_contract_fails_for_an_action_that_runs_otherwise(
    tmp_path: Path, test: str, key: str, old: str, new: str, message: str
) -> None:
    component = changed(tmp_path / "todo", TASKS, old, new)

    with pytest.raises(AssertionError, match=message) as caught:
        check(component, test, component.actions[key])

    assert str(tmp_path / "todo" / TASKS) in str(caught.value)


def test_contract_fails_for_a_definition_without_a_description(tmp_path: Path) -> None:
    component = changed(tmp_path / "todo", TASKS, "", "")
    component.actions["listTasks"].display = Display(label="List Tasks")

    with pytest.raises(AssertionError, match="listTasks: has no description"):
        check(component, "rule_is_kept", rule("definition_is_described"), component.actions["listTasks"])


def test_contract_fails_for_inputs_that_cannot_be_pickled(tmp_path: Path) -> None:
    validator = "__import__('pydantic').AfterValidator(lambda value: (lambda: value)), Input("
    component = changed(tmp_path / "todo", TASKS, "Field(min_length=1), Input(", validator)

    with pytest.raises((AttributeError, TypeError, ValueError), match=r"pickle|local object"):
        check(component, "inputs_survive_pickling", component.actions["createTask"])


def test_contract_fails_for_an_invalid_schema(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    wrong = 'Field(json_schema_extra={"type": "sentence"}), Input('
    component = changed(tmp_path / "todo", TASKS, "Field(min_length=1), Input(", wrong)

    with pytest.raises(jsonschema.SchemaError, match="sentence"):
        check(component, "input_schema_is_json_schema_2020_12", component.actions["createTask"])


def test_contract_fails_for_an_example_that_is_not_a_picklist(tmp_path: Path) -> None:
    component = changed(tmp_path / "todo", LISTS, '"label"', '"name"')

    with pytest.raises(AssertionError, match=r"lists: the example payload is not .*label"):
        check(component, "rule_is_kept", rule("example_payload_is_a_picklist"), component.data_sources["lists"])


def test_contract_has_a_test_for_each_rule_and_definition(tmp_path: Path) -> None:
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

    passed = set(re.findall(r"(Test\w+)::test_([\w-]+\[[\w-]+\]) PASSED", printed))
    whole, less = ({test for name, test in passed if name == it} for it in ("TestTodo", "TestLess"))
    assert whole - less == {"example_replays[createTask]", "effect_matches_the_requests[createTask]"}
    assert f" {len(passed)} passed in " in printed
    # 5 actions, 2 data sources, 2 connections. Rules: 5 of each, 2 of what has inputs, 1 of actions, 1 of data sources,
    # 3 of the 2 list actions. Tests that run them: 2 of what has inputs, 1 of each, 2 of the 4 actions with an example.
    assert len(whole) == (5 * 9 + 2 * 7 + 5 + 2 + 3 * 2) + (2 * 7 + 9 + 2 * 4)
