"""The changes between two versions of an integration, for reviews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from difflib import SequenceMatcher
from typing import Any

from connector.common.differences import Change, compare
from connector.flows.file.model import ConfigVariable, ErrorConfig, FlowDefinition, Integration, Step
from connector.flows.flow import Flow
from connector.flows.values.expressions import (
    Complex,
    Expression,
    Pair,
    Reference,
    Template,
)
from connector.flows.values.expressions import (
    ConfigVariable as ConfigPart,
)
from connector.flows.values.expressions import (
    Literal as Text,
)

Facts = dict[str, dict[str, Any]]


class FlowChange(Change):
    """One change of an integration.

    Attributes:
        kind: `added`, `removed`, or `changed`; a step is `moved` if it has another order among its neighbors.
        subject: The flow, step, or config variable, such as `flow "Main", step "Get Source"`.
        detail: The old and the new values.
    """

    __slots__ = ()


def flow_changes(old: Flow, new: Flow) -> list[FlowChange]:
    """Return the changes from one version of an integration to another: flows, steps, inputs, and config variables.

    A step is known by its name, so a renamed step is one that was removed and one that was added. The values of
    connection fields are left out, because they can be secrets.
    """
    before, after = old.integration, new.integration
    changes = [FlowChange(*difference) for difference in compare(_facts(before), _facts(after))]
    changes += _changed_fields(before, after)
    flows = {flow.name: flow for flow in before.flows}
    for flow in after.flows:
        if flow.name in flows:
            changes += _moved(flows[flow.name], flow)
    return changes


def _facts(integration: Integration) -> Facts:
    facts: Facts = {"integration": {"name": integration.name, "description": integration.description}}
    for flow in integration.flows:
        about = {"description": flow.description, "isSynchronous": flow.is_synchronous, **_plain(flow.extra)}
        facts[_flow_name(flow)] = about
        facts |= _step_facts(flow, flow.steps, "the flow")
    for variable in integration.config_variables.values():
        facts[_variable_name(variable)] = _variable_facts(variable)
    return facts


def _flow_name(flow: FlowDefinition) -> str:
    return f'flow "{flow.name}"'


def _step_name(flow: FlowDefinition, name: str) -> str:
    return f'{_flow_name(flow)}, step "{name}"'


def _variable_name(variable: ConfigVariable) -> str:
    return f'{"config variable" if variable.kind == "value" else "connection"} "{variable.key}"'


def _step_facts(flow: FlowDefinition, steps: Sequence[Step], container: str) -> Facts:
    facts: Facts = {}
    for step in steps:
        inputs = {f"input {key}": _value(expression) for key, expression in step.inputs.items()}
        about = {"action": step.kind, "container": container, "description": step.description, **_plain(step.extra)}
        if step.on_error != ErrorConfig():
            about |= {f"errorConfig {key}": value for key, value in asdict(step.on_error).items()}
        facts[_step_name(flow, step.name)] = {**about, **inputs}
        facts |= _step_facts(flow, step.steps, f'step "{step.name}"')
        for branch in step.branches:
            facts |= _step_facts(flow, branch.steps, f'branch "{branch.name}" of step "{step.name}"')
    return facts


def _variable_facts(variable: ConfigVariable) -> dict[str, Any]:
    facts = {
        "dataType": variable.data_type,
        "defaultValue": variable.default,
        "pickList": list(variable.choices) or None,
        "collectionType": variable.collection,
        "component": variable.component,
        "connection": variable.connection,
        **_plain(variable.extra),
    }
    return {fact: value for fact, value in facts.items() if value is not None}


def _plain(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other fields of the file that are scalars, and the schedule; the rest is layout, or can be secret."""
    return {key: value for key, value in extra.items() if key == "schedule" or not isinstance(value, dict | list)}


def _value(expression: Expression) -> Any:
    """Return an expression as JSON: a literal as a string, any other with its type."""
    match expression:
        case Text(value):
            return value
        case Reference(text):
            return {"reference": text}
        case ConfigPart(key):
            return {"configVar": key}
        case Template(text):
            return {"template": text}
        case Complex(items):
            return [_value(item) for item in items]
        case Pair(name, value):
            return {"name": _value(name), "value": _value(value)}


def _changed_fields(before: Integration, after: Integration) -> Iterator[FlowChange]:
    for key, variable in after.config_variables.items():
        old: Mapping[str, Expression] = before.config_variables[key].inputs if key in before.config_variables else {}
        if key not in before.config_variables or old == variable.inputs:
            continue
        keys = [*old, *(field for field in variable.inputs if field not in old)]
        changed = [field for field in keys if old.get(field) != variable.inputs.get(field)]
        yield FlowChange("changed", _variable_name(variable), f"fields {', '.join(changed)}")


def _moved(before: FlowDefinition, after: FlowDefinition) -> Iterator[FlowChange]:
    old_blocks, new_blocks = dict(_blocks(before)), dict(_blocks(after))
    for container, names in new_blocks.items():
        old = [name for name in old_blocks.get(container, ()) if name in names]
        new = [name for name in names if name in old]
        matches = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        unmoved = {name for match in matches for name in new[match.b : match.b + match.size]}
        for name in new:
            if name not in unmoved:
                previous = names[names.index(name) - 1] if names.index(name) else ""
                place = f'after "{previous}"' if previous else "to the first position"
                yield FlowChange("moved", _step_name(after, name), place)


def _blocks(flow: FlowDefinition) -> Iterator[tuple[str, list[str]]]:
    yield "", [step.name for step in flow.steps]
    for step in flow.walk():
        yield f"steps of {step.name}", [inner.name for inner in step.steps]
        for branch in step.branches:
            yield f"branch {branch.name} of {step.name}", [inner.name for inner in branch.steps]
