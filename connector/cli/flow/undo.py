"""`connector flow undo`: delete what a run created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connector.cli.connection_options import ConnectingCommand
from connector.cli.flow.connection_options import FlowConnecting, flow_connecting_options
from connector.cli.flow.options import JOURNAL_ARGUMENT, confirm, history_of, known_components, yes_option
from connector.cli.output import write_json
from connector.cli.shared_options import common_options

if TYPE_CHECKING:
    from connector.errors import ConnectorError
    from connector.flows.run.connections import ConnectionNeed
    from connector.flows.run.undo import UndoResult
    from connector.journal.reader import JournalContents, Write


@click.command(cls=ConnectingCommand)
@JOURNAL_ARGUMENT
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
    from connector.flows import undo as undo_run

    history = history_of(journal)
    flow = Flow.parse(history.header["text"], history.header["source"])
    components = known_components(context)
    given = connecting.open(flow.integration, _needs(history), components)

    def take(*, dry: bool) -> UndoResult:
        return undo_run(
            history.location, components, connections=given.connections, max_wait=connecting.max_wait, dry_run=dry
        )

    if not (dry_run or yes or given.is_sandbox):
        planned = take(dry=True).deleted
        if planned:
            confirm([_line(write) for write in planned], "undoing deletes what the run created")
    undone = take(dry=dry_run)
    write_json(_report(undone))
    return undone.failed[0][1].exit_code if undone.failed else 0


def _needs(history: JournalContents) -> list[ConnectionNeed]:
    """The connections that something was written with."""
    about = history.header["connections"]
    names = dict.fromkeys(write.connection for write in history.writes)
    return [(about[name]["component"], name) for name in names if name in about]


def _report(undone: UndoResult) -> dict[str, Any]:
    return {
        "deleted": [_shown(write) for write in undone.deleted],
        "alreadyDeleted": [_shown(write) for write in undone.already_deleted],
        "failed": [_shown(write) | _error(error) for write, error in undone.failed],
        "notUndone": [_shown(write) | {"reason": reason} for write, reason in undone.not_undone],
    }


def _shown(write: Write) -> dict[str, str]:
    parts = {"step": write.step, "action": write.action, "connection": write.connection, "path": write.path}
    return {name: value for name, value in parts.items() if value}


def _error(error: ConnectorError) -> dict[str, Any]:
    return error.to_dict()


def _line(write: Write) -> str:
    return f"created by {write.action} in the step {write.step}" + (f", {write.connection}" if write.connection else "")
