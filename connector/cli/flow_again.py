"""Commands about runs that there were: list them, take one up, take one back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from connector.cli.common import common_options
from connector.cli.connecting import ConnectingCommand
from connector.cli.flow_common import confirm, known_components, yes_option
from connector.cli.flow_connecting import FlowConnecting, flow_connecting_options
from connector.cli.flow_run import announce, perform, watching_options
from connector.cli.flow_telling import telling
from connector.cli.output import say, write_json, write_table
from connector.errors import JournalError

if TYPE_CHECKING:
    from connector.errors import ConnectorError
    from connector.flows.binding import Need
    from connector.flows.history import History, Write
    from connector.flows.recovery import PastRun, Undone, Unknown

JOURNAL = click.argument("journal", metavar="JOURNAL")


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


@click.command(cls=ConnectingCommand)
@JOURNAL
@click.option(
    "--unknown",
    type=click.Choice(["stop", "repeat", "skip"]),
    default="stop",
    show_default=True,
    help="A write that may have happened: report it and run nothing, repeat it, or take it as done.",
)
@click.option("--file", type=click.Path(path_type=Path), help="A corrected file, instead of the one of that time.")
@yes_option
@watching_options[0]
@watching_options[1]
@flow_connecting_options
@common_options
@click.pass_context
def resume(
    context: click.Context,
    *,
    journal: str,
    unknown: Unknown,
    file: Path | None,
    yes: bool,
    events: str | None,
    trace: str | None,
    connecting: FlowConnecting,
) -> None:
    """Take up the run of JOURNAL (its id, or the path of its journal) that failed or was killed.

    Finished steps are not repeated; the payload and the values of config variables are those of that time.
    Connections are to be given again: a journal holds no credentials.
    """
    from connector.flows import Flow
    from connector.flows import resume as take_up

    history = _history(journal)
    flow = Flow.load(file) if file else Flow.parse(history.header["text"], history.header["source"])
    components, name = known_components(context), history.header["flow"]
    given = connecting.open(flow.integration, flow.connections(components, flow=name), components)
    tell = telling(events)
    announce(tell, flow, name, components, given, confirmed=yes)
    run = perform(
        tell,
        take_up,
        history.path,
        components,
        connections=given.connections,
        flow=flow,
        unknown=unknown,
        max_wait=connecting.max_wait,
        deadline=connecting.deadline,
        trace=None if trace is None else Path(trace).expanduser(),
    )
    write_json(run.results)


@click.command(cls=ConnectingCommand)
@JOURNAL
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@yes_option
@flow_connecting_options
@common_options
@click.pass_context
def undo(context: click.Context, *, journal: str, dry_run: bool, yes: bool, connecting: FlowConnecting) -> int:
    """Delete what the run of JOURNAL (its id, or the path of its journal) created, newest first, and nothing else.

    Prints what was deleted, what was gone already, what could not be deleted, and which writes cannot be taken back.
    """
    from connector.flows import Flow
    from connector.flows import undo as take_back

    history = _history(journal)
    flow = Flow.parse(history.header["text"], history.header["source"])
    components = known_components(context)
    given = connecting.open(flow.integration, _needs(history), components)

    def take(*, dry: bool) -> Undone:
        return take_back(
            history.path, components, connections=given.connections, max_wait=connecting.max_wait, dry_run=dry
        )

    if not (dry_run or yes or given.is_sandbox):
        planned = take(dry=True).deleted
        if planned:
            confirm([_line(write) for write in planned], "undoing deletes what the run created")
    undone = take(dry=dry_run)
    write_json(_report(undone))
    return undone.failed[0][1].exit_code if undone.failed else 0


def _needs(history: History) -> list[Need]:
    """The connections that something was written with."""
    about = history.header["connections"]
    names = dict.fromkeys(write.connection for write in history.writes)
    return [(about[name]["component"], name) for name in names if name in about]


def _report(undone: Undone) -> dict[str, Any]:
    return {
        "deleted": [_shown(write) for write in undone.deleted],
        "gone": [_shown(write) for write in undone.gone],
        "failed": [_shown(write) | _error(error) for write, error in undone.failed],
        "kept": [_shown(write) | {"reason": reason} for write, reason in undone.kept],
    }


def _shown(write: Write) -> dict[str, str]:
    parts = {"step": write.step, "action": write.action, "connection": write.connection, "at": write.at}
    return {name: value for name, value in parts.items() if value}


def _error(error: ConnectorError) -> dict[str, Any]:
    return error.to_dict()


def _line(write: Write) -> str:
    return f"created by {write.action} in the step {write.step}" + (f", {write.connection}" if write.connection else "")


def _history(journal: str) -> History:
    from connector.flows.history import read_history
    from connector.flows.recovery import journal_path

    path = journal_path(journal)
    try:
        return read_history(path)
    except OSError as error:
        _cannot_read(path, error)


def _cannot_read(path: Path, error: OSError) -> NoReturn:
    reason = error.strerror or str(error)
    raise JournalError(f"the journal {path} cannot be read: {reason}.", hint="See connector flow runs.") from None
