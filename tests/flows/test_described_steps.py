"""Flows with steps that no handler performs: they are checked, run, traced and undone like all others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.flows import Flow, read_trace, undo
from tests.flows import support
from tests.flows.support import step
from tests.support.described import described_component
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

SEGMENT = described_component()
WORKSPACE = {
    "key": "Workspace",
    "dataType": "connection",
    "connection": {"key": "apiKey", "component": {"key": "segment"}},
    "inputs": {},
}
LABEL = {"key": "team", "value": "data", "description": ""}
WRITE_KEY = "a-write-key-of-the-source"


def call(name: str, action: str, **inputs: Any) -> dict[str, Any]:
    return step(name, f"segment.{action}", {"connectionInput": "#Workspace", **inputs})


def flow_of(*steps: dict[str, Any]) -> Flow:
    text = json.dumps(support.document(*steps) | {"requiredConfigVars": [WORKSPACE]})
    return Flow.parse(text, "flow.yaml")


def problems_of(flow: Flow, **options: Any) -> list[str]:
    return [f"{problem.severity} {problem.step}: {problem.message}" for problem in flow.check(SEGMENT, **options)]


CREATE = call("Create Label", "createLabel", label='{"key": "team", "value": "data"}')
LIST = call("List Labels", "listLabels")
ADD = call("Add Labels", "addLabelsToSource", sourceId="s", labels="=listLabels.results.data.labels")


@pytest.fixture
def labels() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def server(labels: list[dict[str, Any]]) -> Iterator[LoopbackServer]:
    def respond(request: ReceivedRequest) -> ServerResponse:
        if request.method == "POST" and request.path == "/labels":
            labels.append(LABEL | request.json["label"])
            return ServerResponse({"data": {"label": labels[-1]}})
        if request.method == "DELETE":
            labels.clear()
            return ServerResponse({"data": {"status": "SUCCESS"}})
        source = {"id": "s", "writeKeys": [WRITE_KEY], "name": f"With {WRITE_KEY}"}
        return ServerResponse({"data": {"labels": labels} if request.path == "/labels" else {"source": source}})

    with LoopbackServer().running() as running:
        running.script = respond
        yield running


@pytest.fixture
def connections(server: LoopbackServer) -> dict[str, Any]:
    return {"Workspace": {"fields": {"apiKey": "a-token", "baseUrl": server.url}}}


def test_check_knows_described_steps_and_their_documented_results() -> None:
    assert problems_of(flow_of(CREATE, LIST, ADD)) == []


def test_check_names_wrong_inputs_and_paths_of_described_steps() -> None:
    wrong_input = call("Create Label", "createLabel", label='{"key": 1}', labl="x")
    wrong_path = call("Use", "getSource", sourceId="=listLabels.results.data.label")

    problems = problems_of(flow_of(wrong_input, LIST, wrong_path))

    assert len(problems) == 3
    assert problems[0].startswith("error Create Label:")
    assert "label.value" in problems[0] + problems[1]
    assert "labl" in problems[0] + problems[1]
    assert problems[2] == 'warning Use: the results of "List Labels" have no "data.label"'


def test_check_suggests_a_described_action() -> None:
    [problem] = flow_of(call("List", "listLabel")).check(SEGMENT)

    assert "listLabels" in problem.hint


def test_check_for_prismatic_names_steps_that_its_component_lacks() -> None:
    assert [line.partition(":")[0] for line in problems_of(flow_of(CREATE, LIST), target="prismatic")] == [
        "error Create Label",
        "error List Labels",
    ]


def test_documented_field_that_the_example_lacks_is_not_a_problem() -> None:
    source = call("Get Source", "getSource", sourceId="s")
    uses = [
        call(f"Use {number}", "getSource", sourceId=f"=getSource.results.data.{path}")
        for number, path in enumerate(("source.metadata.partnerOwned", "source.settings.anything", "trackingPlanId"))
    ]

    assert problems_of(flow_of(source, *uses)) == []


def test_described_steps_run_and_are_undone(
    connections: dict[str, Any], server: LoopbackServer, labels: list[dict[str, Any]]
) -> None:
    run = flow_of(CREATE, LIST, ADD).run(SEGMENT, connections=connections)

    sent = [(request.method, request.path) for request in server.requests]
    assert sent == [("POST", "/labels"), ("GET", "/labels"), ("POST", "/sources/s/labels")]
    assert server.requests[2].json == {"labels": [LABEL]}
    result = undo(run.id, SEGMENT, connections=connections)

    assert [write.step for write in result.deleted] == ["Create Label"]
    assert [write.step for write, _ in result.not_undone] == ["Add Labels"]
    assert (server.requests[-1].method, server.requests[-1].path) == ("DELETE", "/labels/team/data")
    assert labels == []


def test_dry_run_sends_no_write_of_a_described_step(connections: dict[str, Any], server: LoopbackServer) -> None:
    run = flow_of(CREATE, LIST).run(SEGMENT, connections=connections, dry_run=True)

    assert [request.method for request in server.requests] == ["GET"]
    assert [write["action"] for write in run.skipped_writes] == ["segment.createLabel"]


def test_destructive_described_steps_are_named() -> None:
    steps = [CREATE, call("Delete", "deleteLabel", key="a", value="b")]

    assert flow_of(*steps).destructive_steps(SEGMENT) == ["Delete"]


def test_trace_redacts_secrets_of_responses_and_the_result_keeps_them(
    connections: dict[str, Any], tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    again = call("Again", "getSource", sourceId="=getSource.results.data.source.writeKeys.0")

    run = flow_of(call("Get Source", "getSource", sourceId="s"), again).run(
        SEGMENT, connections=connections, trace=trace, keep_values=True
    )

    assert WRITE_KEY not in trace.read_text()
    assert [line.get("step") for line in read_trace(trace)] == [None, "Get Source", "Again", None]
    assert run.steps["Get Source"].results["data"]["source"]["writeKeys"] == [WRITE_KEY]
