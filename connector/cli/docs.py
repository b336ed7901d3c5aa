"""`connector docs`: the component's documentation page."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.output import say, write
from connector.cli.shared_options import common_options, component_of
from connector.errors import UsageError


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the page is not what would be written.")
@click.option("--output", metavar="FILE", help="Where to write; - is standard output, default is the component's docs.")
@common_options
@click.pass_context
def command(context: click.Context, check: bool, output: str | None) -> int:
    """Write the component's page: connections, data sources and actions with every input and example."""
    from connector.describe.docs import is_fresh, page, page_file

    component = component_of(context)
    if output == "-":
        write(page(component).encode())
        return 0
    file = page_file(component) if output is None else Path(output).expanduser()
    if check:
        fresh = is_fresh(component, file)
        say(f"{file} is up to date" if fresh else f"{file} is not up to date: run connector docs")
        return 0 if fresh else 1
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}.", hint="Make it, or give --output FILE, - for stdout.")
    try:
        file.write_text(page(component), encoding="utf-8", newline="\n")
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        say(f"wrote {file}")
        return 0
    raise UsageError(f"{file} cannot be written: {reason}.", hint="Give --output FILE, - for standard output.")
