"""From `-i name=value` and `--inputs FILE` to inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from connector.cli.shared_options import component_of, read_json_object, read_text
from connector.errors import ConnectorError, InputError, Problem, UsageError

FORMS = "Write name=value, name:=JSON, name=@FILE or name:=@FILE."


def given_inputs(file: str | None, assignments: Sequence[str]) -> dict[str, Any]:
    """Inputs by key: those of the file, and over them the assignments; a name that comes again makes a list.

    Raises:
        InputError: Some assignments cannot be read; every one of them is listed.
        UsageError: The file cannot be read.
    """
    given: dict[str, Any] = {} if file is None else read_json_object(file, "inputs")
    assigned: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        key = name.removesuffix(":")
        if not (equals and key):
            problems.append(Problem(key or "-i", "is no assignment.", hint=FORMS))
            continue
        try:
            assigned.setdefault(key, []).append(_value(text, as_json=name.endswith(":")))
        except (UsageError, ValueError) as error:
            reason = error.message if isinstance(error, UsageError) else f"is not valid JSON: {error}."
            problems.append(Problem(key, reason))
    if problems:
        raise InputError("some inputs cannot be read.", problems=problems, hint="Texts need no quotes: name=value.")
    return given | {key: values[0] if len(values) == 1 else values for key, values in assigned.items()}


def _value(text: str, *, as_json: bool) -> Any:
    from pydantic_core import from_json

    content = read_text(text[1:]) if text.startswith("@") else text
    return from_json(content) if as_json else content


def complete_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the inputs of the action or data source on the command line, each with its `=`."""
    # an option that still lacks its value ends the parsing before arguments get their names
    key = context.params.get("key") or "".join(context.args[:1])
    try:
        component = component_of(context)
    except ConnectorError:
        return []
    definition = component.actions.get(key) or component.data_sources.get(key)
    names = definition.inputs.definitions() if definition else ()
    return [f"{name}=" for name in names if name.startswith(incomplete)]


def complete_keys(*kinds: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Completes the keys of `actions`, `data_sources` or `connections`, with their labels."""

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        try:
            component = component_of(context)
        except ConnectorError:
            return []
        found = [pair for kind in kinds for pair in getattr(component, kind).items()]
        return [
            CompletionItem(key, help=definition.display and definition.display.label)
            for key, definition in found
            if key.lower().startswith(incomplete.lower())
        ]

    return complete


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`-i` and `--inputs`."""
    assignment = click.option(
        "-i",
        "--input",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        shell_complete=complete_names,
        help="name=text, name:=JSON, name=@FILE or name:=@FILE (@- is stdin); a name again makes a list.",
    )
    file = click.option("--inputs", "file", metavar="FILE", help="JSON file with inputs by name; - is stdin.")
    return assignment(file(function))
