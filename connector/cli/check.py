"""`connector check`: every problem of a component in one list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.changes import print_changes
from connector.cli.output import counted, print_output, write_json
from connector.cli.shared_options import Command, common_options, component_of, json_option

if TYPE_CHECKING:
    from connector.component.component import Component


@click.command(cls=Command)
@json_option
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Newer api.json: print what changed in the API instead, and the actions that it touches.",
)
@common_options
@click.pass_context
def command(context: click.Context, as_json: bool, against: Path | None) -> int:
    """Check manifest, code, examples, and docs of the component.

    Exits with 1 if there are problems, or changes.
    """
    if against is not None:
        return _print_changes(component_of(context), against, as_json=as_json)
    from connector.describe.check import component_problems

    problems = component_problems(lambda: component_of(context))
    if as_json:
        write_json([problem.to_dict() for problem in problems])
    else:
        for problem in problems:
            print_output(f"- {problem}")
        print_output(counted(len(problems), "problem") if problems else "No problems found.")
    return 1 if problems else 0


def _print_changes(component: Component, newer: Path, *, as_json: bool) -> int:
    from connector.describe.api_changes import api_changes

    return print_changes(api_changes(component, newer), as_json=as_json)
