"""Integration files for the tests of `connector flow`, and the examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.flows.support import step, value

EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"
COPY = EXAMPLES / "copy_source.yaml"
NEW_SOURCE = {"slug": "shop", "enabled": "true", "metadataId": "IqDTy1TpoU"}


def integration(
    folder: Path,
    *steps: dict[str, Any],
    variables: list[dict[str, Any]],
    name: str = "flow",
    trigger: dict[str, Any] | None = None,
) -> Path:
    first = step("Trigger", "webhook-triggers.webhook", isTrigger=True, **(trigger or {}))
    flow = {"name": "Main", "isSynchronous": True, "steps": [first, *steps]}
    document = {"name": "Tests", "definitionVersion": 7, "flows": [flow], "requiredConfigVars": variables}
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return file


def variable(name: str, **fields: Any) -> dict[str, Any]:
    parts = {"key": "apiKey", "component": {"key": "segment"}}
    return {"key": name, "dataType": "connection", "connection": parts, "inputs": fields}


def call(name: str, action: str, inputs: dict[str, str] | None = None, *, connection: str | None = "Workspace") -> Any:
    values = {"connectionInput": {"type": "configVar", "value": connection}} if connection else {}
    return step(name, f"segment.{action}", values | {key: value(text) for key, text in (inputs or {}).items()})


def one_step(
    folder: Path,
    action: str,
    inputs: dict[str, str] | None = None,
    *,
    connection: str | None = "Workspace",
    fields: dict[str, Any] | None = None,
) -> Path:
    variables = [variable(connection, **(fields or {}))] if connection else []
    return integration(folder, call("Do It", action, inputs, connection=connection), variables=variables)


def read_flow(folder: Path) -> Path:
    return one_step(folder, "listSources")


def two_connections(folder: Path) -> Path:
    steps = [call(f"List {name}", "listSources", connection=name) for name in ("One", "Two")]
    return integration(folder, *steps, variables=[variable("One"), variable("Two")])
