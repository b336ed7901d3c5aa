"""The same call as a command, a Python program, a curl command, and a step of a flow: each does what the page does."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import Any

import pytest
import yaml

import connector
from connector.cli import main
from connector.cli.assignments import read_inputs
from connector.component.inputs import EMPTY
from connector.explorer import snippets
from connector.flows import Flow
from tests.explorer.conftest import Explored

SOURCE = "rh5BDZp6QDHvXFCkibm1pR"
VALUES: tuple[Any, ...] = (
    *("a b", "it's", '"q"', "$(x)", "`x`", "ä\n2", "@file", "=x", "true", "1", "null", "{}", "-x", "a=b", "a:=b"),
    *("\u202e", "%20", "\\", "<script>", True, False, 0, 1.5, None, [], ["a", "b"], {"a": [1, None]}, "@", "line\r\n"),
    *(":", "*", "~", "!x", EMPTY, "'\"'", "$HOME", "a\\\nb"),
)
each_value = pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))


def shell_words(command: str) -> list[str]:
    """The words of a command as a shell reads them."""
    script = f"connector() {{ printf '%s\\0' connector \"$@\"; }}; {command}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    return ended.stdout.decode().split("\0")[:-1]


@each_value
def test_command_has_the_inputs(value: Any) -> None:
    command = snippets.shell("updateSource", {"name": value, "slug": "x" * 60}, arguments=["--sandbox"], confirmed=True)

    words = shell_words(command)
    assert words[:3] == ["connector", "run", "updateSource"]
    assert words[-2:] == ["--sandbox", "--yes"]
    inputs = read_inputs(None, [words[position + 1] for position, word in enumerate(words) if word == "-i"])
    assert inputs == {"name": value, "slug": "x" * 60}
    assert type(inputs["name"]) is type(value)


class FakeRunner:
    calls: list[Any] = []

    def __init__(self, *arguments: Any) -> None: ...

    def __enter__(self) -> FakeRunner:
        return self

    def __exit__(self, *_exception: object) -> None: ...

    def invoke(self, key: str, inputs: Any) -> None:
        self.calls.append((key, inputs))


def test_no_snippet_has_characters_that_change_how_it_looks(
    segment: connector.Component, segment_connection: Any
) -> None:
    inputs = {"sourceId": SOURCE, "name": "evil\u202ename\u2066"}
    request = {"method": "PATCH", "url": "https://example.com/a", "headers": {"X": "\u202e"}, "body": inputs}
    texts = [
        snippets.shell("updateSource", inputs, arguments=["--sandbox"], confirmed=False),
        snippets.python("updateSource", inputs, load="None", connection=segment_connection, profile=""),
        snippets.curl(request, segment_connection),
        snippets.flow_step(segment, segment.action("updateSource"), "Update", inputs, connection="C"),
    ]

    assert [text.replace("\n", "").isprintable() for text in texts] == [True] * 4


@each_value
def test_program_has_the_inputs(value: Any, segment_connection: Any) -> None:
    program = snippets.python("updateSource", {"name": value}, load="None", connection=segment_connection, profile="")
    names = {
        "connector": type("Fake", (), {"Runner": FakeRunner, "EMPTY": EMPTY}),
        "os": type("os", (), {"environ": {"SEGMENT_API_KEY": "x"}}),
    }

    exec(program.replace("import connector\n", "").replace("import os\n", ""), names)

    assert FakeRunner.calls.pop() == ("updateSource", {"name": value})
    assert "SEGMENT_API_KEY" in program


@pytest.fixture(scope="module")
def segment_connection(segment: connector.Component) -> Any:
    return connector.Runner(segment, {"fields": {"apiKey": "token-4711"}}).connection


@each_value
def test_step_has_the_inputs(value: Any, segment: connector.Component) -> None:
    action = segment.action("updateSource")
    (step,) = yaml.safe_load(snippets.flow_step(segment, action, "Update", {"name": value}, connection="C"))

    assert step["inputs"]["connectionInput"] == {"type": "configVar", "value": "C"}
    if value is EMPTY:
        assert "name" not in step["inputs"]
    else:
        text = step["inputs"]["name"]["value"]
        assert (text if isinstance(value, str) else json.loads(text)) == value


def words_of(explored: Explored, key: str, inputs: dict[str, Any]) -> dict[str, str]:
    words: dict[str, str] = explored.post(f"/snippets/{key}", {"inputs": inputs}).json["snippets"]
    return words


def test_snippets_come_with_the_problems_of_the_inputs(explored: Explored) -> None:
    checked = explored.post("/snippets/updateSource", {"inputs": {"enabled": "x", "settings": "{"}}).json

    assert {problem["location"] for problem in checked["problems"]} == {"sourceId", "enabled", "settings"}
    assert checked["snippets"]["curl"].startswith("#")
    assert explored.sandbox.requests == []


def test_snippets_name_the_profile_and_redact_secrets(real: Explored) -> None:
    words = words_of(real, "updateSource", {"sourceId": SOURCE, "settings": {"websiteUrl": "secret-4711"}})

    assert "secret-4711" not in str(words)
    assert "--profile acme" in words["shell"]
    assert "connector.Runner.from_profile('acme', connector.load_component())" in words["python"]


def test_programs_of_the_snippets_do_what_the_page_does(explored: Explored) -> None:
    expected = {"name": "From <a> 'snippet'", "enabled": False}
    words = words_of(explored, "updateSource", {"sourceId": SOURCE, **expected})
    environment = {**os.environ, "SEGMENT_API_KEY": explored.sandbox.token}

    for command in (["sh", "-c", words["curl"]], [sys.executable, "-c", words["python"]]):
        explored.sandbox.clear_requests()
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
        (request,) = explored.sandbox.requests
        assert (request.method, request.path, request.body) == ("PATCH", f"/sources/{SOURCE}", expected)
        assert request.status == 200


def test_command_of_the_snippets_does_what_the_page_does(explored: Explored, monkeypatch: pytest.MonkeyPatch) -> None:
    command = words_of(explored, "updateSource", {"sourceId": SOURCE, "name": "", "enabled": False})["shell"]
    monkeypatch.setenv("SEGMENT_API_KEY", explored.sandbox.token)
    monkeypatch.setenv("SEGMENT_BASE_URL", explored.sandbox.url)

    # The sandbox of this test is in memory, so the command goes to its URL.
    assert main([word for word in shlex.split(command.replace(" \\\n  ", " "))[1:] if word != "--sandbox"]) == 0

    assert explored.sandbox.requests[-1].body == {"name": "", "enabled": False}


def test_step_of_the_snippets_does_what_the_page_does(explored: Explored, component: connector.Component) -> None:
    words = words_of(explored, "updateSource", {"sourceId": SOURCE, "name": "In a flow", "enabled": False})
    flow = f"""
name: Snippet
definitionVersion: 7
requiredConfigVars:
  - key: Segment Connection
    dataType: connection
    connection: {{ key: apiKey, component: {{ key: segment, version: LATEST, isPublic: true }} }}
flows:
  - name: Flow
    steps:
      - name: Trigger
        isTrigger: true
        action: {{ key: webhook, component: {{ key: webhook-triggers, version: LATEST, isPublic: true }} }}
        inputs: {{}}
      {words["flow"].replace(chr(10), chr(10) + "      ")}
"""

    Flow.parse(flow).run(component, connections={"Segment Connection": explored.sandbox.connection})

    assert explored.sandbox.requests[-1].body == {"name": "In a flow", "enabled": False}
