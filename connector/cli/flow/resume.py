"""`connector flow resume`: resume a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.connection_options import ConnectionOptions, flow_connection_options
from connector.cli.flow.connection_options import resolve_connections
from connector.cli.flow.options import (
    known_components,
    load_flow,
    make_reporter,
    report_options,
    run_argument,
    stub_options,
    stub_values,
)
from connector.cli.flow.run import confirm_run, perform, run_settings
from connector.cli.output import write_json
from connector.cli.shared_options import Command, common_options, yes_option

if TYPE_CHECKING:
    from connector.flows.run.resume import Unknown


@click.command(cls=Command)
@run_argument
@click.option(
    "--unknown",
    type=click.Choice(["stop", "retry", "skip"]),
    default="stop",
    show_default=True,
    help="What to do with a write of unknown outcome: stop, retry it, or skip it.",
)
@click.option("--flow-file", metavar="FILE", type=click.Path(path_type=Path), help="Use this corrected flow file.")
@yes_option
@stub_options
@report_options
@flow_connection_options
@common_options
@click.pass_context
def resume(
    context: click.Context,
    *,
    run_name: str,
    unknown: Unknown,
    flow_file: Path | None,
    stub: Sequence[str],
    stubs: str | None,
    yes: bool,
    events: str | None,
    trace: str | None,
    connecting: ConnectionOptions,
) -> None:
    """Resume RUN, a run ID or a journal path, that failed or was killed.

    Finished steps are not run again. The payload and config variables of the original run are reused. Pass the
    connections and the stubs again: journals hold none of them.
    """
    from connector.flows.run.resume import Resumption

    flow = load_flow(flow_file) if flow_file else None
    known, values = known_components(context), stub_values(stub, stubs)
    with Resumption(run_name, known, flow=flow, stubs=values, unknown=unknown) as resumption:
        checked = resumption.checked
        resolved = resolve_connections(connecting, checked.integration, checked.needs, checked.components)
        reporter = make_reporter(events)
        with resumption.prepare(**run_settings(resolved, connecting, reporter, trace)) as prepared:
            confirm_run(reporter, prepared, resolved, confirmed=yes)
            run = perform(reporter, lambda: resumption.run(prepared))
    write_json(run.results)
