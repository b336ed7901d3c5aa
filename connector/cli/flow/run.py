"""`connector flow run`: run a flow of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.connection_options import ConnectingCommand
from connector.cli.flow.connection_options import FlowConnecting, Given, flow_connecting_options
from connector.cli.flow.options import (
    config_of,
    config_option,
    confirm,
    flow_option,
    known_components,
    make_reporter,
    yes_option,
)
from connector.cli.flow.reporters import Reporter
from connector.cli.output import write_json
from connector.cli.shared_options import common_options, read_json
from connector.errors import FlowDeadlineError, FlowLimitError, JournalError, StepError, UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows import Run, RunSettings
    from connector.flows.run.prepare import PreparedRun

watching_options = (
    click.option("--events", type=click.Choice(["jsonl"]), help="Write a line of JSON an event on standard error."),
    click.option("--trace", metavar="FILE", help="Keep inputs and results of every step there, secrets redacted."),
)


@click.command(cls=ConnectingCommand)
@click.argument("file", type=click.Path(path_type=Path))
@flow_option
@config_option
@click.option("--payload", metavar="FILE", help="JSON file with the body that the trigger gets; - is stdin.")
@click.option("--dry-run", is_flag=True, help="Perform reads only, and print the writes instead of the result.")
@yes_option
@watching_options[0]
@watching_options[1]
@flow_connecting_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    file: Path,
    name: str | None,
    configured: Sequence[str],
    payload: str | None,
    dry_run: bool,
    yes: bool,
    events: str | None,
    trace: str | None,
    connecting: FlowConnecting,
) -> None:
    r"""Run a flow of FILE, started by hand, and print its result as JSON.

    \b
    connector flow run provision.yaml --payload app.json --sandbox
    connector flow run copy.yaml --connection 'From Workspace=from.json' --connection 'To Workspace=to.json'
    connector flow run copy.yaml --sandbox='From Workspace=a.sqlite' --sandbox='To Workspace=b.sqlite'
    """
    from connector.flows import Flow
    from connector.flows.run.prepare import PreparedRun, check_flow
    from connector.flows.run.start import start

    integration = Flow.load(file).integration
    definition = integration.definition(name)
    config = config_of(configured, integration.config_variables)
    checked = check_flow(integration, definition, known_components(context), config)
    body = None if payload is None else read_json(payload, "payload")
    opened = connecting.open(integration, checked.needs, checked.components)
    tell = make_reporter(events)
    settings = run_settings(opened, connecting, tell, trace)
    with PreparedRun(checked, dry_run=dry_run, **settings) as prepared:
        if not dry_run:
            confirm_run(tell, prepared, opened, confirmed=yes)
        run = perform(tell, lambda: start(prepared, body))
    write_json(shown_writes(run, checked.components) if dry_run else run.results)


def run_settings(opened: Given, connecting: FlowConnecting, tell: Reporter, trace: str | None) -> RunSettings:
    """The settings of a run from the options of its command."""
    return {
        "connections": opened.connections,
        "max_wait": connecting.max_wait,
        "deadline": connecting.deadline,
        "on_event": tell,
        "trace": None if trace is None else Path(trace).expanduser(),
    }


def confirm_run(tell: Reporter, prepared: PreparedRun, opened: Given, *, confirmed: bool) -> None:
    """Name the real services that will be changed, and ask when something may be taken away.

    Raises:
        UsageError: It was not confirmed.
    """
    from connector.flows.run.plan import destructive_steps, is_read_only

    if opened.is_sandbox or is_read_only(prepared.steps):
        return
    places = [
        f"{key}: the sandbox {opened.sandboxes[key]}"
        if key in opened.sandboxes
        else f"{key}: {about['host']} with the credentials of {opened.origins.get(key, 'the flow')}"
        for key, about in prepared.connections.described().items()
    ]
    destructive = destructive_steps(prepared.steps)
    if destructive and not confirmed:
        steps_named = f"steps that may take something away: {', '.join(destructive)}"
        confirm([*places, steps_named], "the flow takes something away")
    else:
        for place in places:
            tell.say(place)


def perform(tell: Reporter, run_flow: Callable[[], Run]) -> Run:
    """Run a flow while telling of it; whatever ends it early also says how to go on.

    Raises:
        StepError: See `Flow.run`.
        FlowLimitError: See there.
    """
    with tell:
        try:
            run = run_flow()
        except (StepError, FlowLimitError) as error:
            if _may_succeed_later(error):
                error.hint = f"{error.hint}\n{_how_to_go_on(tell)}".strip()
            raise
        except (KeyboardInterrupt, SystemExit):
            tell.say(_how_to_go_on(tell))
            raise
    tell.say(_end(run))
    return run


def _may_succeed_later(error: StepError | FlowLimitError) -> bool:
    """Return True unless a resumed run must fail again: with the same inputs, or at the same limit."""
    cause = error.cause if isinstance(error, StepError) else error
    return not isinstance(cause, UsageError) or isinstance(cause, FlowDeadlineError | JournalError)


def _how_to_go_on(tell: Reporter) -> str:
    if not tell.journal:
        return ""
    from connector.journal.file import runs_folder

    path = Path(tell.journal)
    return f"Go on with: connector flow resume {tell.run if path.parent == runs_folder() else path}"


def _end(run: Run) -> str:
    how = run.status if run.response is None else f"{run.status} with {run.response['statusCode']}"
    run_id = f", run {run.id}" if run.journal else ""
    return f'"{run.flow}" {how} in {run.seconds:.2f} s{run_id}'


def shown_writes(run: Run, components: Mapping[str, Component]) -> list[dict[str, Any]]:
    """The writes that a dry run did not send, secrets masked."""
    from connector.common.redaction import Redactor

    shown = []
    for write in run.skipped_writes:
        component, _, key = write["action"].partition(".")
        secret = components[component].actions[key].inputs.secret_keys()
        shown.append({**write, "inputs": Redactor((), secret).record(write["inputs"])})
    return shown
