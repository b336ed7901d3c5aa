"""`connector flow resume`: resume a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import click

from connector.cli.connection_options import ConnectionOptions, flow_connection_options
from connector.cli.database_option import check_is_id, run_in
from connector.cli.flow.connection_options import resolve_connections
from connector.cli.flow.options import (
    fail_on_status_option,
    known_components,
    load_flow,
    make_reporter,
    names_shards,
    report_options,
    run_argument,
    stub_arguments,
    stub_options,
    stub_values,
)
from connector.cli.flow.resume_command import ResumeCommand
from connector.cli.flow.run import confirm_run, is_error_status, perform, run_settings
from connector.cli.flow.submit import SubmitOptions, submit_options
from connector.cli.output import write_json
from connector.cli.shared_options import Command, common_options, yes_option
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.flows.run.resume import Unknown


@click.command(cls=Command)
@run_argument
@click.option(
    "--unknown",
    multiple=True,
    default=["stop"],
    metavar="[STEP=]DECISION",
    show_default="stop",
    help="What to do with a write of unknown outcome (of STEP): stop, retry it, or skip it.",
)
@click.option("--flow-file", metavar="FILE", type=click.Path(path_type=Path), help="Use this corrected flow file.")
@yes_option
@stub_options
@fail_on_status_option
@report_options
@submit_options
@flow_connection_options
@common_options
@click.pass_context
@names_shards
def resume(
    context: click.Context,
    *,
    run_name: str,
    unknown: Sequence[str],
    flow_file: Path | None,
    stub: Sequence[str],
    stubs: str | None,
    yes: bool,
    events: str | None,
    trace: str | None,
    fail_on_status: bool,
    submitting: SubmitOptions,
    connecting: ConnectionOptions,
) -> int:
    """Resume RUN, a run ID or a journal path, that failed or was killed.

    Finished steps are not run again. The payload and config variables of the original run are reused. Pass the
    connections and the stubs again: journals hold none of them. With --submit, a worker performs the rest of a run that
    was submitted.
    """
    from connector.flows.run.resume import Resumption

    submitting.check()
    if submitting.submit:
        from connector.workers import submit_again

        check_is_id(run_name)
        submitted = submit_again(
            run_name,
            known_components(context),
            database=submitting.database,
            unknown=_decisions(unknown),
            **submitting.placing,
        )
        return submitting.finish(submitted)

    run_name = run_in(submitting.database, run_name)
    flow = load_flow(flow_file) if flow_file else None
    known, values = known_components(context), stub_values(stub, stubs)
    with Resumption(run_name, known, flow=flow, stubs=values, unknown=_decisions(unknown)) as resumption:
        checked = resumption.checked
        resolved = resolve_connections(connecting, checked.integration, checked.needs, checked.components)
        reporter = make_reporter(events)
        with resumption.prepare(**run_settings(resolved, connecting, reporter, trace)) as prepared:
            confirm_run(reporter, prepared, resolved, confirmed=yes)
            options = [*stub_arguments(stub, stubs), *(["--yes"] if yes else [])]
            again = ResumeCommand(context, connecting, *options, flow_file=flow_file)
            run = perform(reporter, lambda: resumption.run(prepared), again)
    write_json(run.results)
    return 1 if fail_on_status and is_error_status(run) else 0


def _decisions(options: Sequence[str]) -> Unknown | dict[str, Unknown]:
    """Return the decision about all writes, or one for each step.

    Raises:
        UsageError: If one is invalid, or both are passed.
    """
    from connector.flows.run.resume import Unknown

    by_step: dict[str, Unknown] = {}
    for option in options:
        step, _, decision = option.rpartition("=")
        if decision not in get_args(Unknown):
            raise UsageError(f'invalid --unknown "{option}"', hint="Pass stop, retry, or skip, or STEP=DECISION.")
        by_step[step] = cast("Unknown", decision)
    if "" not in by_step:
        return by_step
    if len(by_step) > 1:
        raise UsageError(
            f"--unknown {by_step['']} already decides about all steps", hint="Pass STEP=DECISION for each."
        )
    return by_step[""]
