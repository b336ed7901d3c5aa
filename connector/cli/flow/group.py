"""`connector flow`: integrations of the platform, checked and run on this machine."""

from __future__ import annotations

import click

from connector.cli.root import Lazy, LazyGroup
from connector.cli.shared_options import common_options

COMMANDS = {
    "check": Lazy("connector.cli.flow.check:command", "Find what would go wrong, offline."),
    "run": Lazy("connector.cli.flow.run:command", "Run a flow and print its result."),
    "show": Lazy("connector.cli.flow.show:show", "Draw a flow, or what a run of it did."),
    "new": Lazy("connector.cli.flow.new:new", "Write a first flow to begin with."),
    "runs": Lazy("connector.cli.flow.runs:runs", "List the runs that there were."),
    "resume": Lazy("connector.cli.flow.resume:resume", "Take up a run that failed or was killed."),
    "undo": Lazy("connector.cli.flow.undo:undo", "Delete what a run created."),
    "schema": Lazy("connector.cli.flow.schema:schema", "Print the JSON Schema of the format, for editors."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, no_args_is_help=True)
@common_options
def group() -> None:
    """Check, run and draw the flows of an integration file, as the platform exports it."""
