"""The places from which a command reads a connection: file, profile, environment, or sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from connector.cli.files import STANDARD_INPUT, name_of, read_json_object
from connector.cli.sandbox_options import FAULTS
from connector.component.credentials import LONGEST_SHOWN_NAME, connection_of, environment_credentials
from connector.errors import ConnectionInputError, UsageError

if TYPE_CHECKING:
    from connector.component.component import Component


class ResolvedConnection(NamedTuple):
    """A connection, and what messages say about it.

    Attributes:
        connection: `{"key", "fields"}`.
        origin: Where its secrets were read; empty if nowhere.
        sandbox: File of the sandbox that it leads to; None for the real service.
    """

    connection: Mapping[str, Any]
    origin: str
    sandbox: Path | None = None

    @property
    def location(self) -> str:
        """The file of the sandbox, or where the credentials were read, the same from every folder."""
        if self.sandbox:
            return f"sandbox {self.sandbox.resolve()}"
        file = Path(self.origin).expanduser()
        return str(file.resolve()) if self.origin and file.is_file() else self.origin.replace('"', "")

    def describe(self, host: str) -> str:
        """Return the host and the origin of the credentials: `api.example.com (credentials: ACME_TOKEN)`."""
        if self.sandbox:
            return f"sandbox {self.sandbox}"
        return f"{host} (credentials: {self.origin})" if self.origin else host


def check_required_fields(component: Component, resolved: ResolvedConnection) -> None:
    """Check that the environment sets every required field.

    Raises:
        ConnectionInputError: If one is missing; the hint names every way to set it.
    """
    definition = component.connection(resolved.connection.get("key"))
    missing = definition.fields.required_keys() - resolved.connection["fields"].keys()
    fields = {key: field for key, field in definition.fields.definitions().items() if key in missing}
    if not fields:
        return
    from connector.component.connections import environment_names

    names = environment_names(definition)
    variables = " and ".join(names[key] for key in fields if key in names)
    first = f"Set {variables}, pass" if variables else "Pass"
    hint = f"{first} --connection FILE, or run `connector login`. {' '.join(f.comments for f in fields.values())}"
    if component.manifest.sandbox is not None:
        hint += "\nTo try it without an account, add --sandbox."
    raise ConnectionInputError(f"no {' and '.join(field.label for field in fields.values())}", hint=hint)


def profile_connection(component: Component, name: str) -> ResolvedConnection:
    """Return the connection of a profile.

    Raises:
        UnknownKeyError: If there is no such profile.
        ConnectionInputError: If the profile is invalid, or for another component.
    """
    from connector.component.profiles import load_profile

    return ResolvedConnection(*load_profile(name, os.environ).credentials(component, os.environ))


def default_connection(component: Component) -> ResolvedConnection:
    """Return the connection of the environment, else of the profile `default`; without a name if there is none.

    Raises:
        UsageError: If a variable does not hold a JSON object.
        ConnectionInputError: If the profile is invalid.
    """
    credentials = environment_credentials(component, os.environ)
    if not credentials.origin:
        from connector.component.profiles import default_profile

        if profile := default_profile(component.key, os.environ):
            credentials = profile.credentials(component, os.environ)
    return ResolvedConnection(*credentials)


def file_connection(file: str, noun: str) -> ResolvedConnection:
    """Return the connection in a file.

    Raises:
        UsageError: If the file cannot be read, or does not hold a JSON object.
    """
    if file != STANDARD_INPUT and not Path(file).expanduser().exists() and _may_be_secret(file):
        hint = "Save the JSON in a file, pass - to read standard input, or set CONNECTOR_CONNECTION."
        raise UsageError(f"--connection expects a file for the {noun}, got a value", hint=hint)
    return ResolvedConnection(connection_of(read_json_object(file, noun)), name_of(file))


def _may_be_secret(text: str) -> bool:
    """Return True for JSON and for what may be a token: neither is ever shown in a message."""
    return text.lstrip().startswith(("{", "[")) or (len(text) > LONGEST_SHOWN_NAME and not set(text) & set("./\\"))


def sandbox_connection(component: Component, path: Path) -> ResolvedConnection:
    """Serve a sandbox until the command ends, and return its connection.

    Raises:
        SandboxError: If the sandbox cannot be used.
    """
    from connector.sandbox_kit.sandbox import serve

    faults = os.environ.get(FAULTS, "").split()
    sandbox = click.get_current_context().with_resource(serve(component, path, faults=faults))
    return ResolvedConnection(sandbox.connection, "", path)
