"""`connector flow settle`: record what became of a write."""

from __future__ import annotations

from typing import Any

import click

from connector.cli.files import read_json
from connector.cli.flow.options import known_components, run_argument
from connector.cli.output import print_line
from connector.cli.shared_options import Command, common_options
from connector.errors import UsageError


@click.command(cls=Command)
@run_argument
@click.argument("step")
@click.option("--happened/--did-not-happen", default=None, help="Whether the write was applied.")
@click.option("--results", metavar="FILE", help="JSON file with the results of the step; - reads standard input.")
@common_options
@click.pass_context
def settle(context: click.Context, *, run_name: str, step: str, happened: bool | None, results: str | None) -> None:
    """Record whether a write of unknown outcome was applied, so that RUN can be resumed.

    STEP is the name of the step, or its path in the run. Later steps see the results that you pass.
    """
    from connector.flows import settle as settle_write

    if happened is None:
        raise UsageError("missing decision", hint="Pass --happened or --did-not-happen.")
    if results is not None and not happened:
        raise UsageError("--results and --did-not-happen cannot be used together")
    values: Any = None if results is None else read_json(results, "results")
    write = settle_write(run_name, step, known_components(context), happened=happened, results=values)
    outcome = "was applied" if happened else "was not applied"
    print_line(f'Recorded that {write.action} in step "{write.step}" {outcome}.')
