"""Values of config variables: those passed, else the defaults of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.errors import InvalidFlowError, Problem
from connector.flows.file.model import ConfigVariable, Integration
from connector.flows.values.javascript import parse_json


def config_values(integration: Integration, raw_values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all config variables that have one, by key, without connections.

    Raises:
        InvalidFlowError: If a name is unknown, or a value is not one of the choices.
    """
    variables = integration.config_variables
    problems = [
        _unknown_variable(key, variables)
        for key in raw_values
        if key not in variables or variables[key].kind != "value"
    ]
    values = {}
    for key, variable in variables.items():
        value = raw_values.get(key, variable.default)
        if variable.kind == "value" and value not in (None, ""):
            values[key] = _listed(variable, value)
            problems += _outside_choices(variable, values[key])
    if problems:
        raise InvalidFlowError("invalid config variables", problems=problems)
    return values


def _unknown_variable(key: str, variables: Mapping[str, ConfigVariable]) -> Problem:
    if key in variables:
        return Problem(key, "is a connection, not a value", hint=f"Pass it with --connection '{key}=FILE'.")
    known = [name for name, variable in variables.items() if variable.kind == "value"]
    hint = did_you_mean(key, known) or (
        f"Available config variables: {', '.join(known)}." if known else "This integration has none."
    )
    return Problem(key, "unknown config variable", hint=hint)


def _listed(variable: ConfigVariable, value: Any) -> Any:
    # A collection is a JSON string in the file and on the command line.
    return parse_json(value) if variable.collection else value


def _outside_choices(variable: ConfigVariable, value: Any) -> list[Problem]:
    if not variable.choices or isinstance(value, list | dict) or str(value) in variable.choices:
        return []
    hint = did_you_mean(str(value), variable.choices) or f"Use one of {', '.join(variable.choices)}."
    return [Problem(variable.key, f'"{value}" is not one of its choices', hint=hint)]
