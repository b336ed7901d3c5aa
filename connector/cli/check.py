"""`connector check`: every problem of a component in one list."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.changes import print_entries
from connector.cli.shared_options import Command, common_options, component_of, json_option


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
        from connector.describe.api_changes import api_changes

        return print_entries(api_changes(component_of(context), against), as_json=as_json)
    from connector.describe.check import component_problems

    return print_entries(component_problems(lambda: component_of(context)), "problem", as_json=as_json)
