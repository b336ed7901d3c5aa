"""Connections that environment variables hold. A `Runner` reads them only when its caller asks for that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import ConnectionDefinition

SANDBOX = "CONNECTOR_SANDBOX"
"""Environment variable that selects the local sandbox on the command line."""

LONGEST_SHOWN_NAME = 24
"""A longer name of a profile or a file may be a token in the wrong place, and is not shown."""

OFF = frozenset({"", "0", "false", "no", "off"})

VARIABLES = ("CONNECTOR_CONNECTION", "PRISMATIC_CONNECTION_VALUE")
"""Environment variables that hold a whole connection as JSON; the first one that is set decides."""


class Credentials(NamedTuple):
    """A connection as Prismatic passes it, and the place where its secrets were read.

    Attributes:
        connection: `{"key", "fields"}`.
        origin: Name of the place, for messages; empty if nothing was set.
    """

    connection: Mapping[str, Any]
    origin: str = ""


def environment_credentials(component: Component, environment: Mapping[str, str]) -> Credentials:
    """Return the connection of a variable with JSON, else the one of one variable per field.

    Raises:
        UsageError: If a variable does not hold a JSON object.
    """
    for name in VARIABLES:
        if environment.get(name):
            values = _json_object(environment[name], name)
            return Credentials(connection_of(values), name)
    candidates = [_from_variables(definition, environment) for definition in component.connections.values()]
    complete = [*(candidate for candidate in candidates if candidate.origin), *candidates]
    return complete[0] if complete else Credentials({"fields": {}})


def check_no_sandbox(environment: Mapping[str, str]) -> None:
    """Check that `CONNECTOR_SANDBOX`, which promises that no real credentials are used, is not set.

    Raises:
        UsageError: If it is set.
    """
    if environment.get(SANDBOX, "").strip().lower() not in OFF:
        hint = f"Unset {SANDBOX}, or use connector.testing.sandbox()."
        raise UsageError(f"{SANDBOX} is set, but a runner does not start a sandbox", hint=hint)


def connection_of(values: dict[str, Any]) -> Mapping[str, Any]:
    """Return a connection unchanged, or make one from its bare fields."""
    return values if isinstance(values.get("fields"), dict) else {"fields": values}


def _from_variables(definition: ConnectionDefinition[Any], environment: Mapping[str, str]) -> Credentials:
    from connector.component.connections import environment_names

    names = environment_names(definition)
    fields = {key: environment[name] for key, name in names.items() if environment.get(name)}
    inputs = definition.fields.definitions()
    secret = [names[key] for key in fields if inputs[key].is_secret]
    return Credentials({"key": definition.key, "fields": fields}, ", ".join(secret or [names[key] for key in fields]))


def _json_object(text: str, variable: str) -> dict[str, Any]:
    # The text may hold secrets: no message quotes it.
    from pydantic_core import from_json

    try:
        value = from_json(text)
    except ValueError as error:
        reason = str(error)
        raise UsageError(f"the connection in {variable} must be JSON: {reason}") from None
    if not isinstance(value, dict):
        raise UsageError(f"the connection in {variable} must be a JSON object")
    return value
