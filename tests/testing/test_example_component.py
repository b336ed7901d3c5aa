"""A second component, so that nothing in the package can be for one component alone."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture
def by_oauth(server: Sandbox) -> Iterator[connector.Runner]:
    fields = {"clientId": "app", "clientSecret": server.token, "baseUrl": server.url}
    with connector.Runner(TODO, {"key": "oauth", "fields": fields}) as opened:
        yield opened


def add_tasks(runner: connector.Runner, count: int) -> list[str]:
    """Add tasks to a list, and return their titles."""
    titles = [f"Task {number}" for number in range(count)]
    for title in titles:
        runner.invoke("createTask", {"title": title, "listId": "home"})
    return titles


def test_created_task_is_listed(runner: connector.Runner) -> None:
    created = runner.invoke("createTask", {"title": "Call the bank", "listId": "work", "done": "true"})

    task = {"id": "1", "title": "Call the bank", "listId": "work", "done": True}
    assert created["data"] == {"task": task, "notified": False}
    assert runner.invoke("listTasks", {"listId": "work"})["data"] == {"tasks": [task], "total": 1}


def test_query_goes_out_beside_the_body(runner: connector.Runner, server: Sandbox) -> None:
    created = runner.invoke("createTask", {"title": "Call the bank", "listId": "work", "notify": "true"})

    assert created["data"]["notified"] is True
    assert server.requests[-1].query == {"notify": ["yes"]}
    assert server.requests[-1].body == {"title": "Call the bank", "listId": "work"}


def test_task_is_replaced(runner: connector.Runner, server: Sandbox) -> None:
    add_tasks(runner, 1)

    runner.invoke("replaceTask", {"taskId": "1", "listId": "work", "title": "Other", "done": True})

    assert server.tasks == [{"id": "1", "title": "Other", "listId": "work", "done": True}]
    assert (server.requests[-1].method, server.requests[-1].path) == ("PUT", "/tasks/1")


@pytest.mark.parametrize("count", [4, 5])
def test_pages_by_offset_have_every_task_once(runner: connector.Runner, server: Sandbox, count: int) -> None:
    titles = add_tasks(runner, count)
    inputs = {"listId": "home", "count": 2}

    assert [task["title"] for task in runner.records("listTasks", inputs)] == titles
    assert [request.query["offset"] for request in server.requests if request.method == "GET"] == [
        [str(offset)] for offset in range(0, count, 2)
    ]
    assert len(runner.invoke("listTasks", {**inputs, "fetchAll": "true"})["data"]["tasks"]) == count


def test_pages_by_link_have_every_list_once(server: Sandbox) -> None:
    lists = [{"id": str(number), "name": f"List {number}"} for number in range(5)]
    server.load({"workspace": {"id": "w", "name": "W"}, "lists": lists})

    assert list(server.runner().records("listLists", {"count": 2})) == lists
    assert [request.query.get("page") for request in server.requests] == [None, ["2"], ["3"]]


def test_choices_of_tasks_depend_on_the_list(runner: connector.Runner) -> None:
    runner.invoke("createTask", {"title": "Call the bank", "listId": "work"})
    add_tasks(runner, 1)

    assert runner.choices("tasks", {"listId": "work"}) == {"result": [{"label": "Call the bank", "key": "1"}]}
    assert TODO.actions["replaceTask"].inputs.definitions()["taskId"].depends_on == ("listId",)


def test_data_source_returns_the_documented_choices(runner: connector.Runner) -> None:
    assert runner.choices("lists") == TODO.data_sources["lists"].example


@pytest.mark.parametrize("key", ["listTasks", "createTask", "replaceTask"])
def test_payload_has_the_shape_of_the_example(runner: connector.Runner, key: str) -> None:
    runner.invoke("createTask", {"title": "Water the plants", "listId": "home"})

    inputs: dict[str, dict[str, Any]] = {
        "listTasks": {"listId": "home"},
        "createTask": {"title": "x", "listId": "home"},
        "replaceTask": {"title": "Water the plants", "listId": "home", "taskId": "1", "done": True},
    }
    payload = runner.invoke(key, inputs[key])

    example = TODO.actions[key].example or {}
    assert payload["data"].keys() == example["data"].keys()
    assert key == "createTask" or payload == example


def test_raw_request_goes_to_the_host_of_the_connection(runner: connector.Runner) -> None:
    lists = runner.invoke("rawRequest", {"method": "GET", "url": "/lists", "queryParams": {"count": 1}})

    assert lists["data"] == [{"id": "home", "name": "At home"}]
    with pytest.raises(InputError, match="without a host"):
        runner.invoke("rawRequest", {"method": "GET", "url": "http://evil.com"})


def test_token_of_oauth_is_renewed_when_it_expires(by_oauth: connector.Runner, server: Sandbox) -> None:
    by_oauth.invoke("listLists")
    by_oauth.invoke("listLists")
    server.expire_access_tokens()
    by_oauth.invoke("createTask", {"title": "Call the bank", "listId": "work"})

    grants = ("POST", "/oauth/token", 200)
    lists = ("GET", "/lists", 200)
    calls = [(request.method, request.path, request.status) for request in server.requests]
    assert calls == [grants, lists, lists, ("POST", "/tasks", 401), grants, ("POST", "/tasks", 201)]
    assert [task["title"] for task in server.tasks] == ["Call the bank"]


def test_wrong_client_secret_is_rejected_and_not_shown(server: Sandbox) -> None:
    fields = {"clientId": "app", "clientSecret": "wrong-secret", "baseUrl": server.url}
    with (
        connector.Runner(TODO, {"key": "oauth", "fields": fields}) as runner,
        pytest.raises(AuthenticationError, match="client credentials were rejected") as caught,
    ):
        runner.invoke("listLists")

    assert "wrong-secret" not in f"{caught.value} {caught.value.to_dict()}"


def test_component_reads_its_own_error_body(runner: connector.Runner) -> None:
    with pytest.raises(UnprocessableError) as caught:
        runner.invoke("createTask", {"title": "x", "listId": "nowhere"})

    assert caught.value.api_errors[0].message == '"listId" does not exist in lists'


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
def test_sandbox_rejects_a_page_size_out_of_bounds(server: Sandbox, limit: str) -> None:
    raw = {"method": "GET", "url": "/lists/home/tasks", "queryParams": {"limit": limit}}

    with pytest.raises(UnprocessableError, match="must be an integer from 1 to 100"):
        server.runner().invoke("rawRequest", raw)


def test_invalid_key_is_rejected_and_not_shown(server: Sandbox) -> None:
    fields = {"apiKey": "wrong-token", "baseUrl": server.url}
    with connector.Runner(TODO, {"fields": fields}) as runner, pytest.raises(AuthenticationError) as caught:
        runner.invoke("listLists")

    assert "wrong-token" not in f"{caught.value} {caught.value.to_dict()} {runner!r}"


@pytest.mark.parametrize("key", ["apiKey", "oauth"])
def test_connection_can_be_tested(server: Sandbox, by_oauth: connector.Runner, key: str) -> None:
    runner = by_oauth if key == "oauth" else server.runner()

    assert runner.test_connection() == {"data": [{"id": "home", "name": "At home"}]}


def test_restricted_token_may_only_read(server: Sandbox) -> None:
    fields = {"clientId": "app", "clientSecret": server.restricted_token, "baseUrl": server.url}
    with connector.Runner(TODO, {"key": "oauth", "fields": fields}) as runner:
        assert runner.test_connection()["data"]
        with pytest.raises(connector.ConnectorError):
            runner.invoke("createTask", {"title": "x", "listId": "home"})

    assert server.tasks == []


def test_harness_needs_no_server() -> None:
    with Harness(TODO) as harness:
        expected = harness.respond_with_example("createTask", method="POST", path="/tasks")

        assert harness.invoke("createTask", {"title": "Call the bank", "listId": "work"}) == expected
        assert harness.last_request.json == {"title": "Call the bank", "listId": "work"}


def test_harness_feeds_its_data_source() -> None:
    with Harness(TODO) as harness:
        harness.respond([{"id": "b", "name": "Beta"}, {"id": "a", "name": "Alpha"}], path="/lists")

        assert harness.choices("lists") == {"result": [{"label": "Alpha", "key": "a"}, {"label": "Beta", "key": "b"}]}


def test_components_with_modules_of_the_same_names_run_side_by_side(runner: connector.Runner) -> None:
    segment = connector.load_component()
    theirs = {name: segment.module(name) for name in ("actions.inputs", "actions.raw_request")}
    ours = {name: TODO.module(name) for name in theirs}

    assert all(theirs[name].__file__ != ours[name].__file__ for name in theirs)
    with pytest.raises(UnknownKeyError):
        runner.invoke("listSources")
    with Harness(segment) as harness:
        expected = harness.respond_with_example("getUser")
        assert harness.invoke("getUser", {"userId": "sgJDWk3K21k6LE3tLU9nRK"}) == expected
    assert runner.invoke("listTasks", {"listId": "home"})["data"]["tasks"] == []


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

    problems = {problem.location: problem for problem in caught.value.problems}
    assert problems["listId"].label == "List"
    assert problems["titel"].hint == "Did you mean title?"


def test_readme_runs_and_prints_what_it_says(
    server: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER.parents[1])
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    program, printed = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL).groups()  # type: ignore[union-attr]
    contract = page.rpartition("```python\n")[2].partition("```")[0]

    exec(program.replace("http://127.0.0.1:8035", server.url).replace("todo-token", server.token), {})

    assert capsys.readouterr().out == printed
    namespace: dict[str, type[ComponentContract]] = {"__name__": "readme"}  # type: ignore[dict-item]
    exec(contract, namespace)
    assert namespace["TestTodo"].component.key == "todo"


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
        assert {each.id for each in server.api.operations} == {
            "grantAccessToken",
            "listLists",
            "listTasks",
            "createTask",
            "replaceTask",
        }


def test_component_sandbox_supports_faults_and_assumptions(server: Sandbox) -> None:
    server.add_fault("error:503:createTask#1")
    server.set_assumption("unknown-body-keys", "422")
    with server.runner(max_wait=0) as runner, pytest.raises(connector.ConnectorError) as caught:
        runner.invoke("createTask", {"title": "Call the bank", "listId": "work"})

    assert "Simulated failure (sandbox fault)" in str(caught.value)
    assert server.tasks == []
