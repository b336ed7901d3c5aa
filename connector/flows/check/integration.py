"""The static check of an integration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from connector.component.component import Component
from connector.flows.check.example_shapes import UNKNOWN, item_shape, step_shape, trigger_shape
from connector.flows.check.inputs import InputChecks
from connector.flows.check.problems import FlowProblem, Severity
from connector.flows.check.references import VisibleSteps, check_parts
from connector.flows.check.structure import check_structure
from connector.flows.check.target import check_target
from connector.flows.file.model import ConfigVariable, FlowDefinition, Integration, Step
from connector.flows.values.expressions import ConfigVariable as ConfigPart
from connector.flows.values.expressions import Literal as Text
from connector.flows.values.expressions import parts_of

Target = Literal["prismatic"]


def check(
    integration: Integration,
    components: Mapping[str, Component],
    *,
    flows: Sequence[FlowDefinition] | None = None,
    target: Target | None = None,
    config: Mapping[str, Any] | None = None,
) -> list[FlowProblem]:
    """Return the problems of an integration; see `connector.flows.flow.Flow.check`."""
    checked = integration.flows if flows is None else flows
    problems = list(_variable_problems(integration, components, checked, config))
    for flow in checked:
        problems += _Check(integration, components, flow, target).check()
    return problems


class _Check:
    """The check of one flow. It visits the steps in order and knows which results each step can use."""

    def __init__(
        self,
        integration: Integration,
        components: Mapping[str, Component],
        flow: FlowDefinition,
        target: Target | None,
    ) -> None:
        self.integration = integration
        self.components = components
        self.flow = flow
        self.target = target
        self.problems: list[FlowProblem] = []
        self.inputs = InputChecks(integration, components)

    def check(self) -> list[FlowProblem]:
        trigger, *steps = self.flow.steps
        visible = VisibleSteps(self.flow, self.integration)
        visible.show(trigger, trigger_shape())
        self._walk(steps, visible, loops=0)
        return self.problems

    def _walk(self, steps: Sequence[Step], visible: VisibleSteps, loops: int) -> None:
        for step in steps:
            self._add(step, check_structure(step, self.components, loops))
            self._add(step, check_parts(step, visible))
            self._add(step, self.inputs.check(step))
            if self.target is not None:
                self._add(step, check_target(step, self.components))
            self._blocks(step, visible, loops)
            visible.show(step, step_shape(step, self.components, visible))

    def _blocks(self, step: Step, visible: VisibleSteps, loops: int) -> None:
        if step.steps:
            visible.enter(step, item_shape(step, visible) if step.action == "loopOverItems" else UNKNOWN)
            self._walk(step.steps, visible, loops + 1)
            visible.leave(step)
        for branch in step.branches:
            self._walk(branch.steps, visible, loops)
            visible.close_branch(branch)
        visible.join(step)

    def _add(self, step: Step, rules: Iterator[tuple[Severity, str, tuple[str | int, ...], str, str]]) -> None:
        for severity, rule, place, message, hint in rules:
            location = self.integration.location((*step.place, *place))
            self.problems.append(FlowProblem(severity, rule, location, self.flow.name, step.name, message, hint))


def _variable_problems(
    integration: Integration,
    components: Mapping[str, Component],
    flows: Sequence[FlowDefinition],
    config: Mapping[str, Any] | None,
) -> Iterator[FlowProblem]:
    used = _used_variables(flows)
    for key, variable in integration.config_variables.items():
        location = integration.location(variable.place)
        if variable.kind == "value" and key in used:
            yield from _unset_problems(variable, location, config)
        if variable.kind == "connection":
            yield from _connection_problems(variable, location, components, is_used=key in used)


def _used_variables(flows: Sequence[FlowDefinition]) -> set[str]:
    steps = (step for flow in flows for step in flow.walk())
    expressions = (expression for step in steps for expression in step.inputs.values())
    return {part.key for expression in expressions for part in parts_of(expression) if isinstance(part, ConfigPart)}


def _unset_problems(variable: ConfigVariable, location: str, config: Mapping[str, Any] | None) -> Iterator[FlowProblem]:
    if variable.default in (None, "") and (config or {}).get(variable.key) in (None, ""):
        severity: Severity = "warning" if config is None else "error"
        message = f'config variable "{variable.key}" has no value'
        hint = f"Pass --config '{variable.key}=VALUE', or config={{{variable.key!r}: ...}} in Python."
        yield FlowProblem(severity, "unset-config-variable", location, "", "", message, hint)
    if variable.choices and variable.default not in (None, "", *variable.choices):
        message = f'default "{variable.default}" of "{variable.key}" is not one of its choices'
        yield FlowProblem("error", "choice", location, "", "", message, f"Use one of {', '.join(variable.choices)}.")


def _connection_problems(
    variable: ConfigVariable, location: str, components: Mapping[str, Component], *, is_used: bool
) -> Iterator[FlowProblem]:
    component = components.get(variable.component or "")
    if component is None:
        return
    if variable.connection not in component.connections:
        message = f'unknown {component.key} connection "{variable.connection}"'
        hint = f"Available connections: {', '.join(component.connections)}."
        yield FlowProblem("error" if is_used else "warning", "unknown-connection", location, "", "", message, hint)
        return
    definitions = component.connections[variable.connection].fields.definitions()
    for key, expression in variable.inputs.items():
        marker = definitions.get(key)
        if marker is not None and not marker.shown and isinstance(expression, Text) and expression.value:
            message = f'hidden field "{key}" of connection "{variable.key}" is ignored'
            yield FlowProblem(
                "warning", "hidden-field", location, "", "", message, "Pass the field with the connection."
            )
        secret = marker is not None and marker.is_secret
        if secret and isinstance(expression, Text) and expression.value:
            message = f'file contains the secret "{key}" of connection "{variable.key}"'
            yield FlowProblem("warning", "secret", location, "", "", message, "Remove it and pass it at run time.")
