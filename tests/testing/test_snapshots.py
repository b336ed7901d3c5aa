"""`assert_snapshot`: what a run did, without what differs from run to run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.errors import StepError
from connector.flows import Run
from connector.testing import assert_snapshot, run_flow
from tests.flows.support import echo, flow_of, step


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
