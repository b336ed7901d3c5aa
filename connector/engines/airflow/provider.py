"""What Airflow asks of a provider: one connection type per installed component, with the fields of its connection.

The first secret field is the password of an Airflow connection, which Airflow encrypts and masks. All other fields are
in its extras.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector import __version__
from connector.component.component import Component, components

PACKAGE = "segment-connector"
"""Name of the distribution; Airflow ends with an error if the provider has another name."""

HOOKS = "connector.engines.airflow.hooks"
SUFFIX = "_connector"
STANDARD_FIELDS = ("host", "schema", "login", "port", "extra")


def provider_info() -> dict[str, Any]:
    """Return the description of the provider."""
    return {
        "package-name": PACKAGE,
        "name": "Connector",
        "description": "Run the actions and flows of connector components.",
        "versions": [__version__],
        "connection-types": [_connection(component) for component in components().values()],
    }


def connection_type(component: Component) -> str:
    """Return the type of Airflow connections for a component."""
    return f"{component.key}{SUFFIX}"


def hook_name(component: Component) -> str:
    """Return the name of the hook class of a component in `connector.engines.airflow.hooks`."""
    return f"{component.key.replace('-', '_').title().replace('_', '')}Hook"


def component_of(type_name: str) -> Component | None:
    """Return the component that connections of a type are for, or None."""
    return next((each for each in components().values() if connection_type(each) == type_name), None)


def connection_fields(component: Component, password: str | None, extras: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a connection from what an Airflow connection holds; fields without a value are left out."""
    fields = _fields(component)
    values = {key: extras.get(key) for key in fields}
    secret = _password_field(component)
    if secret:
        values[secret] = password
    return {key: value for key, value in values.items() if value not in (None, "")}


def _connection(component: Component) -> dict[str, Any]:
    password = _password_field(component)
    fields = _fields(component)
    return {
        "connection-type": connection_type(component),
        "hook-class-name": f"{HOOKS}.{hook_name(component)}",
        "hook-name": component.manifest.display.label,
        "conn-fields": {key: _widget(key, field) for key, field in fields.items() if key != password},
        "ui-field-behaviour": {
            "hidden-fields": [*STANDARD_FIELDS, *([] if password else ["password"])],
            "relabeling": {"password": fields[password].get("title", password)} if password else {},
            "placeholders": {},
        },
    }


def _widget(key: str, field: Mapping[str, Any]) -> dict[str, Any]:
    choices = [choice["const"] for choice in field.get("oneOf", ()) if "const" in choice]
    schema: dict[str, Any] = {"type": [field.get("type", "string"), "null"]}
    if choices:
        schema["enum"] = choices
    if field.get("writeOnly"):
        schema["format"] = "password"
    return {"label": field.get("title", key), "description": field.get("description", ""), "schema": schema}


def _fields(component: Component) -> dict[str, Any]:
    fields: dict[str, Any] = component.connection().input_schema["properties"]
    return fields


def _password_field(component: Component) -> str | None:
    return next((key for key, field in _fields(component).items() if field.get("writeOnly")), None)
