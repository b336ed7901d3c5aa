"""Values of config variables: those passed, else the defaults of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.errors import InvalidFlowError, Problem
from connector.flows.check.config import JSON_TYPES, value_problem
from connector.flows.file.model import ConfigVariable, Integration
from connector.flows.values.javascript import parse_json


def config_values(integration: Integration, raw_values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all config variables that have one, by key, without connections.

    Raises:
        InvalidFlowError: If a name is unknown, or a value has the wrong type.
    """
    variables = integration.config_variables
    problems = unknown_variables(integration, raw_values)
    values = {}
    for key, variable in variables.items():
        value = raw_values.get(key, variable.default)
        if variable.kind == "value" and value not in (None, ""):
            values[key] = _listed(variable, value)
            message, hint = value_problem(variable, values[key])
            if message:
                problems.append(Problem(key, message, hint=hint))
    if problems:
        raise InvalidFlowError("invalid config variables", problems=problems)
    return values


def unknown_variables(integration: Integration, names: Iterable[str]) -> list[Problem]:
    """Return a problem for each name that is not a config variable with a value."""
    variables = integration.config_variables
    return [
        _unknown_variable(name, variables) for name in names if name not in variables or variables[name].kind != "value"
    ]


def _unknown_variable(key: str, variables: Mapping[str, ConfigVariable]) -> Problem:
    if key in variables:
        return Problem(
            key,
            "is a connection, not a value",
            hint=f"Pass it with --connection '{key}=FILE', or connections={{{key!r}: ...}} in Python.",
        )
    known = [name for name, variable in variables.items() if variable.kind == "value"]
    hint = did_you_mean(key, known) or (
        f"Available config variables: {', '.join(known)}." if known else "This integration has none."
    )
    return Problem(key, "unknown config variable", hint=hint)


def _listed(variable: ConfigVariable, value: Any) -> Any:
    # A collection or an object is a JSON string in the file and on the command line.
    return parse_json(value) if variable.collection or variable.data_type in JSON_TYPES else value
