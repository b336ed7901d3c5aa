"""`connector flow undo`: delete what a run created."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from connector.cli.connection_options import ConnectionOptions, flow_connection_options
from connector.cli.database_option import database_option, run_in
from connector.cli.flow.connection_options import resolve_connections
from connector.cli.flow.options import confirm, known_components, names_shards, run_argument
from connector.cli.output import counted, print_line, write_json
from connector.cli.shared_options import Command, common_options, dry_run_option, yes_option
from connector.flows.run.write_names import plain_inputs, redacted_inputs

if TYPE_CHECKING:
    from connector.component.component import Component
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
        planned = undo_writes(dry_run=True)
        if planned.deleted:
            facts = [_line(write, planned, components) for write in planned.deleted]
            confirm(facts, "undo deletes what the run created", "Undo this run?")
    result = undo_writes(dry_run=dry_run)
    if dry_run:
        print_line("Dry run: nothing was deleted")
    if result.undone_before:
        print_line(f"{counted(result.undone_before, 'write')} of this run {_were_undone(result)} before")
    write_json(_as_json(result, components))
    return result.failed[0][1].exit_code if result.failed else 0


def _needs(journal: JournalContents) -> list[ConnectionNeed]:
    """Return the connections of the writes."""
    about = journal.header["connections"]
    names = dict.fromkeys(connection for _, connection in journal.writes.targets())
    return [(about[name]["component"], name) for name in names if name in about]


def _were_undone(result: UndoResult) -> str:
    return "was undone" if result.undone_before == 1 else "were undone"


def _as_json(result: UndoResult, components: Mapping[str, Component]) -> dict[str, Any]:
    def deletion(write: Write) -> dict[str, Any]:
        return _write_json(write) | {"deletion": _deletion_json(write, result, components)}

    not_undone = [_write_json(write) | {"reason": reason} for write, reason in result.not_undone]
    if result.is_dry_run:
        parts = {"wouldDelete": [deletion(write) for write in result.deleted], "notUndone": not_undone}
    else:
        parts = {
            "deleted": [deletion(write) for write in result.deleted],
            "alreadyDeleted": [deletion(write) for write in result.already_deleted],
            "failed": [deletion(write) | error.to_dict() for write, error in result.failed],
            "notUndone": not_undone,
        }
    return {**parts, "undoneBefore": result.undone_before} if result.undone_before else parts


def _deletion_json(write: Write, result: UndoResult, components: Mapping[str, Component]) -> dict[str, Any]:
    """Return the action that deletes what a write created, without secrets."""
    deletion = result.deletions[write.number]
    name = f"{deletion.component.key}.{deletion.action}"
    return {"action": name, "inputs": redacted_inputs(name, deletion.inputs, components)}


def _write_json(write: Write) -> dict[str, str]:
    parts = {"step": write.step, "action": write.action, "connection": write.connection, "path": write.path}
    return {name: value for name, value in parts.items() if value}


def _line(write: Write, planned: UndoResult, components: Mapping[str, Component]) -> str:
    about = plain_inputs(_deletion_json(write, planned, components)["inputs"])
    parts = [f'step "{write.step}"', f"connection {write.connection}" if write.connection else "", about]
    return f"delete what {write.action} created ({', '.join(filter(None, parts))})"
