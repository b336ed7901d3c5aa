"""Whether the inputs of a step fit its action, as far as they are known before the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.component.definitions import Action
from connector.errors import InputError
from connector.flows.check.references import Rule
from connector.flows.file.model import Integration, Step
from connector.flows.file.step_inputs import CONNECTION_INPUTS, connection_of
from connector.flows.steps.builtin_steps import BUILT_IN, BuiltIn
from connector.flows.values.expressions import ConfigVariable, Scope, evaluate, is_static, is_unset


class InputChecks:
    """Checks inputs against the definitions of actions."""

    def __init__(self, integration: Integration, components: Mapping[str, Component]) -> None:
        self.integration = integration
        self.components = components

    def check(self, step: Step) -> Iterator[Rule]:
        """What is wrong with the inputs of a step."""
        built_in = BUILT_IN.get(step.kind)
        if built_in is not None:
            yield from _built_in(step, built_in)
            return
        component = self.components.get(step.component)
        action = component.actions.get(step.action) if component else None
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
            hint = "Make it `type: configVar` with the key of a connection."
            yield "error", "connection", place, f"{key} must be a config variable.", hint
            return
        variable = self.integration.config_variables.get(name or "")
        if variable is None:
            return
        if variable.kind == "value":
            yield "error", "connection", place, f'"{name}" is a value, not a connection.', "Name a connection."
        elif variable.component not in (None, component.key):
            message = f'"{name}" is a connection to {variable.component}, not to {component.key}.'
            yield "error", "connection", place, message, "Name another connection."

    def _unknown(self, step: Step, action: Action[Any]) -> Iterator[Rule]:
        known = action.inputs.definitions()
        for key, expression in step.inputs.items():
            if key not in known and key not in CONNECTION_INPUTS and not is_unset(expression):
                hint = did_you_mean(key, known) or f"It takes {', '.join(known) or 'none'}."
                yield "error", "unknown-input", ("inputs", key), f"{step.kind} has no input {key}.", hint

    def _values(self, step: Step, action: Action[Any]) -> Iterator[Rule]:
        known = action.inputs.definitions()
        own = {key: expression for key, expression in step.inputs.items() if key in known}
        dynamic = {key for key, expression in own.items() if not is_static(expression) and not is_unset(expression)}
        values = {key: evaluate(e, Scope()) for key, e in own.items() if key not in dynamic and not is_unset(e)}
        try:
            action.inputs.from_values(values)
        except InputError as error:
            for problem in error.problems:
                key = problem.location.split(".")[0].split("[")[0]
                if key in dynamic:
                    continue
                missing = key not in values
                rule = "missing-input" if missing else "value"
                label = f"{problem.label} ({problem.location})" if problem.label else problem.location
                hint = problem.hint or ("Fill it in." if missing else "Correct it.")
                yield "error", rule, ("inputs", key), f"{label} {problem.message}", hint


def _built_in(step: Step, built_in: BuiltIn) -> Iterator[Rule]:
    for key, expression in step.inputs.items():
        if built_in.inputs is not None and key not in built_in.inputs and not is_unset(expression):
            hint = did_you_mean(key, built_in.inputs) or f"It takes {', '.join(sorted(built_in.inputs)) or 'none'}."
            yield "error", "unknown-input", ("inputs", key), f"{step.kind} has no input {key} here.", hint
    for key in sorted(built_in.required):
        if is_unset(step.inputs.get(key)):
            yield "error", "missing-input", ("inputs", key), f"{key} is required.", "Fill it in."
