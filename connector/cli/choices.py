"""`connector options`: the choices of a data source."""

from __future__ import annotations

from collections.abc import Sequence

import click

from connector.cli.connection_options import Connecting, ConnectingCommand, connecting_options
from connector.cli.input_options import complete_keys, given_inputs, input_options
from connector.cli.output import write, write_json
from connector.cli.shared_options import common_options, component_of


@click.command(cls=ConnectingCommand)
@click.argument("key", shell_complete=complete_keys("data_sources"))
@click.option("--search", metavar="TEXT", help="Only the choices whose label or key has this text.")
@click.option("--limit", type=click.IntRange(min=0), help="So many at most.")
@click.option("--json", "as_json", is_flag=True, help='Print {"result": [{"label", "key"}]}.')
@input_options
@connecting_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    key: str,
    search: str | None,
    limit: int | None,
    as_json: bool,
    assignments: Sequence[str],
    file: str | None,
    connecting: Connecting,
) -> None:
    """Print the choices of the data source KEY: a line with key, tab and label each."""
    from connector.component.component import error_context

    component = component_of(context)
    source = component.data_source(key)
    given = given_inputs(file, assignments)
    with error_context(key):
        source.inputs.from_values(given)
    opened = connecting.open(component)
    payload = opened.runner.choices(key, given, search=search, limit=limit, deadline=opened.deadline)
    if as_json:
        write_json(payload)
    else:
        lines = "".join(f"{choice['key']}\t{choice['label']}\n" for choice in payload["result"])
        write(lines.encode("utf-8", "backslashreplace"))
