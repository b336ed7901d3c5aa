"""Run the flows of other people's exports with stubs that are filled from shapes alone.

    TESTS_FLOW_EXPORTS=FOLDER python -m tests.flows.exports

prints how each flow ended, and how many steps of each component were executed and stubbed. Nothing leaves the machine:
the steps whose components are not installed have stubs, and the HTTP steps have responses.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.errors import ConnectorError, InvalidFlowError, StepError
from connector.flows import Flow, Run, starter_stubs
from connector.flows.file.model import ConfigVariable
from connector.testing import run_flow

FOLDER = "TESTS_FLOW_EXPORTS"
"""Environment variable that names the folder of exports."""

REQUIRED_SHARE = 0.85
"""Share of the flows that must run to their end."""

SAMPLES = {
    "number": "1",
    "boolean": "true",
    "date": "2026-01-31",
    "timestamp": "2026-01-31T12:00:00Z",
    "objectFieldMap": '[{"source": "name", "destination": "name"}]',
    "jsonForm": '[{"source": "name", "destination": "name"}]',
    "objectSelection": "[]",
}


@dataclass
class Outcome:
    """How a flow ended."""

    file: str
    flow: str
    run: Run | None
    error: str = ""


def sample_config(variable: ConfigVariable) -> Any:
    """Return a value for a config variable without a usable default."""
    if variable.choices:
        return variable.choices[0]
    if variable.collection == "keyvaluelist":
        return '[{"key": "name", "value": "example"}]'
    if variable.collection:
        return '["example"]'
    is_url = any(word in variable.key.lower() for word in ("url", "endpoint"))
    return SAMPLES.get(variable.data_type, "https://example.com/config" if is_url else "example")


def run_export(file: Path, name: str) -> Outcome:
    """Run one flow of an export."""
    flow = Flow.load(file)
    variables = flow.integration.config_variables.values()
    config = {v.key: sample_config(v) for v in variables if v.kind == "value" and v.default in (None, "")}
    try:
        stubs = starter_stubs(flow, name=name)
        return Outcome(file.name, name, run_flow(flow, flow=name, config=config, stubs=stubs))
    except StepError as error:
        return Outcome(file.name, name, error.run, str(error))
    except ConnectorError as error:
        return Outcome(file.name, name, None, str(error))


def main() -> int:
    """Run every flow of the folder in TESTS_FLOW_EXPORTS."""
    folder = os.environ.get(FOLDER)
    if not folder:
        print(f"{FOLDER} names no folder of exports", file=sys.stderr)
        return 2
    outcomes = []
    for file in sorted(path for path in Path(folder).iterdir() if path.suffix in {".yml", ".yaml"}):
        try:
            names = Flow.load(file).flows
        except InvalidFlowError as error:
            print(f"{file.name}: {error.problems[0].message}")
            continue
        outcomes += [run_export(file, name) for name in names]
    return report(outcomes)


def report(outcomes: list[Outcome]) -> int:
    """Print the outcomes, and return the exit code."""
    steps: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        state = "ran to its end" if not outcome.error else f"stopped: {outcome.error.splitlines()[0]}"
        print(f"{outcome.file} / {outcome.flow}: {state}")
        for row in outcome.run.steps.by_component() if outcome.run else ():
            counts = {"executed": row.executed, "stubbed": row.stubbed, "not reached": row.not_reached}
            steps.setdefault(row.component, Counter()).update(counts)
    print(f"\n{'component':<28}executed  stubbed  not reached")
    for component, counts in sorted(steps.items()):
        print(f"{component:<28}{counts['executed']:>8}{counts['stubbed']:>9}{counts['not reached']:>13}")
    ended = sum(not outcome.error for outcome in outcomes)
    print(f"\n{ended} of {len(outcomes)} flows ran to their end ({ended / max(len(outcomes), 1):.0%})")
    return 0 if ended >= REQUIRED_SHARE * len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
