"""`assert_snapshot`: what a run did, without what differs from run to run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector.errors import StepError
from connector.flows import Run
from connector.testing import assert_snapshot, run_flow, sandbox
from tests.cli.flows import call, variable
from tests.flows.support import echo, flow_of, step
from tests.sandbox.test_conformance import IDS, KNOWN, OTHER_IDS, body_of
from tests.support.reference import API


def run_of(results: Any, *later: dict[str, Any]) -> Run:
    stubs = {"Get": results, **{each["name"]: 1 for each in later}}
    return run_flow(flow_of(step("Get", "api.get"), *later), components={}, stubs=stubs)


def written(run: Run, file: Path) -> list[dict[str, Any]]:
    with pytest.raises(AssertionError, match="wrote the snapshot"):
        assert_snapshot(run, file)
    lines: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return lines


def test_missing_snapshot_is_written_and_fails_once(tmp_path: Path) -> None:
    file = tmp_path / "snapshots" / "run.json"
    run = run_of({"a": 1})
    assert written(run, file) == [
        {
            "path": "get",
            "step": "Get",
            "action": "api.get",
            "state": "done",
            "stubbed": True,
            "inputs": {},
            "results": {"a": 1},
        }
    ]
    assert_snapshot(run, file)


def test_changed_run_fails_with_the_difference(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    written(run_of({"a": 1}), file)
    with pytest.raises(AssertionError, match="the run differs from its snapshot") as caught:
        assert_snapshot(run_of({"a": 2}), file)
    assert '-      "a": 1' in str(caught.value)
    assert '+      "a": 2' in str(caught.value)


ONE = "0b6f3c1e-8f5e-4d62-9a3e-0d2f6a1b7c11"
OTHER = "5d1c9d0e-1111-4d62-9a3e-0d2f6a1b7c22"


@pytest.mark.parametrize(
    ("value", "normalized"),
    [
        ("2026-01-31T12:00:00.123Z", "<time>"),
        ("since 2026-01-31 12:00:00+01:00", "since <time>"),
        ("http://127.0.0.1:53124/things", "http://<host>/things"),
        ([ONE, OTHER, ONE], ["<id 1>", "<id 2>", "<id 1>"]),
        ("rYxTjyaPtAELCjnFE5EYfM", "<id 1>"),
        ("20261125-234000-8882a7", "<run>"),
        ("2026-01-31", "2026-01-31"),
        ("aPlainWordOfLetters", "aPlainWordOfLetters"),
        (12, 12),
    ],
)
def test_times_hosts_and_ids_are_normalized(value: Any, normalized: Any, tmp_path: Path) -> None:
    (line,) = written(run_of({"value": value}), tmp_path / "run.json")
    assert line["results"] == {"value": normalized}


def test_id_that_is_passed_on_is_recognized(tmp_path: Path) -> None:
    lines = written(run_of({"id": ONE}, echo("Echo", "~id {{$get.results.id}}")), tmp_path / "run.json")
    assert (lines[0]["results"], lines[1]["inputs"]) == ({"id": "<id 1>"}, {"value": "id <id 1>"})


def test_failed_run_has_a_trace_for_a_snapshot(tmp_path: Path) -> None:
    with pytest.raises(StepError) as caught:
        run_of(ValueError("no"))
    (line,) = written(caught.value.run, tmp_path / "run.json")
    assert (line["state"], line["error"]) == ("failed", "no")


CREATED = [
    id_ for id_ in KNOWN if id_.startswith("create") and id_ not in ("createFunctionDeployment", "createInvites")
]
"""The operations of the sandbox that create a record with an ID."""


def creating_step(operation: str) -> dict[str, Any]:
    ids = IDS | OTHER_IDS.get(operation, {})
    in_path = {name: ids[name] for name in re.findall(r"{(\w+)}", API[operation].path)}
    renamed = {"if": "ifInput"} if operation == "createTransformation" else {}
    body = {renamed.get(name, name): part for name, part in body_of(operation).items()}
    texts = {name: part if isinstance(part, str) else json.dumps(part) for name, part in (in_path | body).items()}
    created: dict[str, Any] = call(operation, operation, texts)
    return created


def test_every_record_that_the_sandbox_creates_has_numbered_ids(tmp_path: Path) -> None:
    flow = flow_of(*map(creating_step, CREATED), call("Users", "listUsers"), config=[variable("Workspace")])
    runs = []
    for _ in range(2):
        with sandbox() as workspace:
            runs.append(run_flow(flow, workspace))
    lines = written(runs[0], tmp_path / "run.json")
    assert_snapshot(runs[1], tmp_path / "run.json")
    assert len(lines) == len(CREATED) + 1
    unnumbered = [line["step"] for line in lines if "<id " not in json.dumps(line["results"])]
    assert unnumbered == ["createLabel"]  # a label is named by its key and value


@pytest.mark.parametrize(
    ("action", "inputs", "expected"),
    [
        (
            "createFunction",
            {"code": "x", "displayName": "F", "resourceType": "DESTINATION"},
            {"id": "dfn_<id 1>", "catalogId": "<id 1>"},
        ),
        ("createTrackingPlan", {"name": "P", "type": "LIVE"}, {"id": "tp_<id 1>"}),
    ],
)
def test_prefix_of_a_generated_id_stays(
    action: str, inputs: dict[str, str], expected: dict[str, str], tmp_path: Path
) -> None:
    flow = flow_of(call("Create", action, inputs), config=[variable("Workspace")])
    with sandbox() as workspace:
        (line,) = written(run_flow(flow, workspace), tmp_path / "run.json")
    (record,) = line["results"]["data"].values()
    assert expected.items() <= record.items()


def test_id_without_a_digit_is_numbered_when_the_sandbox_generated_it(tmp_path: Path) -> None:
    with sandbox() as workspace:
        workspace.handler.generated.append("onlyLetters")
        run = run_flow(flow_of(echo("Echo", "tp_onlyLetters"), config=[]), workspace, stubs={"Echo": "tp_onlyLetters"})
    (line,) = written(run, tmp_path / "run.json")
    assert line["results"] == "tp_<id 1>"
