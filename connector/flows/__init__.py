"""Flows: run, check and show integrations of the platform on this machine.

    from connector.flows import Flow

    flow = Flow.load("provision.yaml")
    flow.check()
    run = flow.run(connections={"Workspace": {"fields": {"apiKey": "..."}}}, payload={"name": "shop"})
    run.results

`resume` and `undo` take up or take back a run from its journal, `runs` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.flows.check import Finding
    from connector.flows.flow import Flow
    from connector.flows.limits import Limits
    from connector.flows.recovery import Undone, resume, runs, undo
    from connector.flows.run import Run
    from connector.flows.schema import json_schema
    from connector.flows.show import mermaid, tree
    from connector.flows.starter import first_flow

_MODULES = {
    "Finding": "check",
    "Flow": "flow",
    "Limits": "limits",
    "Run": "run",
    "Undone": "recovery",
    "first_flow": "starter",
    "json_schema": "schema",
    "mermaid": "show",
    "resume": "recovery",
    "runs": "recovery",
    "tree": "show",
    "undo": "recovery",
}

__all__ = [
    "Finding",
    "Flow",
    "Limits",
    "Run",
    "Undone",
    "first_flow",
    "json_schema",
    "mermaid",
    "resume",
    "runs",
    "tree",
    "undo",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
