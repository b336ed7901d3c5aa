"""Stubs to fill in, with the shapes that the later steps of a flow refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connector.flows.file.model import FlowDefinition, Step
from connector.flows.referenced_shapes import ReferencedShapes
from connector.flows.run.components import components_by_key
from connector.flows.run.stubs import HTTP, RESPONSES
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.expressions import Literal, Template

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.flow import Components, Flow

METHODS = {"httpPostFormData": "POST"}
"""HTTP methods of the actions of Prismatic's component `http` whose names say it differently."""


def starter_stubs(
    flow: Flow, components: Components = None, *, name: str | None = None, trace: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the files of a folder of stubs, by their name without the suffix; each is JSON.

    There is a stub for each step whose component is not installed, a response for each HTTP step, and one for the
    trigger, if later steps refer to it. They have the fields that later steps refer to, with values to replace.

    Args:
        flow: The integration.
        components: Components that are installed; see `Flow.check`.
        name: Name of the flow. Optional if the file has one flow.
        trace: Trace of a run. There is also a stub for each action in it, with its results.

    Raises:
        UsageError: If the file has no flow with this name, or has several flows and no name is passed.
    """
    definition = flow.definition(name)
    return _Starter(definition, components_by_key(components), _results_in(trace)).files()


class _Starter:
    def __init__(
        self, flow: FlowDefinition, components: Mapping[str, Component], recorded: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.flow = flow
        self.components = components
        self.recorded = recorded
        self.shapes = ReferencedShapes(flow)

    def files(self) -> dict[str, Any]:
        files: dict[str, Any] = {}
        responses: dict[str, Any] = {}
        trigger, *_ = self.flow.steps
        if self.shapes.has(trigger) or any(branch.steps for branch in trigger.branches):
            files[trigger.variable] = self._branching(trigger, self.shapes.value(trigger, {}), None)
        for step in self.flow.walk():
            if step is trigger:
                continue
            if step.component == HTTP and self.components[HTTP].find_action(step.action):
                self._add_response(step, responses)
            elif step.kind not in BUILT_IN and (self._is_unknown(step) or step.name in self.recorded):
                line = self.recorded.get(step.name)
                value = line["results"] if line else self.shapes.value(step, {})
                files[step.variable] = self._branching(step, value, line.get("branch") if line else None)
        return {**files, **({RESPONSES: responses} if responses else {})}

    def _is_unknown(self, step: Step) -> bool:
        component = self.components.get(step.component)
        return component is None or component.find_action(step.action) is None

    def _branching(self, step: Step, value: Any, branch: str | None) -> Any:
        """Return the value of a stub; for a step with branches, with the branch that was taken, or has steps."""
        if not step.branches:
            return value
        with_steps = [each.name for each in step.branches if each.steps]
        return {"branch": branch or [*with_steps, step.branches[0].name][0], "data": value}

    def _add_response(self, step: Step, responses: dict[str, Any]) -> None:
        line = self.recorded.get(step.name)
        value = line["results"] if line else self.shapes.value(step, {})
        include = step.inputs.get("includeFullResponse")
        if isinstance(include, Literal) and str(include.value) == "true":
            value = value.get("data", {}) if isinstance(value, Mapping) else value
        name = f"{_method(step)} {_url(step)}"
        earlier = responses.setdefault(name, {"status": 200, "body": value})
        earlier["body"] = _merged(earlier["body"], value)


def _results_in(trace: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the first execution of each step of a trace that ended with results."""
    recorded: dict[str, Mapping[str, Any]] = {}
    for line in trace:
        if line["type"] == "step" and line["state"] in ("done", "reused"):
            recorded.setdefault(line["step"], line)
    return recorded


def _method(step: Step) -> str:
    method = step.inputs.get("method")
    if isinstance(method, Literal) and method.value:
        return str(method.value).upper()
    return METHODS.get(step.action, step.action.removeprefix("http").upper())


def _url(step: Step) -> str:
    """Return the URL of an HTTP step, with `*` for what is known only in a run."""
    match step.inputs.get("url"):
        case Literal(value):
            url = str(value)
        case Template(_, parts):
            url = "".join(part if isinstance(part, str) else "*" for part in parts)
        case _:
            url = "*"
    # A path is appended to the URL of the connection.
    return f"*{url}" if url.startswith("/") else url.replace(" ", "*") or "*"


def _merged(one: Any, other: Any) -> Any:
    """Return a value that has the fields of two."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **{key: _merged(one[key], part) if key in one else part for key, part in other.items()}}
    return one or other
