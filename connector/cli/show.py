"""`connector show`: one definition in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from connector.cli.completion_values import complete_records
from connector.cli.connection_options import ConnectionOptions, connection_options
from connector.cli.input_options import complete_keys
from connector.cli.output import json_bytes, print_output, write_json
from connector.cli.shared_options import Command, common_options, component_of, json_option
from connector.errors import UnknownKeyError, UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import Action, ConnectionDefinition, DataSource

    Definition = Action[Any] | DataSource[Any] | ConnectionDefinition[Any]


_MAX_FIELDS = 20
"""Fields of the objects in a list that are shown; the schema of a generated component may have hundreds."""


@click.command(cls=Command)
@click.argument("key", shell_complete=complete_keys("actions", "data_sources", "connections", "operations"))
@json_option
@click.option(
    "--for",
    "record",
    metavar="ID",
    shell_complete=complete_records,
    help="Show the settings of this source, destination, or warehouse.",
)
@click.option("--type", "type_name", metavar="TYPE", help="Show the settings of a type in the catalog: its ID or slug.")
@connection_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    key: str,
    as_json: bool,
    record: str | None,
    type_name: str | None,
    connecting: ConnectionOptions,
) -> None:
    r"""Show the inputs of action, data source, or connection KEY, and an example payload.

    With --json, also the JSON Schemas of inputs and payload. With --for or --type, show the settings that an action can
    set instead; this reads from the workspace.

    \b
    connector show updateDestination --for DESTINATION_ID
    connector show createDestination --type amazon-kinesis
    """
    definition = _definition(component_of(context), key)
    if record is not None or type_name is not None:
        _show_settings(component_of(context), key, connecting, record, type_name, as_json=as_json)
    elif as_json:
        write_json(definition_json(definition))
    else:
        print_output("\n".join(_lines(definition)))


def definition_json(definition: Definition) -> dict[str, Any]:
    """Return the definition as JSON, with its schemas."""
    from connector.component.definitions import Action, ConnectionDefinition
    from connector.describe.summaries import metadata, title_of

    document: dict[str, Any] = title_of(definition)
    if isinstance(definition, Action):
        document |= metadata(definition)
    document["inputSchema"] = definition.input_schema
    if isinstance(definition, Action):
        document["outputSchema"] = definition.output_schema
    if not isinstance(definition, ConnectionDefinition):
        document["example"] = definition.example
    return document


def _show_settings(
    component: Component,
    key: str,
    connecting: ConnectionOptions,
    record: str | None,
    type_name: str | None,
    *,
    as_json: bool,
) -> None:
    from connector.describe.settings import catalog_of, settings_for, settings_of_type

    if record is not None and type_name is not None:
        raise UsageError("--for and --type cannot be used together", hint="Leave out one of them.")
    action = component.action(key)
    name, _ = catalog_of(action)
    runner = connecting.open(component, read_only=True).runner
    options = (
        settings_of_type(runner, action, str(type_name)) if record is None else settings_for(runner, action, record)
    )
    if as_json:
        write_json(options)
        return
    for option in options:
        need = "required" if option.get("required") else "optional"
        text = ". ".join(str(option[part]).rstrip(".") for part in ("label", "description") if option.get(part))
        print_output(f"{name}.{option.get('name')}  {option.get('type', 'any')}, {need}{text and f': {text}.'}")
        if option.get("defaultValue") not in (None, "", [], {}):
            print_output(f"    default: {json_bytes(option['defaultValue'], indent=None).decode()}")
    if not options:
        print_output("No settings.")


def _definition(component: Component, key: str) -> Definition:
    from connector.common.text import did_you_mean

    known: dict[str, Definition] = {**component.connections, **component.data_sources, **component.actions}
    if key not in known:
        known |= component.operations
    if key in known:
        return known[key]
    raise UnknownKeyError(
        f'unknown action, data source, or connection "{key}"',
        hint=did_you_mean(key, known) or "Run `connector list` to see all keys.",
    )


def _lines(definition: Definition) -> list[str]:
    from connector.component.definitions import Action, ConnectionDefinition
    from connector.describe.summaries import input_types, inputs_of, metadata, title_of

    title = title_of(definition)
    lines = [f"{title['label']} ({definition.key})", title["description"], ""]
    if isinstance(definition, Action):
        lines += [f"{name}: {_word(value)}" for name, value in metadata(definition).items()] + [""]
    model = inputs_of(definition)
    types, required = input_types(model), model.required_keys()
    variables = _variables(definition)
    for key, marker in model.definitions().items():
        need = ("required" if key in required else "optional") + (", secret" if marker.is_secret else "")
        lines.append(f"  {key}  {types[key]}, {need}: {marker.label}. {marker.comments}".rstrip())
        details = {
            "choices": ", ".join(
                f"{value} ({text})" if text != value else value for value, text in marker.choices.items()
            ),
            "default": marker.default,
            "example": marker.example if marker.example is None else json_bytes(marker.example, indent=None).decode(),
            "data source": marker.data_source,
            "depends on": ", ".join(marker.depends_on),
            "variable": variables.get(key),
        }
        lines += [f"      {name}: {value}" for name, value in details.items() if value]
        if marker.example is None:
            lines += _field_lines(key, definition.input_schema["properties"][key])
    if not isinstance(definition, ConnectionDefinition) and definition.example is not None:
        lines += ["", "Example payload", json_bytes(definition.example).decode()]
    return lines


def _field_lines(key: str, schema: Mapping[str, Any]) -> list[str]:
    """Return the fields of an input that takes an object or a list of them, and a value that can be pasted."""
    from connector.component.json_schema import sample
    from connector.describe.summaries import type_of

    is_list = schema.get("type") == "array"
    objects = schema.get("items", {}) if is_list else schema
    fields = objects.get("properties")
    if not fields:
        return []
    required = [name for name in objects.get("required", ()) if name in fields]
    lines = ["      fields of each object:" if is_list else "      fields:"]
    for name, part in list(fields.items())[:_MAX_FIELDS]:
        need = "required" if name in required else "optional"
        choices = f" Choices: {', '.join(map(str, part['enum']))}." if "enum" in part else ""
        lines.append(f"        {name}  {type_of(part)}, {need}: {part.get('description', '')}{choices}".rstrip(": "))
    if len(fields) > _MAX_FIELDS:
        lines.append(f"        ... and {len(fields) - _MAX_FIELDS} more; --json has all of them")
    # A field of any type has no sample, and JSON that is an object is a likely value.
    samples = {name: sample(fields[name]) for name in required or list(fields)[:1]}
    value = {name: {} if part is None else part for name, part in samples.items()}
    return [*lines, f"      such as: -i {key}:='{json_bytes([value] if is_list else value, indent=None).decode()}'"]


def _variables(definition: Definition) -> dict[str, str]:
    from connector.component.connections import environment_names
    from connector.component.definitions import ConnectionDefinition

    return environment_names(definition) if isinstance(definition, ConnectionDefinition) else {}


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
