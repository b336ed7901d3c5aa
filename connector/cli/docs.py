"""`connector docs`: the generated reference pages."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.files import write_file
from connector.cli.output import print_line, write
from connector.cli.shared_options import Command, common_options, component_of
from connector.errors import UsageError


@click.command(cls=Command)
@click.option("--check", is_flag=True, help="Only check; exit with 1 if the page is out of date.")
@click.option("--output", metavar="FILE", help="File to write; - is standard output.  [default: the component's page]")
@common_options
@click.pass_context
def command(context: click.Context, check: bool, output: str | None) -> int:
    """Generate the reference page: connections, data sources, and actions with all inputs and examples."""
    from connector.describe.docs import is_fresh, page, page_file

    component = component_of(context)
    if output == "-":
        write(page(component).encode())
        return 0
    file = page_file(component) if output is None else Path(output).expanduser()
    if check:
        fresh = is_fresh(component, file)
        print_line(f"{file} is up to date" if fresh else f'{file} is out of date; run "connector docs"')
        return 0 if fresh else 1
    if not file.parent.is_dir():
        raise UsageError(f'directory "{file.parent}" does not exist', hint="Create it, or pass --output FILE.")
    write_file(file, page(component).encode())
    print_line(f"Wrote {file}")
    return 0
