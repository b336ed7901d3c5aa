"""A component for a service outside of this repository, as an author makes one: a new component, then edits.

`edits/` has the files that the author changes. `.ci/component` does the same with the wheel in a fresh environment.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import connector
from connector.cli.new.component import component_files
from connector.describe.check import component_problems
from connector.errors import AuthenticationError, NotFoundError
from connector.testing import sandbox
from tests.new_component.service import KEY, TodoService, running

EDITS = Path(__file__).parent / "edits"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the component."""
    folder = tmp_path_factory.mktemp("chores")
    edits = {path.relative_to(EDITS).with_suffix("").as_posix(): path.read_bytes() for path in EDITS.rglob("*.txt")}
    created = component_files("chores", "todos")
    assert edits.keys() - created.keys() == {"chores_component/actions/examples/replaceTodo.json"}
    for path, content in (created | edits).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def chores(project: Path) -> connector.Component:
    return connector.load_component(project / "chores_component")


@pytest.fixture
def service() -> Iterator[TodoService]:
    with running() as service:
        yield service


@pytest.fixture
def runner(chores: connector.Component, service: TodoService) -> Iterator[connector.Runner]:
    with connector.Runner(chores, {"fields": {"apiKey": KEY, "baseUrl": service.url}}) as opened:
        yield opened


def test_component_has_no_problems(chores: connector.Component) -> None:
    assert component_problems(lambda: chores) == []


@pytest.mark.parametrize("count", [0, 5, 6], ids=["no record", "last page is short", "last page is full"])
def test_every_record_of_all_pages_is_returned_once(runner: connector.Runner, service: TodoService, count: int) -> None:
    for number in range(count):
        runner.invoke("createTodo", {"title": f"Todo {number}"})

    assert list(runner.records("listTodos", {"count": 2})) == service.todos
    assert len(service.todos) == count
    assert len(list(runner.pages("listTodos", {"count": 2}))) == max(1, -(-count // 2))


def test_record_is_replaced_as_a_whole(runner: connector.Runner, service: TodoService) -> None:
    created = runner.invoke("createTodo", {"title": "Milk", "done": True})["data"]

    runner.invoke("replaceTodo", {"todoId": created["id"], "title": "Bread"})

    assert runner.invoke("getTodo", {"todoId": "1"})["data"] == {"id": 1, "title": "Bread", "done": False}
    assert runner.choices("todos")["result"] == [{"label": "Bread", "key": "1"}]
    assert runner.test_connection() == {"data": service.todos}


def test_errors_of_the_service_are_read(runner: connector.Runner, service: TodoService) -> None:
    with pytest.raises(NotFoundError, match="no to-do 7"):
        runner.invoke("getTodo", {"todoId": "7"})

    fields = {"apiKey": "another key", "baseUrl": service.url}
    with connector.Runner(runner.component, {"fields": fields}) as other, pytest.raises(AuthenticationError) as caught:
        other.invoke("listTodos")
    assert "unknown key" in str(caught.value)
    assert "another key" not in f"{caught.value} {caught.value.to_dict()}"


def test_component_passes_its_own_tests(project: Path) -> None:
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"]
    run = subprocess.run([*line, "tests"], cwd=project, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout
    assert "failed" not in run.stdout


def test_sandbox_has_the_pages_of_the_service(chores: connector.Component) -> None:
    with sandbox(chores) as opened, opened.runner() as runner:
        created = [runner.invoke("createTodo", {"title": title})["data"] for title in "abcde"]

        assert list(runner.records("listTodos", {"count": 2})) == created
