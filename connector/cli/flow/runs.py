"""`connector flow runs`: list past runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from connector.cli.output import print_line, write_json
from connector.cli.shared_options import Command, common_options, json_option
from connector.cli.tables import write_table

if TYPE_CHECKING:
    from connector.journal.past_runs import PastRun


@click.command(cls=Command)
@json_option
@common_options
def runs(as_json: bool) -> None:
    """List past runs, newest first; resume and undo take the id as RUN."""
    from connector.flows import runs as past_runs

    past = past_runs()
    if as_json:
        write_json([_as_json(run) for run in past])
    elif past:
        headers = ("run", "flow", "status", "started", "steps", "writes", "error")
        write_table(headers, [_row(run) for run in past])
    else:
        print_line("No runs yet.")


def _as_json(run: PastRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in run.__slots__} | {"journal": str(run.journal)}


def _row(run: PastRun) -> tuple[str, ...]:
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
    writes = f"{run.writes} ({run.unknown} unknown)" if run.unknown else str(run.writes)
    error = run.error.partition("\n")[0]
    return run.id, f"{run.integration} / {run.flow}", run.status, started, str(run.finished), writes, error
