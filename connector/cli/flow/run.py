"""`connector flow run`: run a flow of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.connection_options import ConnectionOptions, flow_connection_options
from connector.cli.flow.connection_options import ConnectionsByName, resolve_connections
from connector.cli.flow.options import (
    config_option,
    config_values_of,
    confirm,
    fail_on_status_option,
    file_argument,
    flow_option,
    known_components,
    load_flow,
    make_reporter,
    report_options,
    stub_arguments,
    stub_options,
    stub_values,
)
from connector.cli.flow.reporters import Reporter
from connector.cli.flow.resume_command import ResumeCommand
from connector.cli.flow.submit import SubmitOptions, submit_flow, submit_options
from connector.cli.flow.webhook_options import webhook_options
from connector.cli.output import write_json
from connector.cli.shared_options import Command, common_options, dry_run_option, yes_option
from connector.errors import (
    FlowLimitError,
    StepError,
)

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows import Run, RunSettings
    from connector.flows.run.prepare import CheckedFlow, PreparedRun
    from connector.flows.steps.trigger import WebhookRequest


@click.command(cls=Command)
@file_argument
@flow_option
@config_option
@webhook_options
@click.option("--branch", metavar="NAME", help="Branch of the trigger to take, if the trigger has branches.")
@click.option("--id", "run_id", metavar="ID", help="Resume the run with this ID, return its result, or start it.")
@click.option("--journal", metavar="PLACE", help="File of the journal, or sqlite:///FILE, or postgresql://...")
@dry_run_option("Send reads only, and print the writes instead of the result.")
@yes_option
@stub_options
@fail_on_status_option
@report_options
@submit_options
@flow_connection_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    file: Path,
    name: str | None,
    config: Sequence[str],
    webhook: Callable[[], WebhookRequest],
    branch: str | None,
    run_id: str | None,
    journal: str | None,
    dry_run: bool,
    stub: Sequence[str],
    stubs: str | None,
    yes: bool,
    events: str | None,
    trace: str | None,
    fail_on_status: bool,
    submitting: SubmitOptions,
    connecting: ConnectionOptions,
) -> int:
    r"""Run a flow of FILE (- reads standard input) and print its result as JSON.

    \b
    connector flow run provision.yaml --payload app.json --sandbox
    connector flow run copy.yaml --connection 'From Workspace=from.json' --connection 'To Workspace=to.json'
    connector flow run notify.yaml --form text=hello --header 'X-Topic=news' --stubs stubs
    connector flow run copy.yaml --sandbox='From Workspace=a.sqlite' --sandbox='To Workspace=b.sqlite'
    connector flow run provision.yaml --payload app.json --submit --id order-4711
    """
    from connector.flows.run.by_id import run_by_id
    from connector.flows.run.prepare import PreparedRun, check_flow
    from connector.flows.run.start import start
    from connector.journal.journals import file_of

    submitting.check("--profile")
    integration = load_flow(file).integration
    definition = integration.definition(name)
    values = config_values_of(config, integration.config_variables)
    checked = check_flow(
        integration, definition, known_components(context), values, branch=branch, stubs=stub_values(stub, stubs)
    )
    if submitting.submit:
        confirm_destructive(checked, confirmed=yes)
        return submit_flow(checked, webhook, run_id, submitting, connecting)
    request = webhook()
    resolved = resolve_connections(connecting, integration, checked.needs, checked.components)
    reporter = make_reporter(events)
    settings = run_settings(resolved, connecting, reporter, trace)
    trace_file = Path(trace).expanduser() if trace else None
    files = {"journal": file_of(journal) if journal else None, "trace": trace_file}
    for noun, path in files.items():
        if path is not None and not dry_run and not path.exists():
            reporter.print_line(f"Creating {noun} {path}")
    with PreparedRun(checked, dry_run=dry_run, **settings) as prepared:
        if not dry_run:
            confirm_run(reporter, prepared, resolved, confirmed=yes)
        place = journal or True
        again = ResumeCommand(context, connecting, *stub_arguments(stub, stubs), *(["--yes"] if yes else []))
        if run_id is None or dry_run:
            run = perform(reporter, lambda: start(prepared, request, journal=place), again)
        else:
            run = perform(reporter, lambda: run_by_id(prepared, run_id, request, journal=place), again)
    write_json(redacted_writes(run, checked.components) if dry_run else run.results)
    return 1 if fail_on_status and is_error_status(run) else 0


def run_settings(
    resolved: ConnectionsByName, connecting: ConnectionOptions, reporter: Reporter, trace: str | None
) -> RunSettings:
    """Return the settings of a run from the options of its command."""
    return {
        "connections": resolved.connections,
        "max_wait": connecting.max_wait,
        "deadline": connecting.deadline,
        "on_event": reporter,
        "trace": None if trace is None else Path(trace).expanduser(),
    }


def confirm_run(reporter: Reporter, prepared: PreparedRun, resolved: ConnectionsByName, *, confirmed: bool) -> None:
    """Print the real services that the flow changes, and ask if it has destructive steps.

    Raises:
        UsageError: If the user did not confirm.
    """
    from connector.flows.run.plan import destructive_steps, is_read_only

    if resolved.is_sandbox or is_read_only(prepared.steps):
        return
    hosts = {key: about["host"] for key, about in prepared.connections.described().items()}
    facts = [f'Connection "{key}": {_target(resolved, key, host)}' for key, host in hosts.items()]
    destructive = destructive_steps(prepared.steps)
    if destructive and not confirmed:
        steps_fact = f"Destructive steps: {', '.join(destructive)}"
        confirm([*facts, steps_fact], "flow has destructive steps", "Run this flow?")
    else:
        for fact in facts:
            reporter.print_line(fact)


def confirm_destructive(checked: CheckedFlow, *, confirmed: bool) -> None:
    """Ask before a flow with destructive steps is submitted.

    Raises:
        UsageError: If the user did not confirm.
    """
    from connector.flows.run.plan import destructive_steps, plan

    destructive = destructive_steps(plan(checked.flow, checked.components, checked.branch, checked.stubs))
    if destructive and not confirmed:
        confirm([f"Destructive steps: {', '.join(destructive)}"], "flow has destructive steps", "Submit this flow?")


def _target(resolved: ConnectionsByName, name: str, host: str) -> str:
    return resolved[name].describe(host) if name in resolved else f"{host} (credentials: the flow)"


def perform(reporter: Reporter, run_flow: Callable[[], Run], again: ResumeCommand) -> Run:
    """Run a flow and report its events; whatever ends it early also prints the command to resume it.

    Raises:
        StepError: See `Flow.run`.
        FlowLimitError: See `Flow.run`.
    """
    with reporter:
        try:
            run = run_flow()
        except (StepError, FlowLimitError) as error:
            if isinstance(error, StepError) and error.run is not None:
                reporter.print_steps(error.run.steps.by_component())
            error.hint = f"{error.hint}\n{again.lines(reporter, error)}".strip()
            raise
        except (KeyboardInterrupt, SystemExit):
            reporter.print_line(again.lines(reporter))
            raise
    for step in run.steps.values():
        if step.pages_left:
            reporter.print_line(f'"{step.name}" returned one page of a list that has more')
    reporter.print_line(_summary(run))
    if is_error_status(run):
        status = run.response["statusCode"] if run.response else 0
        reporter.print_line(f"warning: the flow returned status {status}, which is an error")
    reporter.print_steps(run.steps.by_component())
    return run


def is_error_status(run: Run) -> bool:
    """Return True if the flow returned status 4xx or 5xx through a Stop Execution step."""
    return run.response is not None and run.response["statusCode"] >= 400


def _summary(run: Run) -> str:
    response = "" if run.response is None else f" with status {run.response['statusCode']}"
    run_id = f" (run {run.id})" if run.journal else ""
    return f'Flow "{run.flow}" finished{response} in {run.seconds:.1f} s{run_id}'


def redacted_writes(run: Run, components: Mapping[str, Component]) -> list[dict[str, Any]]:
    """Return the writes that a dry run did not send, redacted."""
    from connector.common.redaction import Redactor

    writes = []
    for write in run.skipped_writes:
        component, _, key = write["action"].partition(".")
        secret = components[component].action(key).inputs.secret_keys()
        writes.append({**write, "inputs": Redactor((), secret).record(write["inputs"])})
    return writes
