"""`connector flow settle`: record what became of a write."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from connector.cli.assignments import read_inputs
from connector.cli.connection_options import ConnectionOptions, flow_connection_options
from connector.cli.database_option import database_option, run_in
from connector.cli.files import read_json
from connector.cli.flow.connection_options import ConnectionsByName, resolve_connections
from connector.cli.flow.options import known_components, names_shards, run_argument
from connector.cli.output import print_line
from connector.cli.shared_options import Command, common_options
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.flows.run.settle import Lookup


@click.command(cls=Command)
@run_argument
@click.argument("step")
@click.option("--happened/--did-not-happen", default=None, help="Whether the write was applied.")
@click.option("--results", metavar="FILE", help="JSON file with the results of the step; - reads standard input.")
@click.option("--from", "source", metavar="'ACTION NAME=VALUE ...'", help="Read the results by this action.")
@database_option
@flow_connection_options
@common_options
@click.pass_context
@names_shards
def settle(
    context: click.Context,
    *,
    run_name: str,
    step: str,
    happened: bool | None,
    results: str | None,
    source: str | None,
    database: str | None,
    connecting: ConnectionOptions,
) -> None:
    """Record whether a write of unknown outcome was applied, so that RUN can be resumed.

    STEP is the name of the step, or its path in the run. Later steps and undo see the results that you pass. Until the
    run goes on, you can correct a decision by another one.
    """
    from connector.flows import settle as settle_write

    if happened is None:
        raise UsageError("missing decision", hint="Pass --happened or --did-not-happen.")
    for option, value in (("--results", results), ("--from", source)):
        if value is not None and not happened:
            raise UsageError(f"{option} and --did-not-happen cannot be used together")
    if results is not None and source is not None:
        raise UsageError("--results and --from cannot be used together")
    run_name = run_in(database, run_name)
    values: Any = None if results is None else read_json(results, "results")
    resolved = ConnectionsByName() if source is None else _connections(context, run_name, step, connecting)
    write = settle_write(
        run_name,
        step,
        known_components(context),
        happened=happened,
        results=values,
        lookup=None if source is None else _lookup(source),
        connections=resolved.connections,
        max_wait=connecting.max_wait,
    )
    outcome = "was applied" if happened else "was not applied"
    print_line(f'Recorded that {write.action} in step "{write.step}" {outcome}.')


def _lookup(text: str) -> Lookup:
    """Return action and inputs of `--from`.

    Raises:
        UsageError: If it names no action.
        InputError: If an input is invalid.
    """
    try:
        key, *assignments = shlex.split(text)
    except ValueError:
        raise UsageError(f'invalid --from "{text}": expected ACTION NAME=VALUE') from None
    return key, read_inputs(None, assignments)


def _connections(context: click.Context, run_name: str, step: str, connecting: ConnectionOptions) -> ConnectionsByName:
    from connector.flows.file.parse import read_text
    from connector.flows.run.settle import write_in_doubt
    from connector.journal.reader import read_history

    history = read_history(run_name)
    write = write_in_doubt(history, step, happened=True)
    need = (write.action.partition(".")[0], write.connection or None)
    integration = read_text(history.header["text"], history.header["source"])
    return resolve_connections(connecting, integration, [need], known_components(context))
