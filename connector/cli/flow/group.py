"""`connector flow`: integrations of Prismatic, checked and run locally."""

from __future__ import annotations

import click

from connector.cli.database_option import print_wait
from connector.cli.root import Lazy, LazyGroup
from connector.cli.shared_options import common_options

COMMANDS = {
    "check": Lazy("connector.cli.flow.check:command", "Check flows without running them."),
    "run": Lazy("connector.cli.flow.run:command", "Run a flow and print its result."),
    "show": Lazy("connector.cli.flow.show:show", "Draw a flow or a run."),
    "diff": Lazy("connector.cli.flow.diff:diff", "Print the changes between two files."),
    "new": Lazy("connector.cli.flow.new:new", "Create a starter flow."),
    "stubs": Lazy("connector.cli.flow.stubs:stubs", "Write stubs of a flow to fill in."),
    "runs": Lazy("connector.cli.flow.runs:runs", "List past runs."),
    "cancel": Lazy("connector.cli.flow.cancel:cancel", "Cancel a submitted run."),
    "resume": Lazy("connector.cli.flow.resume:resume", "Resume a failed or killed run."),
    "prune": Lazy("connector.cli.flow.prune:prune", "Delete the journals of old runs."),
    "settle": Lazy("connector.cli.flow.settle:settle", "Record what became of a write."),
    "undo": Lazy("connector.cli.flow.undo:undo", "Delete what a run created."),
    "schema": Lazy("connector.cli.flow.schema:schema", "Print the JSON Schema of integration files."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@common_options
@click.pass_context
def group(context: click.Context) -> None:
    """Check, run, and draw the flows of an integration file that Prismatic exported."""
    from connector.journal.waiting import reporting_waits

    context.with_resource(reporting_waits(print_wait))
