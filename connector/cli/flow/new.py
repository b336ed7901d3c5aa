"""`connector flow new`: create a starter flow."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.files import write_file
from connector.cli.input_options import complete_keys
from connector.cli.output import print_line, write
from connector.cli.shared_options import Command, common_options, component_of, output_option


@click.command(cls=Command)
@click.option(
    "--action",
    metavar="KEY",
    shell_complete=complete_keys("actions"),
    help="Action to start from.  [default: a read action]",
)
@output_option
@common_options
@click.pass_context
def new(context: click.Context, action: str | None, output: str | None) -> None:
    """Create a starter flow, which performs one action and returns its results."""
    from connector.flows import first_flow

    text = first_flow(component_of(context), action)
    if output in (None, "-"):
        write(text.encode())
        return
    path = Path(str(output)).expanduser()
    write_file(path, text.encode(), replace=False)
    print_line(f"Wrote {path}")
