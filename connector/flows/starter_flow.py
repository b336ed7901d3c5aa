"""A valid starter flow for a component."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from connector.component.component import Component
from connector.component.definitions import Action
from connector.errors import UsageError
from connector.flows.file.step_names import step_variable

_TEMPLATE = """\
# Run:    connector flow run FILE --connection "{connection}=connection.json"
# Check:  connector flow check FILE
name: {name}
definitionVersion: 7
description: Runs one action and returns its results.
flows:
  - name: First Flow
    isSynchronous: true
    steps:
      # Locally, you start every flow manually. --payload FILE sets {{{{$trigger.results.body.data}}}}.
      - name: Trigger
        isTrigger: true
        action:
          key: webhook
          component: {{ key: webhook-triggers, version: LATEST, isPublic: true }}
        inputs: {{}}
      - name: {step}
        action:
          key: {action}
          component: {{ key: {component}, version: LATEST, isPublic: {public} }}
        inputs:{inputs}
      - name: Return Results
        action:
          key: stopExecution
          component: {{ key: stop-execution, version: LATEST, isPublic: true }}
        inputs:
          jsonBody: {{ type: reference, value: {variable}.results }}
requiredConfigVars:{variables}
"""

_CONNECTION = """
  - key: {name}
    dataType: connection
    connection:
      key: {key}
      component: {{ key: {component}, version: LATEST, isPublic: {public} }}
    inputs: {{}}"""


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
    label = chosen.display.label if chosen.display else chosen.key
    public = str(component.manifest.public).lower()
    title = component.manifest.display.label
    connection = f"{title} Connection" if component.connections else ""
    variables = " []"
    if connection:
        key = next(iter(component.connections))
        variables = _CONNECTION.format(name=json.dumps(connection), key=key, component=component.key, public=public)
    return _TEMPLATE.format(
        name=json.dumps(f"First {title} Flow"),
        connection=connection.replace('"', ""),
        step=json.dumps(label),
        action=chosen.key,
        component=component.key,
        public=public,
        inputs=_inputs(chosen, connection),
        variable=step_variable(label),
        variables=variables,
    )


def _inputs(action: Action[Any], connection: str) -> str:
    lines = []
    if connection:
        key = "connection" if action.effect_depends_on_inputs else "connectionInput"
        lines.append(f"{key}: {{ type: configVar, value: {json.dumps(connection)} }}")
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
    return min(_ranked(reads))[2]


def _ranked(actions: Iterable[Action[Any]]) -> Iterable[tuple[int, int, Action[Any]]]:
    for position, action in enumerate(actions):
        yield len(action.inputs.required_keys()) * 2 + (action.pagination is None), position, action
