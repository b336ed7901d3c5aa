"""`connector flow runs`: list past runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from connector.cli.output import print_line, write_json
from connector.cli.shared_options import Command, common_options, json_option
from connector.cli.tables import write_table

if TYPE_CHECKING:
    from connector.journal.past_runs import PastRun


WATCH_SECONDS = 1.0


@click.command(cls=Command)
@click.option(
    "--status",
    type=click.Choice(["queued", "running", "done", "failed", "cancelled", "killed"]),
    help="Only runs with this status.",
)
@click.option("--journal", metavar="PLACE", help="Folder of journals, or URL of their database.")
@click.option("--watch", is_flag=True, help="Print the list again when it changes, until none is queued or running.")
@json_option
@common_options
def runs(status: str | None, journal: str | None, watch: bool, as_json: bool) -> None:
    """List past runs, newest first; resume and undo take the id as RUN."""
    from connector.flows import runs as past_runs

    before: list[PastRun] | None = None
    while True:
        past = past_runs(journal)
        chosen = [run for run in past if status in {None, run.status}]
        if chosen != before:
            if before is not None:
                click.clear()  # does nothing unless standard output is a terminal
            _print(chosen, as_json=as_json)
            _name_bulk_runs(journal, as_json=as_json)
        if not watch or all(run.status not in {"queued", "running"} for run in past):
            return
        before = chosen
        time.sleep(WATCH_SECONDS)


def _print(past: Sequence[PastRun], *, as_json: bool) -> None:
    if as_json:
        write_json([_as_json(run) for run in past])
    elif past:
        headers = ("run", "flow", "status", "created", "steps", "writes", "size", "error")
        write_table(headers, [_row(run) for run in past])
    else:
        print_line("No runs of flows yet.")


def _name_bulk_runs(journal: str | None, *, as_json: bool) -> None:
    from connector.component.bulk_journal import MAX_LISTED, resumable_runs
    from connector.component.past_bulk_runs import past_bulk_runs

    if journal is None and not as_json and (names := resumable_runs()):
        print_line("Runs of --each that can be resumed with --resume:")
        for run in past_bulk_runs(MAX_LISTED):
            rows = f"{run.done:,} of {'?' if run.rows is None else f'{run.rows:,}'} rows done"
            print_line(f"  {run.id}  {run.action}  {rows}  started {_moment(run.started)}")
        if len(names) > MAX_LISTED:
            print_line(f"  and {len(names) - MAX_LISTED:,} more")


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _as_json(run: PastRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in run.__slots__} | {"journal": str(run.journal)}


def _row(run: PastRun) -> tuple[str, ...]:
    writes = f"{run.writes}, {run.unknown} in doubt" if run.unknown else str(run.writes)
    error = run.error.partition("\n")[0]
    flow = f"{run.integration} / {run.flow}"
    status = f"{run.status}, undone" if run.undone else run.status
    return run.id, flow, status, _moment(run.created), str(run.finished), writes, f"{run.size / 1000:,.1f} kB", error
