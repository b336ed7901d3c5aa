"""`connector flow cancel`: cancel a submitted run."""

from __future__ import annotations

import click

from connector.cli.database_option import check_is_id, database_option
from connector.cli.flow.options import names_shards, not_empty
from connector.cli.output import counted, print_line
from connector.cli.shared_options import Command, common_options


@click.command(cls=Command)
@click.argument("run_id", metavar="RUN", callback=not_empty)
@database_option
@common_options
@names_shards
def cancel(run_id: str, database: str | None) -> None:
    """Cancel RUN, the ID of a submitted run. It ends before its next step; a write on its way is finished.

    `connector flow resume RUN --submit` lets it go on.
    """
    from connector.workers import cancel as cancel_run

    check_is_id(run_id)
    run = cancel_run(run_id, database=database)
    print_line(f"Cancelled run {run.id} after {counted(run.finished, 'step')} and {counted(run.writes, 'write')}.")
