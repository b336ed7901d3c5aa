"""Described actions and flows of them against the local workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import connector
from connector.component.json_schema import sample
from connector.flows import Flow, undo
from connector.sandbox_kit.sandbox import Sandbox, sandbox_of
from connector.testing import sandbox
from tests.flows import support
from tests.flows.support import step

POSTGRES = "55d3d3aea3c"


def flow_of(*steps: dict[str, Any]) -> Flow:
    workspace = {
        "key": "Workspace",
        "dataType": "connection",
        "connection": {"key": "apiKey", "component": {"key": "segment"}},
        "inputs": {},
    }
    return Flow.parse(json.dumps(support.document(*steps) | {"requiredConfigVars": [workspace]}), "flow.yaml")


def call(name: str, action: str, **inputs: Any) -> dict[str, Any]:
    return step(name, f"segment.{action}", {"connectionInput": "#Workspace", **inputs})


def test_flow_with_a_described_step_is_checked_run_and_undone(
    segment: connector.Component, workspace: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))
    assert "createWarehouse" in segment.operations
    settings = {"type": "complex", "value": [{"name": "password", "type": "value", "value": "p"}]}
    flow = flow_of(
        call("Create Warehouse", "createWarehouse", metadataId=POSTGRES, settings=settings),
        call("Get Warehouse", "getWarehouse", warehouseId="=createWarehouse.results.data.warehouse.id"),
    )
    before = workspace.dump()

    assert flow.check(segment) == []
    run = flow.run(segment, connections={"Workspace": workspace.connection})

    assert len(workspace.dump()["warehouses"]) == len(before["warehouses"]) + 1
    result = undo(run.id, segment, connections={"Workspace": workspace.connection})
    assert [write.step for write in result.deleted] == ["Create Warehouse"]
    assert workspace.dump()["warehouses"] == before["warehouses"]


def unsimulated(segment: connector.Component) -> tuple[str, dict[str, Any]]:
    """A read that the sandbox does not simulate, and inputs for it."""
    simulated = {operation.id for operation in sandbox_of(segment).operations}
    for key, action in segment.operations.items():
        if key not in simulated and action.effect == "read" and action.operation and not action.operation.body_schema:
            parameters = [parameter for parameter in action.operation.parameters if parameter.required]
            return key, {parameter.name: sample(parameter.schema) for parameter in parameters}
    pytest.fail("the sandbox simulates every read; test the assumption in another way")


def test_operation_that_is_not_simulated_is_named(segment: connector.Component, runner: connector.Runner) -> None:
    key, inputs = unsimulated(segment)

    with pytest.raises(connector.errors.ConnectorError, match=rf"does not implement {key} "):
        runner.invoke(key, inputs)


def test_sample_of_an_operation_that_is_not_simulated_fits_its_output_schema(segment: connector.Component) -> None:
    key, inputs = unsimulated(segment)
    with sandbox(segment, assume={"unbuilt-operation": "sample"}) as opened:
        payload = opened.runner().invoke(key, inputs)

    Draft202012Validator(segment.action(key).output_schema).validate(payload)
    assert payload == segment.action(key).example
