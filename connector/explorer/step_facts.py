"""What the page of a flow says about its steps, without secrets."""

from __future__ import annotations

from typing import Any

from connector.common.redaction import REDACTED, Redactor
from connector.component.component import Component
from connector.describe.summaries import effect
from connector.explorer.site import pretty
from connector.flows.check.problems import FlowProblem
from connector.flows.file.model import FlowDefinition, Step
from connector.flows.file.step_actions import action_of
from connector.flows.values.expressions import ConfigVariable, Expression, Reference, Template
from connector.flows.values.expressions import Literal as LiteralValue


def step_facts(
    definition: FlowDefinition, component: Component, problems: list[FlowProblem]
) -> dict[str, dict[str, Any]]:
    """Return what the page says about each step, by its name."""
    return {step.name: _facts_of(step, component, problems) for step in definition.walk()}


def _facts_of(step: Step, component: Component, problems: list[FlowProblem]) -> dict[str, Any]:
    action = action_of(step.kind, {component.key: component})
    secret = action.inputs.secret_keys() if action else frozenset()
    inputs = {key: _written(value, is_secret=key in secret) for key, value in step.inputs.items()}
    own = [problem for problem in problems if problem.step == step.name]
    severity = "bad" if any(each.severity == "error" for each in own) else "warned" if own else ""
    return {
        "effect": effect(action) if action else "",
        "inputs": {**step.connections, **inputs},
        "problems": own,
        "severity": severity,
    }


def _written(expression: Expression, *, is_secret: bool) -> str:
    """Return an expression as the file has it; a secret literal is redacted."""
    match expression:
        case LiteralValue(value):
            return REDACTED if is_secret else value if isinstance(value, str) else pretty(value)
        case Reference(text) | Template(text):
            return text
        case ConfigVariable(key):
            return f"config variable {key}"
    return "several values"


def redacted(component: Component, kind: str, value: Any) -> Any:
    """Return inputs or results of a step without secrets."""
    action = action_of(kind, {component.key: component})
    names = set() if action is None else set(action.inputs.secret_keys())
    if action is not None and action.operation is not None:
        names |= action.operation.secret_fields
    return Redactor((), names).record(value)
