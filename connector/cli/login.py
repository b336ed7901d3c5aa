"""`connector login`: save tested credentials as a profile."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from connector.cli.assignments import read_value
from connector.cli.check_connection import owner_of
from connector.cli.output import print_line
from connector.cli.shared_options import Command, common_options, component_of, wait_options
from connector.common.text import did_you_mean
from connector.component.profiles import DEFAULT
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import ConnectionDefinition
    from connector.component.inputs import Input
    from connector.component.profiles import Profile


@click.command(cls=Command)
@click.argument("name", default=DEFAULT)
@click.option("--connection-key", metavar="KEY", help="Connection of the component.  [default: the first one]")
@click.option(
    "--field",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Field of the connection, instead of a question: a string, a reference (env:VARIABLE or file:PATH), "
    "or @FILE (or @- for standard input) to read it.",
)
@wait_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    name: str,
    connection_key: str | None,
    assignments: Sequence[str],
    max_wait: float,
    deadline: float | None,
) -> None:
    r"""Ask for a token and the region, test them, and save them as profile NAME.

    NAME is "default" if you leave it out. Commands use that profile if nothing else is set.

    \b
    connector login
    connector login eu --field apiKey=env:SEGMENT_EU_TOKEN --field region=eu1.api
    """
    from connector.component.profiles import Profile, check_name, load_profiles, save_profile
    from connector.component.runner import Runner

    check_name(name)
    component = component_of(context)
    definition = component.connection(connection_key)
    fields = _assigned(definition, assignments)
    fields = {**_prompted(definition, fields), **fields}
    profile = Profile(name, component.key, definition.key, fields)
    with Runner(component, profile.credentials(component, os.environ).connection, max_wait=max_wait) as runner:
        if definition.test is not None:
            payload = runner.test_connection(deadline=deadline)
            print_line(f"Connected to {owner_of(payload)} at {runner.connection.endpoint(None).host}")
    earlier = load_profiles(os.environ).get(name)
    file = save_profile(profile, os.environ)
    replaced = "" if earlier is None else f"; replaced the earlier one{_described(earlier, component)}"
    print_line(f'Saved profile "{name}" to {file}{replaced}')


def _described(profile: Profile, component: Component) -> str:
    """Return by what a person recognizes a profile: its fields that are not secret."""
    if profile.component not in (None, component.key):
        return f' for component "{profile.component}"'
    definition = component.connections.get(profile.connection or next(iter(component.connections)))
    public = {} if definition is None else definition.fields.definitions()
    names = [key for key in profile.fields if key in public and not public[key].is_secret]
    return "".join(f', {key} "{profile.fields[key]}"' for key in names)


def _assigned(definition: ConnectionDefinition[Any], assignments: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    known = definition.fields.definitions()
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not (equals and key):
            raise UsageError(f'invalid --field "{key}": expected NAME=VALUE')
        if key not in known:
            hint = did_you_mean(key, known) or f"Available fields: {', '.join(known)}."
            raise UsageError(f'unknown field "{key}"', hint=hint)
        fields[key] = str(read_value(text, as_json=False)).strip()
    return fields


def _prompted(definition: ConnectionDefinition[Any], assigned: dict[str, str]) -> dict[str, str]:
    """Ask for the fields that are required or have choices, but for those already assigned."""
    required = definition.fields.required_keys()
    inputs = definition.fields.definitions()
    questions = [key for key, each in inputs.items() if key not in assigned and (key in required or each.choices)]
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        missing = [key for key in questions if key in required]
        if missing:
            hint = f"Pass --field {missing[0]}=env:VARIABLE, or run the command on a terminal."
            raise UsageError(f"{missing[0]}: is required, and there is no terminal to ask on", hint=hint)
        return {}
    values = {key: _ask(inputs[key], key in required) for key in questions}
    return {key: value for key, value in values.items() if value}


def _ask(field: Input, is_required: bool) -> str:
    choices = ", ".join(f"{value} ({title})" if title != value else value for value, title in field.choices.items())
    value = click.prompt(
        f"{field.label} ({choices})" if choices else field.label,
        default=None if is_required else next(iter(field.choices), ""),
        hide_input=field.is_secret,
        type=click.Choice(list(field.choices)) if field.choices else str,
        show_choices=False,
        err=True,
    )
    return str(value).strip()
