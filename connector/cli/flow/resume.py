"""`connector flow resume`: resume a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.connection_options import ConnectingCommand
from connector.cli.flow.connection_options import FlowConnecting, flow_connecting_options
from connector.cli.flow.options import JOURNAL_ARGUMENT, known_components, make_reporter, yes_option
from connector.cli.flow.run import confirm_run, perform, run_settings, watching_options
from connector.cli.output import write_json
from connector.cli.shared_options import common_options

if TYPE_CHECKING:
    from connector.flows.run.resume import Unknown


@click.command(cls=ConnectingCommand)
@JOURNAL_ARGUMENT
@click.option(
    "--unknown",
    type=click.Choice(["stop", "retry", "skip"]),
    default="stop",
    show_default=True,
    help="A write that may have happened: report it and run nothing, retry it, or take it as done.",
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
    from connector.flows.run.resume import Resumption

    flow = Flow.load(file) if file else None
    with Resumption(journal, known_components(context), flow=flow, unknown=unknown) as resumption:
        checked = resumption.checked
        opened = connecting.open(checked.integration, checked.needs, checked.components)
        tell = make_reporter(events)
        with resumption.prepare(**run_settings(opened, connecting, tell, trace)) as prepared:
            confirm_run(tell, prepared, opened, confirmed=yes)
            run = perform(tell, lambda: resumption.run(prepared))
    write_json(run.results)
