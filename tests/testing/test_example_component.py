"""A second component, so that nothing in the package can be for one component alone."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import connector
from connector.errors import AuthenticationError, InputError, UnknownKeyError, UnprocessableError
from connector.sandbox_kit import Sandbox
from connector.testing import ComponentContract, Harness
from connector.testing import sandbox as sandbox_of
from tests.support.outside import run_python

FOLDER = Path(__file__).parents[2] / "examples" / "component"
TODO = connector.load_component(FOLDER)


class TestTodo(ComponentContract):
    component = TODO


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with sandbox_of(TODO) as running:
        yield running


@pytest.fixture
def runner(server: Sandbox) -> connector.Runner:
    return server.runner()


def test_created_task_is_listed(runner: connector.Runner) -> None:
    created = runner.invoke("createTask", {"title": "Call the bank", "listId": "work", "done": "true"})

    assert runner.invoke("listTasks", {"listId": "work"})["data"] == {"tasks": [created["data"]["task"]]}
    assert created["data"]["task"] == {"id": "1", "title": "Call the bank", "listId": "work", "done": True}


def test_every_page_is_fetched(runner: connector.Runner) -> None:
    for number in range(5):
        runner.invoke("createTask", {"title": f"Task {number}", "listId": "home"})

    pages = list(runner.pages("listTasks", {"count": 2}))

    assert [len(page["data"]["tasks"]) for page in pages] == [2, 2, 1]
    assert [task["id"] for task in runner.records("listTasks", {"count": 2})] == ["1", "2", "3", "4", "5"]
    assert len(runner.invoke("listTasks", {"count": 2, "fetchAll": "true"})["data"]["tasks"]) == 5


def test_data_source_returns_the_documented_choices(runner: connector.Runner) -> None:
    assert runner.choices("lists") == TODO.data_sources["lists"].example


def test_component_reads_its_own_error_body(runner: connector.Runner) -> None:
    with pytest.raises(UnprocessableError) as caught:
        runner.invoke("createTask", {"title": "x", "listId": "nowhere"})

    assert caught.value.api_errors[0].message == '"listId" does not exist in lists'


def test_invalid_token_is_rejected_and_not_shown(server: Sandbox) -> None:
    fields = {"apiKey": "wrong-token", "baseUrl": server.url}
    with connector.Runner(TODO, {"fields": fields}) as runner, pytest.raises(AuthenticationError) as caught:
        runner.invoke("listTasks")

    assert "wrong-token" not in f"{caught.value} {caught.value.to_dict()}"


def test_harness_needs_no_server() -> None:
    with Harness(TODO) as harness:
        expected = harness.respond_with_example("createTask", method="POST", path="/tasks")

        assert harness.invoke("createTask", {"title": "Call the bank", "listId": "work"}) == expected
        assert harness.last_request.json == {"title": "Call the bank", "listId": "work"}


def test_harness_feeds_its_data_source() -> None:
    with Harness(TODO) as harness:
        harness.respond({"lists": [{"id": "b", "name": "Beta"}, {"id": "a", "name": "Alpha"}]}, path="/lists")

        assert harness.choices("lists") == {"result": [{"label": "Alpha", "key": "a"}, {"label": "Beta", "key": "b"}]}


def test_components_with_modules_of_the_same_names_run_side_by_side(runner: connector.Runner) -> None:
    segment = connector.load_component()
    theirs = {name: segment.module(name) for name in ("actions.inputs", "connections.api_key")}
    ours = {name: TODO.module(name) for name in theirs}

    assert all(theirs[name].__file__ != ours[name].__file__ for name in theirs)
    with pytest.raises(UnknownKeyError):
        runner.invoke("listSources")
    with Harness(segment) as harness:
        expected = harness.respond_with_example("getUser")
        assert harness.invoke("getUser", {"userId": "sgJDWk3K21k6LE3tLU9nRK"}) == expected
    assert runner.invoke("listTasks") == {"data": {"tasks": []}}


def test_components_are_imported_under_private_names_alone() -> None:
    program = (
        "import sys, connector\n"
        f"connector.load_component(), connector.load_component({str(FOLDER)!r})\n"
        "print(*sorted(name for name in sys.modules if name == 'actions' or name.endswith('actions.inputs')))"
    )

    names = run_python(program).split()

    assert [name.rpartition("_")[0] for name in names] == ["_connector_segment", "_connector_todo"]


def test_inputs_can_be_pickled_and_read_again() -> None:
    inputs = TODO.actions["createTask"].inputs.from_values({"title": "Call the bank", "listId": "work"})

    again = pickle.loads(pickle.dumps(inputs))

    assert (type(again), again) == (type(inputs), inputs)
    assert again.body("title", "list_id", "done") == {"title": "Call the bank", "listId": "work"}


def test_bad_inputs_are_named_by_its_own_labels() -> None:
    with Harness(TODO) as harness, pytest.raises(InputError) as caught:
        harness.invoke("createTask", {"titel": "x", "listId": ""})

    told = {problem.location: problem for problem in caught.value.problems}
    assert told["listId"].label == "List"
    assert told["titel"].hint == "Did you mean title?"


def test_readme_runs_and_prints_what_it_says(
    server: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER.parents[1])
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    program, printed = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL).groups()  # type: ignore[union-attr]

    exec(program.replace("http://127.0.0.1:8035", server.url).replace("todo-token", server.token), {})

    assert capsys.readouterr().out == printed


def test_shell_commands_of_the_readme_run(server: Sandbox) -> None:
    pytest.importorskip("connector.cli", reason="the command line is not part of this installation")
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    commands = re.search(r"```sh\n(export .*?)```", page, re.DOTALL).group(1)  # type: ignore[union-attr]
    here = commands.replace("http://127.0.0.1:8035", server.url).replace("todo-token", server.token)

    subprocess.run(
        ["bash", "-e", "-c", re.sub(r"^connector ", f"{sys.executable} -m connector ", here, flags=re.MULTILINE)],
        cwd=FOLDER.parents[1],
        check=True,
        timeout=60,
    )

    assert [task["title"] for task in server.tasks] == ["Water the plants"]


def test_sandboxes_of_two_components_run_side_by_side(server: Sandbox) -> None:
    with sandbox_of(connector.load_component()) as segments:
        server.runner().invoke("createTask", {"title": "Call the bank", "listId": "work"})

        assert set(server.dump()) == {"tokens", "workspace", "lists", "tasks"}
        assert "tasks" not in segments.dump()
        assert len(segments.runner().invoke("listSources")["data"]["data"]["sources"]) == 5
        assert {each.id for each in server.api.operations} == {"listLists", "listTasks", "createTask"}


def test_component_sandbox_supports_faults_and_assumptions(server: Sandbox) -> None:
    server.add_fault("error:503:createTask#1")
    server.set_assumption("unknown-body-keys", "422")
    with server.runner(max_wait=0) as runner, pytest.raises(connector.ConnectorError) as caught:
        runner.invoke("createTask", {"title": "Call the bank", "listId": "work"})

    assert "Simulated failure (sandbox fault)" in str(caught.value)
    assert server.tasks == []
