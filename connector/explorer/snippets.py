"""One call in the words of a shell, of Python, of curl, and of a flow."""

from __future__ import annotations

import json
import pprint
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import SecretStr

from connector.common.redaction import REDACTED
from connector.component.connections import Connection, environment_names
from connector.component.inputs import EMPTY
from connector.describe.prismatic import connection_input

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import Action

WIDTH = 88


def shell(key: str, inputs: Mapping[str, Any], *, arguments: Sequence[str], confirmed: bool) -> str:
    """Return the command that runs an action.

    Args:
        key: Key of the action.
        inputs: Its inputs.
        arguments: Arguments that choose component and connection.
        confirmed: Whether to skip the confirmation.
    """
    assignments = [f"-i {_quoted(_assignment(name, value))}" for name, value in inputs.items()]
    options = shlex.join([*arguments, *(["--yes"] if confirmed else [])])
    parts = [f"connector run {key}", *assignments, *([options] if options else [])]
    line = " ".join(parts)
    return line if len(line) <= WIDTH else " \\\n  ".join(parts)


def _quoted(text: str) -> str:
    """Quote a word of a shell. A character that could change how the rest of the line looks is written as an escape."""
    if _is_readable(text):
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(part if _is_readable(part) else f"\\U{ord(part):08x}" for part in escaped) + "'"


def _is_readable(text: str) -> bool:
    """Return True if every character is printable, or a line break."""
    return text.replace("\n", "").isprintable()


def _assignment(name: str, value: Any) -> str:
    # A string that begins with @ would be read as the name of a file, and one that ends before = as JSON.
    is_plain = isinstance(value, str) and value and not value.startswith("@") and "." not in name
    return f"{name}={value}" if is_plain else f"{name}:={json.dumps(value, ensure_ascii=False)}"


def python(key: str, inputs: Mapping[str, Any], *, load: str, connection: Connection, profile: str) -> str:
    """Return a Python program that runs an action.

    Args:
        key: Key of the action.
        inputs: Its inputs.
        load: Expression that loads the component.
        connection: The connection; its secrets come from variables of the environment.
        profile: Name of the profile that holds the connection; empty without one.
    """
    values = ",\n    ".join(f"{name!r}: {_literal(value)}" for name, value in inputs.items())
    literal = f"{{\n    {values},\n}}" if values else "{}"
    lines = ["import connector", ""]
    if profile:
        lines.append(f"with connector.Runner.from_profile({profile!r}, {load}) as runner:")
    else:
        fields = _fields_expression(connection)
        lines = ["import os", "", *lines] if "os.environ" in fields else lines
        lines += [f'connection = {{"key": "{connection.definition.key}", "fields": {fields}}}']
        lines.append(f"with connector.Runner({load}, connection) as runner:")
    return "\n".join([*lines, f"    payload = runner.invoke({key!r}, {_indented(literal)})", "    print(payload)", ""])


def _literal(value: Any) -> str:
    return "connector.EMPTY" if value is EMPTY else pprint.pformat(value, sort_dicts=False, width=WIDTH)


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _fields_expression(connection: Connection) -> str:
    names, secret = environment_names(connection.definition), type(connection.fields).secret_keys()
    parts = []
    for key, value in connection.fields.model_dump(by_alias=True).items():
        if key in secret:
            parts.append(f'"{key}": os.environ["{names.get(key, key.upper())}"]')
        else:
            parts.append(f'"{key}": {value!r}')
    return f"{{{', '.join(parts)}}}"


def curl(request: Mapping[str, Any] | None, connection: Connection) -> str:
    """Return the request of a call as a curl command; secrets come from variables of the environment.

    Args:
        request: The request, redacted; None if it is not known.
        connection: The connection.
    """
    if request is None:
        return "# Set the required inputs to see the request."
    method, body = request["method"], request.get("body")
    parts = ["curl", *([f"-X {method}"] if method != "GET" else []), shlex.quote(request["url"])]
    for name, value in request["headers"].items():
        if name == "Authorization":
            parts.append(f'-H "Authorization: {_authorization(connection)}"')
        else:
            parts.append("-H " + _quoted(f"{name}: {value}"))
    if body is not None:
        parts.append("--data " + _quoted(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)))
    return " \\\n  ".join(parts)


def _authorization(connection: Connection) -> str:
    """Return the value of the header, with the variable of the environment in place of the secret field."""
    authorization = connection.endpoint(None).authorization
    text = _plain(authorization)
    names = environment_names(connection.definition)
    for key in type(connection.fields).secret_keys():
        secret = _plain(connection.fields.model_dump(by_alias=True).get(key))
        if secret and key in names and secret in text:
            return text.replace(secret, f"${names[key]}")
    return REDACTED


def _plain(value: Any) -> str:
    """Return a secret; empty for anything else, such as a grant that is requested when it is needed."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value if isinstance(value, str) else ""


def flow_step(
    component: Component, action: Action[Any], label: str, inputs: Mapping[str, Any], *, connection: str
) -> str:
    """Return a step of a Prismatic flow. A flow cannot send an empty string, so such an input is left out.

    Args:
        component: The component.
        action: Its action.
        label: Name of the step.
        inputs: Inputs of the action.
        connection: Name of the config variable of the connection; empty without one.
    """
    values: dict[str, Any] = {}
    if connection:
        values[connection_input(action)] = {"type": "configVar", "value": connection}
    for name, value in inputs.items():
        if value is not EMPTY:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            values[name] = {"type": "value", "value": text}
    manifest = component.manifest
    reference = {"key": manifest.key, "version": "LATEST", "isPublic": manifest.public}
    step = {"name": label, "action": {"key": action.key, "component": reference}, "inputs": values}
    text = yaml.safe_dump([step], sort_keys=False, allow_unicode=True, width=100)
    return text if _is_readable(text) else yaml.safe_dump([step], sort_keys=False, width=100)
