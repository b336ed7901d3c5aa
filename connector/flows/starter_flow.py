"""A valid starter flow for a component."""

from __future__ import annotations

import json
from typing import Any

from connector.component.component import Component
from connector.component.definitions import Action
from connector.describe.prismatic import connection_input
from connector.errors import UsageError

_TEMPLATE = """\
# Check: connector flow check FILE
# Run:   connector flow run FILE{run}
name: {name}
definitionVersion: 7
flows:
  - name: First Flow
    steps:
      - name: Trigger # You start it manually; --payload FILE sets trigger.results.body.data.
        isTrigger: true
        action: {{ key: webhook, component: {{ key: webhook-triggers, version: LATEST, isPublic: true }} }}
      - name: {step}
        action: {{ key: {action}, component: {component} }}
        inputs:{inputs}
requiredConfigVars:{variables}
"""

_CONNECTION = """
  - key: {name}
    dataType: connection
    connection: {{ key: {key}, component: {component} }}"""


def first_flow(component: Component, action: str | None = None) -> str:
    """Return the text of a valid flow that runs one action of a component.

    Args:
        component: Component of the action.
        action: Key of the action. Default: a read action, if possible one without required inputs.

    Raises:
        UsageError: If the component has no read action.
        UnknownKeyError: If the component has no such action.
    """
    chosen = component.action(action) if action else _simplest(component)
    title = component.manifest.display.label
    connection = f"{title} Connection" if component.connections else ""
    public = str(component.manifest.public).lower()
    reference = f"{{ key: {component.key}, version: LATEST, isPublic: {public} }}"
    variables, run = " []", ""
    if connection:
        key = next(iter(component.connections))
        variables = _CONNECTION.format(name=json.dumps(connection), key=key, component=reference)
        has_sandbox = component.connections[key].has_sandbox
        run = " --sandbox" if has_sandbox else f" --connection '{connection}=connection.json'"
    return _TEMPLATE.format(
        run=run,
        name=json.dumps(f"First {title} Flow"),
        step=json.dumps(chosen.label),
        action=chosen.key,
        component=reference,
        inputs=_inputs(chosen, connection),
        variables=variables,
    )


def _inputs(action: Action[Any], connection: str) -> str:
    lines = []
    if connection:
        lines.append(f"{connection_input(action)}: {{ type: configVar, value: {json.dumps(connection)} }}")
    for key, marker in action.inputs.definitions().items():
        if key in action.inputs.required_keys():
            example = next(iter(marker.choices), "") if marker.example is None else marker.example
            text = example if isinstance(example, str) else json.dumps(example)
            lines.append(f"{key}: {{ type: value, value: {json.dumps(text)} }}")
    return "".join(f"\n          {line}" for line in lines) or " {}"


def _simplest(component: Component) -> Action[Any]:
    reads = [action for action in component.actions.values() if action.effect == "read" and action.has_example]
    if not reads:
        raise UsageError(f"{component.key} has no read action", hint="Pass --action KEY.")
    # Of the actions with the fewest required inputs, the list with the shortest results.
    ranks = [(len(each.inputs.required_keys()), each.pagination is None) for each in reads]
    first = min(ranks)
    return min(
        (each for each, rank in zip(reads, ranks, strict=True) if rank == first),
        key=lambda each: len(json.dumps(each.example)),
    )
