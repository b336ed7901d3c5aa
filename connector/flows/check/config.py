"""Checks of config variables: their defaults, their values, and their connections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.component.inputs import Input
from connector.flows.check.problems import FlowProblem, Rule, Severity, error, warning
from connector.flows.file.model import ConfigVariable, FlowDefinition, Integration
from connector.flows.values.expressions import ConfigVariable as ConfigPart
from connector.flows.values.expressions import Literal, parts_of
from connector.flows.values.javascript import json_type, parse_json

JSON_TYPES = ("objectSelection", "objectFieldMap", "jsonForm")
"""Data types whose values are JSON."""


class ConfigChecks:
    """Checks the config variables of an integration.

    Args:
        integration: The file.
        components: Installed components by key.
        config: Values of config variables, if they are known.
    """

    def __init__(
        self, integration: Integration, components: Mapping[str, Component], config: Mapping[str, Any] | None
    ) -> None:
        self.integration = integration
        self.components = components
        self.config = config

    def check(self, flows: Sequence[FlowDefinition]) -> Iterator[FlowProblem]:
        """Yield the problems of the config variables; only those that a flow uses need a value."""
        used = _used_variables(flows)
        # A local run does not perform the trigger, so it does not need the values of the trigger's inputs.
        needed = set() if self.config is None else _used_variables(flows, with_triggers=False)
        for key, variable in self.integration.config_variables.items():
            rules: Iterable[Rule] = ()
            if variable.kind == "value":
                rules = self._values(variable, is_used=key in used, is_needed=key in needed)
            elif variable.kind == "connection":
                rules = self._connection(variable, is_used=key in used)
            for severity, rule, place, message, hint in rules:
                location = self.integration.location((*variable.place, *place))
                yield FlowProblem(severity, rule, location, "", "", message, hint)

    def _values(self, variable: ConfigVariable, *, is_used: bool, is_needed: bool) -> Iterator[Rule]:
        key, passed = variable.key, (self.config or {}).get(variable.key)
        if passed in (None, "") and variable.default in (None, "") and is_used:
            hint = f"Pass --config '{key}=VALUE', or config={{{key!r}: ...}} in Python."
            severity: Severity = "error" if is_needed else "warning"
            yield Rule(severity, "unset-config-variable", (), f'config variable "{key}" has no value', hint)
        for noun, value in (("default", variable.default), ("value", passed)):
            message, hint = value_problem(variable, value)
            if message:
                place = ("defaultValue",) if noun == "default" else ()
                yield error("config-value", place, f'{noun} of "{key}": {message}', hint)

    def _connection(self, variable: ConfigVariable, *, is_used: bool) -> Iterator[Rule]:
        component = self.components.get(variable.component or "")
        if component is None:
            return
        definition = component.connections.get(variable.connection or "")
        if definition is None:
            message = f'unknown {component.key} connection "{variable.connection}"'
            hint = f"Available connections: {', '.join(component.connections)}."
            # Prismatic's HTTP component has connections that ours lacks; any of ours can be passed in their place.
            is_error = is_used and "none" not in component.connections
            severity: Severity = "error" if is_error else "warning"
            yield Rule(severity, "unknown-connection", ("connection", "key"), message, hint)
            return
        markers = definition.fields.definitions()
        for key, expression in variable.inputs.items():
            if key in markers and isinstance(expression, Literal) and expression.value:
                yield from _field(variable, key, markers[key])


def _field(variable: ConfigVariable, key: str, marker: Input) -> Iterator[Rule]:
    place = ("inputs", key)
    if marker.hidden:
        message = f'hidden field "{key}" of connection "{variable.key}" is ignored'
        yield warning("hidden-field", place, message, "Pass the field with the connection.")
    if marker.is_secret:
        message = f'file contains the secret "{key}" of connection "{variable.key}"'
        yield warning("secret", place, message, "Remove it and pass it at run time.")


def _used_variables(flows: Sequence[FlowDefinition], *, with_triggers: bool = True) -> set[str]:
    steps = (step for flow in flows for step in flow.walk() if with_triggers or not step.is_trigger)
    expressions = (expression for step in steps for expression in step.inputs.values())
    keys = {part.key for expression in expressions for part in parts_of(expression) if isinstance(part, ConfigPart)}
    return keys | {key.partition(".")[0] for key in keys}


def value_problem(variable: ConfigVariable, value: Any) -> tuple[str, str]:
    """Return what is wrong with a value of a config variable, and a hint; empty strings for a valid value."""
    if value in (None, ""):
        return "", ""
    if variable.collection:
        is_valid = isinstance(parse_json(value), list | tuple | Mapping)
        return ("", "") if is_valid else (f"must be a list, {_received(value)}", 'Write JSON, such as ["a", "b"].')
    if variable.choices and not isinstance(value, list | Mapping) and str(value) not in variable.choices:
        hint = did_you_mean(str(value), variable.choices) or f"Use one of {', '.join(variable.choices)}."
        return f'"{value}" is not one of its choices', hint
    expected = _expected_type(variable.data_type, value)
    return (f"must be {expected}, {_received(value)}", "") if expected else ("", "")


def _expected_type(data_type: str, value: Any) -> str:
    """Return the name of the expected type of a value that has another one; else an empty string."""
    match data_type:
        case "number" if not isinstance(parse_json(value), int | float) or isinstance(value, bool):
            return "a number"
        case "boolean" if parse_json(value) not in (True, False):
            return "true or false"
        case "date" if not _is_iso(dt.date, value):
            return "a date such as 2026-01-31"
        case "timestamp" if not _is_iso(dt.datetime, value):
            return "a date and time such as 2026-01-31T12:00:00Z"
        case name if name in JSON_TYPES and isinstance(parse_json(value), str):
            return "JSON"
    return ""


def _is_iso(kind: type[dt.date], value: Any) -> bool:
    if isinstance(value, dt.date):
        return True
    try:
        kind.fromisoformat(value.strip())
    except (AttributeError, ValueError):
        return False
    return True


def _received(value: Any) -> str:
    return f"got {json_type(value)}" if isinstance(value, list | Mapping) else f'got "{str(value)[:60]}"'
