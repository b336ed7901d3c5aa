"""`connector snapshot` and `connector diff`: a workspace as files, and what changed in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.changes import print_entries
from connector.cli.connection_options import ConnectionOptions, OpenConnection, connection_options
from connector.cli.output import counted, print_line
from connector.cli.progress import progress
from connector.cli.shared_options import Command, common_options, component_of, json_option
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.describe.snapshot import Snapshot

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(cls=Command)
@click.option("--to", "folder", metavar="DIR", type=FOLDER, required=True, help="Folder to write.")
@connection_options
@common_options
@click.pass_context
def snapshot(context: click.Context, *, folder: Path, connecting: ConnectionOptions) -> None:
    r"""Write the set-up of a workspace to a folder of JSON files, for reviews and for `connector diff`.

    Only reads. The files are sorted, hold no secrets, and name records by their names, so that they can be compared
    with those of another workspace.

    \b
    connector snapshot --to workspace && git diff workspace
    """
    from connector.describe.snapshot import write_snapshot

    component = component_of(context)
    opened = connecting.open(component, read_only=True)
    records = _take_snapshot(opened)
    write_snapshot(folder, records, component.key)
    print_line(f"Wrote {counted(sum(map(len, records.values())), 'record')} of {opened.target()} to {folder}")


@click.command(cls=Command)
@click.argument("old", type=FOLDER)
@click.argument("new", type=FOLDER, required=False)
@json_option
@connection_options
@common_options
@click.pass_context
def diff(context: click.Context, *, old: Path, new: Path | None, as_json: bool, connecting: ConnectionOptions) -> int:
    r"""Print what changed from the snapshot OLD to the snapshot NEW, or to a workspace. Exits with 1 if anything did.

    Only reads.

    \b
    connector diff workspace                 # since the snapshot was written
    connector diff us-workspace --profile eu
    """
    from connector.common.differences import Change
    from connector.describe.snapshot import read_snapshot, snapshot_changes

    component = component_of(context)
    if new is not None and (connecting.connections or connecting.profiles or connecting.sandboxes):
        raise UsageError("two snapshots need no connection", hint="Leave out NEW, or the connection.")
    before = read_snapshot(old, component.key)
    if new is not None:
        after = read_snapshot(new, component.key)
    else:
        opened = connecting.open(component, read_only=True)
        print_line(f"Comparing {old} with {opened.target()}")
        after = _take_snapshot(opened)
    return print_entries([Change(*change) for change in snapshot_changes(before, after)], as_json=as_json)


def _take_snapshot(opened: OpenConnection) -> Snapshot:
    from connector.describe.snapshot import take_snapshot

    with progress("records", prints=False) as count:
        return take_snapshot(opened.runner, on_part=lambda _part, number: count(number))
