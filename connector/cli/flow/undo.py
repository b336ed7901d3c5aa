"""`connector flow undo`: delete what a run created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connector.cli.connection_options import ConnectionOptions, flow_connection_options
from connector.cli.database_option import database_option, run_in
from connector.cli.flow.connection_options import resolve_connections
from connector.cli.flow.options import confirm, known_components, names_shards, run_argument
from connector.cli.output import write_json
from connector.cli.shared_options import Command, common_options, dry_run_option, yes_option

if TYPE_CHECKING:
    from connector.flows.run.connections import ConnectionNeed
    from connector.flows.run.undo import UndoResult
    from connector.journal.reader import JournalContents
    from connector.journal.writes import Write


@click.command(cls=Command)
@run_argument
@dry_run_option("Print what would be deleted.")
@yes_option
@database_option
@flow_connection_options
@common_options
@click.pass_context
@names_shards
def undo(
    context: click.Context,
    *,
    run_name: str,
    dry_run: bool,
    yes: bool,
    database: str | None,
    connecting: ConnectionOptions,
) -> int:
    """Delete what RUN, a run ID or a journal path, created, newest first, and nothing else.

    Prints what was deleted, what was already deleted, what could not be deleted, and which writes cannot be undone.
    """
    from connector.flows import Flow
    from connector.flows import undo as undo_run
    from connector.journal.reader import read_history

    run_name = run_in(database, run_name)
    journal = read_history(run_name)
    flow = Flow.parse(journal.header["text"], journal.header["source"])
    components = known_components(context)
    resolved = resolve_connections(connecting, flow.integration, _needs(journal), components)

    def undo_writes(*, dry_run: bool) -> UndoResult:
        return undo_run(
            run_name,
            components,
            connections=resolved.connections,
            max_wait=connecting.max_wait,
            dry_run=dry_run,
        )

    if not (dry_run or yes or resolved.is_sandbox):
        planned = undo_writes(dry_run=True).deleted
        if planned:
            confirm([_line(write) for write in planned], "undo deletes what the run created", "Undo this run?")
    result = undo_writes(dry_run=dry_run)
    write_json(_as_json(result))
    return result.failed[0][1].exit_code if result.failed else 0


def _needs(journal: JournalContents) -> list[ConnectionNeed]:
    """Return the connections of the writes."""
    about = journal.header["connections"]
    names = dict.fromkeys(connection for _, connection in journal.writes.targets())
    return [(about[name]["component"], name) for name in names if name in about]


def _as_json(result: UndoResult) -> dict[str, Any]:
    return {
        "deleted": [_write_json(write) for write in result.deleted],
        "alreadyDeleted": [_write_json(write) for write in result.already_deleted],
        "failed": [_write_json(write) | error.to_dict() for write, error in result.failed],
        "notUndone": [_write_json(write) | {"reason": reason} for write, reason in result.not_undone],
    }


def _write_json(write: Write) -> dict[str, str]:
    parts = {"step": write.step, "action": write.action, "connection": write.connection, "path": write.path}
    return {name: value for name, value in parts.items() if value}


def _line(write: Write) -> str:
    connection = f", connection {write.connection}" if write.connection else ""
    return f'delete what {write.action} created (step "{write.step}"{connection})'
