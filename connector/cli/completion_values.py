"""Values that a shell completes: the choices of an input, and IDs from data sources, which are kept for 30 s."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.shared_options import component_of
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from connector.component.component import Component
    from connector.component.definitions import Action, DataSource
    from connector.component.inputs import Input

AGE = 30.0
DEADLINE = 3.0
"""Seconds that a user may wait after pressing the tab key."""

Choices = list[dict[str, str]]


def definition_of(context: click.Context) -> Action[Any] | DataSource[Any] | None:
    """Return the action or data source on the command line that is completed.

    Raises:
        SetupError: If the component cannot be loaded.
    """
    # An option that still lacks its value ends the parsing before arguments get their names.
    key = context.params.get("key") or "".join(context.args[:1])
    component = component_of(context)
    return component.actions.get(key) or component.data_sources.get(key) or component.operations.get(key)


def complete_inputs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of inputs, each with its `=`, and behind it the value."""
    from click.shell_completion import CompletionItem

    name, equals, text = incomplete.partition("=")
    try:
        definition = definition_of(context)
    except ConnectorError:
        return []
    inputs = definition.inputs.definitions() if definition else {}
    if not equals:
        return [CompletionItem(f"{key}=", help=marker.label) for key, marker in inputs.items() if key.startswith(name)]
    marker = inputs.get(name)
    pairs = _values(context, marker, text) if marker else ()
    return [CompletionItem(f"{name}={value}", help=label) for value, label in pairs]


def complete_records(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the IDs of the records whose settings the action on the command line sets."""
    from click.shell_completion import CompletionItem

    try:
        definition = definition_of(context)
    except ConnectorError:
        return []
    inputs = definition.inputs.definitions() if definition else {}
    keys = [marker.settings.key for marker in inputs.values() if marker.settings is not None]
    pairs = _values(context, inputs[keys[0]], incomplete) if keys and keys[0] in inputs else ()
    return [CompletionItem(value, help=label) for value, label in pairs]


def _values(context: click.Context, marker: Input, text: str) -> Iterator[tuple[str, str]]:
    """Iterate over values and labels; an ID is also found by a part of its label."""
    if marker.choices:
        pairs = list(marker.choices.items())
    elif marker.type == "boolean":
        pairs = [("true", ""), ("false", "")]
    elif marker.data_source:
        pairs = [(choice["key"], choice["label"]) for choice in _choices(context, marker)]
    else:
        pairs = []
    yield from (pair for pair in pairs if pair[0].startswith(text))


def _choices(context: click.Context, marker: Input) -> Choices:
    from connector.cli.assignments import parse_assignments

    try:
        component = component_of(context)
        source = component.data_source(str(marker.data_source))
        assigned = parse_assignments(context.params.get("assignments") or ())
        inputs = {key: value for key, value in assigned.items() if key in source.inputs.definitions()}
        return _stored_or_requested(component, context, source.key, inputs)
    except (ConnectorError, OSError, ValueError):
        # A shell shows no errors.
        return []


def _stored_or_requested(component: Component, context: click.Context, key: str, inputs: Mapping[str, Any]) -> Choices:
    from pydantic_core import from_json, to_json

    from connector.common.private_files import private_folder, write_private
    from connector.common.state_dir import state_folder

    options = {name: context.params.get(name) for name in ("connections", "profiles", "sandboxes")}
    identity = to_json([component.key, key, inputs, options, _settings(component)], fallback=str)
    file = state_folder(os.environ) / "choices" / f"{hashlib.sha256(identity).hexdigest()}.json"
    if file.is_file() and time.time() - file.stat().st_mtime < AGE:
        stored: Choices = from_json(file.read_bytes())
        return stored
    choices = _requested(component, context, key, inputs)
    _remove_old(private_folder(file.parent).glob("*.json"))
    write_private(file, to_json(choices))
    return choices


def _requested(component: Component, context: click.Context, key: str, inputs: Mapping[str, Any]) -> Choices:
    from connector.cli.connection_options import ConnectionOptions

    params = context.params
    if any(file and not Path(file).expanduser().exists() for file in params.get("sandboxes") or ()):
        return []  # completion must not create a sandbox
    options = ConnectionOptions(
        params.get("connections") or (), params.get("profiles") or (), params.get("sandboxes") or (), 0.0, DEADLINE
    )
    with context.scope():
        runner = options.open(component, read_only=True).runner
        choices: Choices = runner.choices(key, inputs, deadline=DEADLINE)["result"]
        return choices


def _settings(component: Component) -> dict[str, str]:
    """Return the variables that choose a workspace, without secrets."""
    from connector.component.connections import environment_names

    names = {"CONNECTOR_SANDBOX"}
    for definition in component.connections.values():
        inputs = definition.fields.definitions()
        names |= {name for key, name in environment_names(definition).items() if not inputs[key].is_secret}
    return {name: os.environ.get(name, "") for name in sorted(names)}


def _remove_old(files: Any) -> None:
    for file in files:
        if time.time() - file.stat().st_mtime >= AGE:
            file.unlink(missing_ok=True)
