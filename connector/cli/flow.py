"""`connector flow`: integrations of the platform, checked and run on this machine."""

from __future__ import annotations

import click

from connector.cli.common import common_options
from connector.cli.root import Lazy, LazyGroup

COMMANDS = {
    "check": Lazy("connector.cli.flow_check:command", "Find what would go wrong, offline."),
    "run": Lazy("connector.cli.flow_run:command", "Run a flow and print its result."),
    "show": Lazy("connector.cli.flow_files:show", "Draw a flow, or what a run of it did."),
    "new": Lazy("connector.cli.flow_files:new", "Write a first flow to begin with."),
    "runs": Lazy("connector.cli.flow_again:runs", "List the runs that there were."),
    "resume": Lazy("connector.cli.flow_again:resume", "Take up a run that failed or was killed."),
    "undo": Lazy("connector.cli.flow_again:undo", "Delete what a run created."),
    "schema": Lazy("connector.cli.flow_files:schema", "Print the JSON Schema of the format, for editors."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, no_args_is_help=True)
@common_options
def group() -> None:
    """Check, run and draw the flows of an integration file, as the platform exports it."""
