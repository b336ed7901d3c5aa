"""`connector flow prune`: delete the journals of old runs."""

from __future__ import annotations

import click

from connector.cli.database_option import seconds
from connector.cli.output import counted, print_line
from connector.cli.shared_options import Command, common_options


@click.command(cls=Command)
@click.option(
    "--older-than",
    callback=seconds("an age such as 30d, 12h, or 0s"),
    metavar="AGE",
    default="30d",
    show_default=True,
    help="Age, such as 12h.",
)
@click.option(
    "--status",
    type=click.Choice(["done", "failed", "cancelled", "killed"]),
    default="done",
    show_default=True,
    help="Only delete runs with this status.",
)
@click.option("--journal", metavar="PLACE", help="Folder of journals, or URL of their database.")
@common_options
def prune(older_than: float, status: str, journal: str | None) -> None:
    """Delete the journals of old runs. A deleted run can neither be resumed nor undone.

    With --status failed also those of runs with --each, whose journals stay until every row is done.
    """
    from connector.component import bulk_journal
    from connector.flows import prune as prune_runs

    deleted = prune_runs(older_than, status=status, place=journal)
    if submitted := [run.id for run in deleted if run.submitted]:
        from connector.journal.journals import default_database
        from connector.workers.submissions import forget

        forget(submitted, journal or default_database())
    number = len(deleted)
    if status == "failed" and journal is None:
        number += len(bulk_journal.prune_runs(older_than))
    print_line(f"Deleted {counted(number, 'run')}.")
