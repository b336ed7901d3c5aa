"""The screen of the flows: files, pictures, runs while they happen and afterwards, resume, undo, and settle."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.flows import Flow, runs
from connector.journal.journals import default_database
from connector.journal.past_runs import is_held
from connector.workers import submit
from tests.explorer.conftest import Explored, Reply, exploring

SOURCE = "rh5BDZp6QDHvXFCkibm1pR"
HEAD = """
name: {name}
definitionVersion: 7
requiredConfigVars:
  - key: Workspace
    dataType: connection
    connection: {{ key: apiKey, component: {{ key: segment, version: LATEST, isPublic: true }} }}
flows:
  - name: Main
    steps:
      - name: Trigger
        isTrigger: true
        action: {{ key: webhook, component: {{ key: webhook-triggers, version: LATEST, isPublic: true }} }}
        inputs: {{}}
"""
STEP = """
      - name: {name}
        action: {{ key: {action}, component: {{ key: segment, version: LATEST, isPublic: true }} }}
        inputs:
          connectionInput: {{ type: configVar, value: Workspace }}
"""


def step(name: str, action: str, **inputs: str) -> str:
    lines = [f"          {key}: {{ type: value, value: {json.dumps(value)} }}\n" for key, value in inputs.items()]
    return STEP.format(name=json.dumps(name), action=action).rstrip("\n") + "\n" + "".join(lines)


CREATE = step("Create", "createSource", slug="from-a-flow", enabled="true", metadataId="IqDTy1TpoU")
FLOWS = {
    "create.yaml": HEAD.format(name="Create A Source") + CREATE,
    "fails.yaml": HEAD.format(name="Fails") + CREATE + step("Get", "getSource", sourceId="gone"),
    "deletes.yaml": HEAD.format(name="Deletes") + step("Delete", "deleteSource", sourceId=SOURCE),
    "invalid.yaml": HEAD.format(name="Invalid") + step("Get", "getSauce", sourceId="x"),
    "broken.yaml": "definitionVersion: 7\nname: [",
    "other.yaml": "key: value",
    "hostile.yaml": HEAD.format(name='"<script>1</script>"') + step("<img src=x>", "getSource", sourceId=SOURCE),
    "reads.yaml": HEAD.format(name="Reads") + step("Get", "getSource", sourceId=SOURCE),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flows")
    for name, text in FLOWS.items():
        (path / name).write_text(text)
    return path


@pytest.fixture
def explored(component: connector.Component, folder: Path) -> Iterator[Explored]:
    with exploring(component, flows=folder) as client:
        yield client


def started(explored: Explored, file: str, **body: Any) -> str:
    response = explored.post(f"/flows/{file}/run", body)
    assert response.status == 200, response.text
    return str(response.json["run"])


def events_of(explored: Explored, run: str, **headers: str) -> list[dict[str, Any]]:
    """Return the messages of the stream of a run until it ends, each with its ID or its name.

    The process holds the journal for a moment after the end; it is released on return.
    """
    text = explored.get(f"/runs/{run}/events", **headers).text
    latest = time.monotonic() + 60
    while is_held(run):
        assert time.monotonic() < latest
    messages = re.findall(r"^(?:id: (\d+)|event: (\w+))\ndata: (.*)$", text, re.MULTILINE)
    return [{"id": number or name, **json.loads(data)} for number, name, data in messages]


def test_files_are_listed_with_their_problems(explored: Explored) -> None:
    page = explored.get("/flows").text

    assert "Create A Source" in page
    assert "1 error" in page
    assert "broken.yaml" in page
    assert "other.yaml" not in page
    assert "&lt;script&gt;1" in page
    assert "<script>1" not in page


def pages_with(explored: Explored, file: Path, content: bytes) -> tuple[str, Reply]:
    """Return the list of flows and the page of a file that is in the folder for so long."""
    file.write_bytes(content)
    try:
        return explored.get("/flows").text, explored.get(f"/flows/{file.name}")
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.yaml", b"a: [", "a.yaml:2:1: invalid YAML"),
        ("a.yml", b"flows: []", "missing field &#34;definitionVersion&#34;"),
        ("a.json", b'{"a": 1,,}', "a.json:1:9: invalid YAML"),
        ("a.json", b'{"name": "A",\n "flows": []}', "missing field &#34;definitionVersion&#34;"),
        ("a.yaml", b"name: \xff", "not UTF-8"),
    ],
)
def test_file_that_may_be_a_flow_is_listed_with_its_problem(
    explored: Explored, folder: Path, name: str, content: bytes, problem: str
) -> None:
    page, own = pages_with(explored, folder / name, content)

    assert problem in page
    assert own.status == 422
    assert problem in own.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.yaml", "a: !tag b\n---\nsecond: document"),
        ("b.yaml", "nested:\n  flows: 1"),
        ("b.json", json.dumps({"emoji": "\U0001f600"})),
        ("b.json", "[1]"),
    ],
)
def test_file_that_is_not_a_flow_is_not_listed(explored: Explored, folder: Path, name: str, content: str) -> None:
    page, own = pages_with(explored, folder / name, content.encode())

    assert f"<code>{name}</code>" not in page
    assert own.status == 404


def test_picture_has_every_step_and_the_problems_at_theirs(explored: Explored) -> None:
    page = explored.get("/flows/invalid.yaml").text

    assert 'class="box  bad" data-step="Get"' in page
    assert "unknown action" in page
    assert 'data-goto="Get"' in page


def test_hostile_names_of_a_flow_are_text(explored: Explored) -> None:
    run = started(explored, "hostile.yaml")
    events_of(explored, run)

    for path in ("/flows/hostile.yaml", f"/runs/{run}", f"/runs/{run}/timeline", "/flows"):
        assert "<img src" not in explored.get(path).text
        assert "<script>1" not in explored.get(path).text


@pytest.mark.parametrize(
    "path", ["/flows/nope.yaml", "/flows/..%2f..", "/flows/create.yaml?flow=nope", "/runs/nope", "/runs/nope/events"]
)
def test_unknown_flow_or_run_is_not_found(explored: Explored, path: str) -> None:
    assert explored.get(path).status == 404


def test_id_of_a_run_is_never_a_path(explored: Explored, tmp_path: Path) -> None:
    Flow.parse(FLOWS["create.yaml"]).run(
        explored.explorer.site.runner.component,
        connections={"Workspace": explored.sandbox.connection},
        journal=tmp_path / "other.jsonl",
    )

    for name in (str(tmp_path / "other.jsonl"), "../other.jsonl", "other.jsonl"):
        assert explored.get(f"/runs/{name.replace('/', '%2F')}").status == 404


def test_file_that_cannot_be_read_says_where(explored: Explored) -> None:
    invalid = explored.get("/flows/broken.yaml")

    assert invalid.status == 422
    assert "broken.yaml" in invalid.text


def test_run_is_followed_to_its_end(explored: Explored) -> None:
    run = started(explored, "create.yaml")
    messages = events_of(explored, run)

    assert messages[-1]["id"] == "end"
    assert messages[-1]["status"] == "done"
    assert messages[-1]["steps"]["Create"]["state"] == "done"
    assert "from-a-flow" in [source["slug"] for source in explored.sandbox.sources]
    page = explored.get(f"/runs/{run}").text
    assert 'class="span done"' in page
    assert run in explored.get("/flows").text


def test_stream_goes_on_after_the_last_event_that_was_seen(explored: Explored) -> None:
    run = started(explored, "create.yaml")
    first = events_of(explored, run)
    last = first[-2]["id"]

    again = events_of(explored, run, Last_Event_ID=str(last))

    assert [message["id"] for message in again] == ["end"]


def test_waits_are_in_the_timeline(explored: Explored) -> None:
    explored.sandbox.add_fault("error:503:getSource#1")
    run = started(explored, "reads.yaml")
    events_of(explored, run)

    picture = explored.get(f"/runs/{run}/timeline").text
    assert 'class="wait"' in picture
    assert "waited" in picture


def test_step_shows_inputs_and_results_without_secrets(explored: Explored) -> None:
    run = started(explored, "create.yaml")
    events_of(explored, run)
    source = next(source for source in explored.sandbox.sources if source["slug"] == "from-a-flow")

    line = explored.get(f"/runs/{run}/step?path=Create")

    assert line.json["inputs"]["slug"] == "from-a-flow"
    assert line.json["results"]["data"]["source"]["id"] == source["id"]
    assert source["writeKeys"][0] not in line.text
    assert explored.get(f"/runs/{run}/step?path=nope").json == {}


def test_run_of_another_program_has_picture_steps_and_timeline(explored: Explored) -> None:
    done = Flow.parse(FLOWS["create.yaml"]).run(
        explored.explorer.site.runner.component, connections={"Workspace": explored.sandbox.connection}
    )

    page = explored.get(f"/runs/{done.id}").text
    line = explored.get(f"/runs/{done.id}/step?path=create")

    assert 'data-step="Create"' in page
    assert 'class="span done"' in page
    assert line.json["inputs"]["slug"] == "from-a-flow"
    assert line.json["results"]["data"]["source"]["slug"] == "from-a-flow"
    assert explored.sandbox.sources[-1]["writeKeys"][0] not in line.text


def test_run_in_the_default_database_has_a_page_and_is_undone(explored: Explored) -> None:
    flow, connections = Flow.parse(FLOWS["create.yaml"]), {"Workspace": explored.sandbox.connection}
    flow.run(
        explored.explorer.site.runner.component, connections=connections, journal=default_database(), id="stored-1"
    )

    assert 'href="/runs/stored-1"' in explored.get("/flows").text
    assert 'class="span done"' in explored.get("/runs/stored-1").text
    assert events_of(explored, "stored-1")[-1]["status"] == "done"
    assert explored.get("/runs/stored-1/step?path=create").json["inputs"]["slug"] == "from-a-flow"
    for path in ("", "/timeline", "/events", "/controls", "/step?path=create"):
        assert explored.get(f"/runs/stored-2{path}").status == 404
    assert "Deleted" in explored.post("/runs/stored-1/undo", {"confirmed": True}).json["html"]


def test_run_that_waits_for_a_worker_has_a_page(explored: Explored) -> None:
    submit(Flow.parse(FLOWS["create.yaml"]), explored.explorer.site.runner.component, id="queued-1")

    page = explored.get("/runs/queued-1").text

    assert "queued" in page
    assert 'data-step="Create"' in page


def test_failed_run_is_resumed(explored: Explored) -> None:
    explored.sandbox.add_fault("error:403:getSource")
    run = started(explored, "fails.yaml")
    assert events_of(explored, run)[-1]["status"] == "failed"
    page = explored.get(f"/runs/{run}").text
    assert 'id="resume"' in page
    assert "forbidden" in page.lower()

    explored.sandbox.clear_faults()
    assert explored.post(f"/runs/{run}/resume", {}).json == {"run": run}
    latest = time.monotonic() + 60
    while not (messages := events_of(explored, run))[-1]["error"].count("not found"):
        assert time.monotonic() < latest
    assert messages[-1]["steps"]["Create"]["state"] == "done"
    assert [source["slug"] for source in explored.sandbox.sources].count("from-a-flow") == 1


def test_run_that_is_done_is_not_resumed(explored: Explored) -> None:
    run = started(explored, "create.yaml")
    events_of(explored, run)

    rejected = explored.post(f"/runs/{run}/resume", {})

    assert rejected.status == 422
    assert "already finished" in rejected.json["html"]


def test_undo_shows_what_it_deletes_and_then_deletes_it(explored: Explored) -> None:
    run = started(explored, "create.yaml")
    events_of(explored, run)
    assert 'id="undo"' in explored.get(f"/runs/{run}").text

    request = explored.post(f"/runs/{run}/undo", {}).json
    assert request["ask"] is True
    assert "Create (create)" in request["html"]
    assert "from-a-flow" in [source["slug"] for source in explored.sandbox.sources]

    assert "Deleted" in explored.post(f"/runs/{run}/undo", {"confirmed": True}).json["html"]
    assert "from-a-flow" not in [source["slug"] for source in explored.sandbox.sources]
    controls = explored.get(f"/runs/{run}/controls").text
    assert 'id="undo"' not in controls
    assert "was deleted" in controls


@pytest.fixture
def doubtful(explored: Explored) -> str:
    """A run that failed at a write with an unknown outcome."""
    explored.sandbox.add_fault("drop:after:createSource")
    run = started(explored, "create.yaml")
    events_of(explored, run)
    explored.sandbox.clear_faults()
    return run


def test_write_with_an_unknown_outcome_is_settled_before_the_run_goes_on(explored: Explored, doubtful: str) -> None:
    page = explored.get(f"/runs/{doubtful}").text
    assert "Was this write applied?" in page
    assert 'id="resume"' not in page
    assert explored.post(f"/runs/{doubtful}/resume", {}).status == 422

    assert explored.post(f"/runs/{doubtful}/settle", {"path": "create", "happened": True, "results": "{"}).status == 422
    needs_results = explored.post(f"/runs/{doubtful}/settle", {"path": "create", "happened": True})
    assert needs_results.status == 422
    assert "undo needs" in needs_results.json["html"]
    assert "Fill in its results as JSON." in needs_results.json["html"]
    assert "--" not in needs_results.json["html"]
    assert "if later steps or undo need them" in page
    source = next(source for source in explored.sandbox.sources if source["slug"] == "from-a-flow")
    body = {"path": "create", "happened": True, "results": json.dumps({"data": {"source": {"id": source["id"]}}})}
    assert explored.post(f"/runs/{doubtful}/settle", body).json == {"run": doubtful}

    assert 'id="resume"' in explored.get(f"/runs/{doubtful}").text
    explored.post(f"/runs/{doubtful}/resume", {})
    last = events_of(explored, doubtful)[-1]
    assert last["status"] == "done"
    assert last["steps"]["Create"]["text"] == "settled: applied"


@pytest.mark.parametrize("happened", [True, False])
def test_decision_about_a_write_is_shown_instead_of_its_doubt(
    explored: Explored, doubtful: str, happened: bool
) -> None:
    results = {"data": {"source": {"id": "abc"}}}
    body = {"path": "create", "happened": happened, "results": json.dumps(results) if happened else ""}
    paths = ("", "/controls", "/timeline", "/step?path=Create")
    assert all("may have been applied" in explored.get(f"/runs/{doubtful}{path}").text for path in paths)

    explored.post(f"/runs/{doubtful}/settle", body)

    decision = "settled: applied" if happened else "settled: not applied"
    for path in paths:
        text = explored.get(f"/runs/{doubtful}{path}").text
        assert decision in text
        assert "may have been applied" not in text
        assert "Check before" not in text
    last = events_of(explored, doubtful)[-1]
    assert last["error"] == f'flow "Main", step "Create": {decision}'
    assert last["steps"]["Create"]["text"] == decision
    line = explored.get(f"/runs/{doubtful}/step?path=Create").json
    assert (line["state"], line["error"]) == (decision, "")
    assert line["results"] == (results if happened else None)


def test_decision_about_a_write_is_forgotten_when_it_is_sent_again(explored: Explored, doubtful: str) -> None:
    explored.post(f"/runs/{doubtful}/settle", {"path": "create", "happened": False})

    # It was applied all the same, so its slug is taken.
    assert explored.post(f"/runs/{doubtful}/resume", {}).status == 200

    assert events_of(explored, doubtful)[-1]["steps"]["Create"]["text"] == "2 failed"
    assert "settled" not in explored.get(f"/runs/{doubtful}/step?path=Create").text


def test_destructive_flow_needs_a_confirmation(explored: Explored) -> None:
    for body in ({}, {"confirmed": "yes"}):
        request = explored.post("/flows/deletes.yaml/run", body).json
        assert request["ask"] is True
        assert "Delete" in request["html"]
    assert SOURCE in [source["id"] for source in explored.sandbox.sources]

    events_of(explored, started(explored, "deletes.yaml", confirmed=True))
    assert SOURCE not in [source["id"] for source in explored.sandbox.sources]


@pytest.mark.parametrize(
    ("file", "body", "message"),
    [
        ("create.yaml", {"payload": "{"}, "the payload is not JSON"),
        ("invalid.yaml", {}, "flow has errors"),
        ("create.yaml", {"config": {"nope": "x"}}, "nope"),
    ],
)
def test_run_that_cannot_start_says_why(explored: Explored, file: str, body: dict[str, Any], message: str) -> None:
    before = len(runs())
    rejected = explored.post(f"/flows/{file}/run", body)

    assert rejected.status == 422
    assert message in rejected.json["html"]
    assert len(runs()) == before


def test_read_only_page_runs_flows_that_only_read(component: connector.Component, folder: Path) -> None:
    with exploring(component, read_only=True, is_real=True, flows=folder) as explored:
        for file in ("create.yaml", "deletes.yaml"):
            rejected = explored.post(f"/flows/{file}/run", {"confirmed": True})
            assert rejected.status == 422
            assert "read-only" in rejected.json["html"]
        assert events_of(explored, started(explored, "reads.yaml"))[-1]["status"] == "done"
        assert {request.method for request in explored.sandbox.requests} == {"GET"}


def test_stream_ends_when_the_server_stops(explored: Explored) -> None:
    run = started(explored, "create.yaml")
    assert events_of(explored, run)[-1]["id"] == "end"

    explored.explorer.drain()

    assert "end" not in [message["id"] for message in events_of(explored, run)]
