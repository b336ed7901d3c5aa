"""Flows: run, check and show integrations of the platform on this machine.

    from connector.flows import Flow

    flow = Flow.load("provision.yaml")
    flow.check()
    run = flow.run(connections={"Workspace": {"fields": {"apiKey": "..."}}}, payload={"name": "shop"})
    run.results

`resume` and `undo` take up or take back a run from its journal, `runs` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.lazy import lazily

if TYPE_CHECKING:
    from connector.flows.findings import Finding
    from connector.flows.flow import Flow
    from connector.flows.limits import Limits
    from connector.flows.recovery import Undone, resume, runs, undo
    from connector.flows.run import Run
    from connector.flows.schema import json_schema
    from connector.flows.show import mermaid, tree
    from connector.flows.starter import first_flow
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "findings": ("Finding",),
            "flow": ("Flow",),
            "limits": ("Limits",),
            "recovery": ("Undone", "resume", "runs", "undo"),
            "run": ("Run",),
            "schema": ("json_schema",),
            "show": ("mermaid", "tree"),
            "starter": ("first_flow",),
        },
    )

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
