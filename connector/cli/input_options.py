"""The options `-i name=value` and `--inputs FILE`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from connector.cli.completion_values import complete_inputs
from connector.cli.shared_options import component_of, section
from connector.errors import ConnectorError


def complete_keys(*kinds: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return a function that completes the keys of these mappings of a component, with their labels."""

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        try:
            component = component_of(context)
        except ConnectorError:
            return []
        definitions = [pair for kind in kinds for pair in getattr(component, kind).items()]
        return [
            CompletionItem(key, help=definition.display and definition.display.label)
            for key, definition in definitions
            if key.lower().startswith(incomplete.lower())
        ]

    return complete


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `-i` and `--inputs`."""
    assignment = click.option(
        "-i",
        "--input",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        shell_complete=complete_inputs,
        help="Input as name=STRING or name:=JSON; name.field=... sets a field of an object, where true and false are "
        "booleans. Use @FILE (or @- for standard input) to read the value. Repeat a name to pass a list. name:='\"\"' "
        "sends an empty string.",
    )
    file = click.option(
        "--inputs", "file", metavar="FILE", help="JSON file with inputs by name; - reads standard input."
    )
    add: Callable[[Callable[..., Any]], Callable[..., Any]] = section("Input", assignment, file)
    return add(function)
