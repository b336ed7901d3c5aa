"""Flows: check, run, and draw Prismatic integrations on your machine.

    from connector.flows import Flow

    flow = Flow.load("provision.yaml")
    flow.check()
    run = flow.run(connections={"Workspace": {"fields": {"apiKey": "..."}}}, payload={"name": "shop"})
    run.results

`resume` and `undo` resume or undo a run from its journal; `runs` lists past runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.flows.changes import FlowChange, flow_changes
    from connector.flows.check.problems import FlowProblem
    from connector.flows.flow import Flow
    from connector.flows.run.events import Event, LogEvent, RunEvent, StepEvent
    from connector.flows.run.limits import Limits
    from connector.flows.run.result import Run
    from connector.flows.run.resume import resume
    from connector.flows.run.settings import RunSettings
    from connector.flows.run.settle import settle
    from connector.flows.run.stubs import StubResponse
    from connector.flows.run.trace import read_trace
    from connector.flows.run.undo import UndoResult, undo
    from connector.flows.run_timeline import Timeline, TimelineRow, follow_run, timeline
    from connector.flows.schema import json_schema
    from connector.flows.show import mermaid, tree
    from connector.flows.starter_flow import first_flow
    from connector.flows.starter_stubs import starter_stubs
    from connector.flows.steps.step_call import StepCall
    from connector.journal.past_runs import prune, runs
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            ".journal.past_runs": ("prune", "runs"),
            "changes": ("FlowChange", "flow_changes"),
            "check.problems": ("FlowProblem",),
            "flow": ("Flow",),
            "run.events": ("Event", "LogEvent", "RunEvent", "StepEvent"),
            "run.limits": ("Limits",),
            "run.result": ("Run",),
            "run.resume": ("resume",),
            "run.settings": ("RunSettings",),
            "run.settle": ("settle",),
            "run.stubs": ("StubResponse",),
            "run.trace": ("read_trace",),
            "run.undo": ("UndoResult", "undo"),
            "schema": ("json_schema",),
            "show": ("mermaid", "tree"),
            "starter_flow": ("first_flow",),
            "starter_stubs": ("starter_stubs",),
            "steps.step_call": ("StepCall",),
            "run_timeline": ("Timeline", "TimelineRow", "follow_run", "timeline"),
        },
    )

__all__ = [
    "Event",
    "Flow",
    "FlowChange",
    "FlowProblem",
    "Limits",
    "LogEvent",
    "Run",
    "RunEvent",
    "RunSettings",
    "StepCall",
    "StepEvent",
    "StubResponse",
    "Timeline",
    "TimelineRow",
    "UndoResult",
    "first_flow",
    "flow_changes",
    "follow_run",
    "json_schema",
    "mermaid",
    "prune",
    "read_trace",
    "resume",
    "runs",
    "settle",
    "starter_stubs",
    "timeline",
    "tree",
    "undo",
]
