"""Checks of step inputs against the definitions of actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.component.definitions import Action
from connector.errors import InputError
from connector.flows.check.problems import Rule, error
from connector.flows.file.model import Integration, Step
from connector.flows.file.step_inputs import CONNECTION_INPUTS, connection_of
from connector.flows.steps.built_in import BuiltIn
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.expressions import ConfigVariable, Scope, evaluate, is_static, is_unset


class InputChecks:
    """Checks the inputs that are known before a run."""

    def __init__(self, integration: Integration, components: Mapping[str, Component]) -> None:
        self.integration = integration
        self.components = components

    def check(self, step: Step) -> Iterator[Rule]:
        """Yield the problems of the inputs of a step."""
        built_in = BUILT_IN.get(step.kind)
        if built_in is not None:
            yield from _built_in(step, built_in)
            return
        component = self.components.get(step.component)
        action = component.find_action(step.action) if component else None
        if component is not None and action is not None:
            yield from self._connection(step, component, action)
            yield from self._unknown(step, action)
            yield from self._values(step, action)

    def _connection(self, step: Step, component: Component, action: Action[Any]) -> Iterator[Rule]:
        key, name = connection_of(step, action)
        expression = step.inputs.get(key or "")
        if key is None or is_unset(expression) or not component.connections:
            return
        place = ("inputs", key)
        if not isinstance(expression, ConfigVariable):
            hint = "Write `type: configVar` and the key of a connection."
            yield error("connection", place, f"{key}: must be a config variable", hint)
            return
        variable = self.integration.config_variables.get(name or "")
        if variable is None:
            return
        if variable.kind == "value":
            yield error("connection", place, f'{key}: config variable "{name}" is not a connection')
        elif variable.component not in (None, component.key):
            message = f'{key}: "{name}" is a connection of {variable.component}, not of {component.key}'
            yield error("connection", place, message)

    def _unknown(self, step: Step, action: Action[Any]) -> Iterator[Rule]:
        known = action.inputs.definitions()
        for key, expression in step.inputs.items():
            if key not in known and not _is_connection(step, key) and not is_unset(expression):
                hint = did_you_mean(key, known) or f"Available inputs: {', '.join(known) or 'none'}."
                yield error("unknown-input", ("inputs", key), f'unknown input "{key}" of {step.kind}', hint)

    def _values(self, step: Step, action: Action[Any]) -> Iterator[Rule]:
        known = action.inputs.definitions()
        own = {key: expression for key, expression in step.inputs.items() if key in known}
        dynamic = {key for key, expression in own.items() if not is_static(expression) and not is_unset(expression)}
        values = {key: evaluate(e, Scope()) for key, e in own.items() if key not in dynamic and not is_unset(e)}
        try:
            action.inputs.from_values(values)
        except InputError as invalid:
            for problem in invalid.problems:
                key = problem.location.split(".")[0].split("[")[0]
                if key in dynamic:
                    continue
                rule = "value" if key in values else "missing-input"
                yield error(rule, ("inputs", key), f"{problem.location}: {problem.message}", problem.hint)


def _is_connection(step: Step, key: str) -> bool:
    return key in step.connections or key in CONNECTION_INPUTS


def _built_in(step: Step, built_in: BuiltIn) -> Iterator[Rule]:
    for key, expression in step.inputs.items():
        if built_in.inputs is not None and key not in built_in.inputs and not is_unset(expression):
            hint = (
                did_you_mean(key, built_in.inputs)
                or f"Available inputs: {', '.join(sorted(built_in.inputs)) or 'none'}."
            )
            yield error("unknown-input", ("inputs", key), f'unknown input "{key}" of {step.kind}', hint)
    for key in sorted(built_in.required):
        if is_unset(step.inputs.get(key)):
            yield error("missing-input", ("inputs", key), f"{key}: is required")
