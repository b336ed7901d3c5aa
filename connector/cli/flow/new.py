"""`connector flow new`: write a first flow."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.input_options import complete_keys
from connector.cli.output import say, write
from connector.cli.shared_options import common_options, component_of
from connector.errors import UsageError


@click.command()
@click.option(
    "--action",
    metavar="KEY",
    shell_complete=complete_keys("actions"),
    help="The action to perform, instead of one that reads.",
)
@click.option("--output", metavar="FILE", help="Where to write; standard output unless given.")
@common_options
@click.pass_context
def new(context: click.Context, action: str | None, output: str | None) -> None:
    """Write a first flow that passes the check: it performs an action, logs its results, and answers them."""
    from connector.flows import first_flow

    text = first_flow(component_of(context), action)
    if output in (None, "-"):
        write(text.encode())
        return
    target = Path(str(output)).expanduser()
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{target} cannot be written: {reason}.", hint="Choose another file.") from None
    say(f"wrote {target}")
