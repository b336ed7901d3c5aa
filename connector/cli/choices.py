"""`connector choices`: the choices of a data source."""

from __future__ import annotations

from collections.abc import Sequence

import click

from connector.cli.assignments import read_inputs
from connector.cli.connection_options import ConnectionOptions, connection_options
from connector.cli.input_options import complete_keys, input_options
from connector.cli.output import one_line, print_line, write, write_json
from connector.cli.shared_options import Command, common_options, component_of, json_option

SEARCH_LIMIT = 50


@click.command(cls=Command)
@click.argument("key", shell_complete=complete_keys("data_sources"))
@click.option("--search", metavar="STRING", help="Only choices whose key or label contains this string.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Maximum number of choices to print.  [default: {SEARCH_LIMIT} with --search, else all]",
)
@json_option
@input_options
@connection_options
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
    connecting: ConnectionOptions,
) -> None:
    """Print the choices of data source KEY, one per line: key, tab, label."""
    from connector.component.component import error_context

    component = component_of(context)
    source = component.data_source(key)
    raw_inputs = read_inputs(file, assignments)
    with error_context(key):
        source.inputs.from_values(raw_inputs)
    opened = connecting.open(component)
    most = SEARCH_LIMIT if limit is None and search else limit
    # One more shows whether there are others, without reading all records.
    more = most + 1 if search and most is not None else None
    matches = opened.runner.choices(key, raw_inputs, search=search, limit=more, deadline=opened.deadline)["result"]
    printed = matches[:most]
    if search and not matches:
        print_line(f'No choices of {key} match "{search}".')
    elif len(printed) < len(matches):
        of_all = "" if search else f" of {len(matches)}"
        print_line(f"First {len(printed)}{of_all} choices; raise --limit to see more.")
    if as_json:
        write_json({"result": printed})
    else:
        lines = (f"{one_line(choice['key'])}\t{one_line(choice['label'])}\n" for choice in printed)
        write("".join(lines).encode())
