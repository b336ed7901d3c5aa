"""`connector flow runs`: list past runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from connector.cli.output import say, write_json, write_table
from connector.cli.shared_options import common_options

if TYPE_CHECKING:
    from connector.journal.past_runs import PastRun


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@common_options
def runs(as_json: bool) -> None:
    """List the runs that there were, newest first: the id is what resume and undo take as JOURNAL."""
    from connector.flows import runs as past_runs

    found = past_runs()
    if as_json:
        write_json([_as_json(run) for run in found])
    elif found:
        headers = ("run", "flow", "status", "started", "steps", "writes", "error")
        write_table(headers, [_row(run) for run in found])
    else:
        say("there was no run yet")


def _as_json(run: PastRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in run.__slots__} | {"journal": str(run.journal)}


def _row(run: PastRun) -> tuple[str, ...]:
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
    writes = f"{run.writes}, {run.unknown} unknown" if run.unknown else str(run.writes)
    error = run.error.partition("\n")[0]
    return run.id, f"{run.integration} / {run.flow}", run.status, started, str(run.finished), writes, error
