"""One step of Prismatic, run alone."""

from __future__ import annotations

from typing import Any

from connector.flows import Run
from tests.flows.support import flow_of, step, value


def run_step(kind: str, inputs: dict[str, Any], payload: Any = None, **options: Any) -> Run:
    """Run a flow with this step, whose inputs are short forms (see `value`), and `=` refers to the payload."""
    config = options.pop("config_variables", ())
    flow = flow_of(step("Step", kind, {key: form(part) for key, part in inputs.items()}), config=config)
    return flow.run([], payload=payload, **{"journal": False, **options})


def form(part: Any) -> Any:
    """A list or an object of short forms becomes a complex value; `=` alone is the payload."""
    if isinstance(part, list):
        return {"type": "complex", "value": [form(entry) for entry in part]}
    if isinstance(part, dict):
        return {"type": "complex", "value": [{"name": name, **form(entry)} for name, entry in part.items()]}
    return value(part.replace("=", "=trigger.results.body.data", 1) if part.startswith("=") else part)
