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
from connector.errors import FlowLimitError, StepError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows import Flow, Run

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
    from connector.flows.check.problems import raise_if_errors
    from connector.flows.run.config import config_values

    components = known_components(context)
    flow = Flow.load(file)
    config = config_of(configured, flow.integration.config_variables)
    config_values(flow.integration, config)
    raise_if_errors(flow.check(components, flow=flow.definition(name).name, config=config))
    body = None if payload is None else read_json(payload, "payload")
    given = connecting.open(flow.integration, flow.connections(components, flow=name), components)
    tell = make_reporter(events)
    if not dry_run:
        confirm_run(tell, flow, name, components, given, confirmed=yes)
    run = perform(
        tell,
        flow.run,
        components,
        flow=name,
        connections=given.connections,
        payload=body,
        config=config,
        dry_run=dry_run,
        max_wait=connecting.max_wait,
        deadline=connecting.deadline,
        trace=None if trace is None else Path(trace).expanduser(),
    )
    write_json(shown_writes(run, components) if dry_run else run.results)


def confirm_run(
    tell: Reporter,
    flow: Flow,
    name: str | None,
    components: Mapping[str, Component],
    given: Given,
    *,
    confirmed: bool,
) -> None:
    """Name the real services that will be changed, and ask when something may be taken away.

    Raises:
        ConnectionInputError: A connection is missing, or does not fit.
        UsageError: It was not confirmed.
    """
    from connector.flows.run.connections import FlowConnections

    steps = list(flow.definition(name).walk())
    actions = [components[s.component].actions.get(s.action) for s in steps if s.component in components]
    if given.is_sandbox or not any(action and action.effect != "read" for action in actions):
        return
    needs = flow.connections(components, flow=name)
    bindings = FlowConnections(flow.integration, needs, components, given.connections)
    bindings.close()
    places = [
        f"{key}: the sandbox {given.sandboxes[key]}"
        if key in given.sandboxes
        else f"{key}: {about['host']} with the credentials of {given.origins.get(key, 'the flow')}"
        for key, about in bindings.described().items()
    ]
    destructive = flow.destructive_steps(components, flow=name)
    if destructive and not confirmed:
        steps_named = f"steps that may take something away: {', '.join(destructive)}"
        confirm([*places, steps_named], "the flow takes something away")
    else:
        for place in places:
            tell.say(place)


def perform(tell: Reporter, start: Callable[..., Run], *args: Any, **options: Any) -> Run:
    """Run a flow while telling of it; whatever ends it early also says how to go on.

    Raises:
        StepError: See `Flow.run`.
        FlowLimitError: See there.
    """
    with tell:
        try:
            run = start(*args, on_event=tell, **options)
        except (StepError, FlowLimitError) as error:
            error.hint = f"{error.hint}\n{_how_to_go_on(tell)}".strip()
            raise
        except (KeyboardInterrupt, SystemExit):
            tell.say(_how_to_go_on(tell))
            raise
    tell.say(_end(run))
    return run


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
