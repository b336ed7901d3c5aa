"""`connector run`: perform an action."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from connector.cli.connection_options import Connecting, ConnectingCommand, Opened, connecting_options
from connector.cli.input_options import complete_keys, given_inputs, input_options
from connector.cli.output import json_bytes, progress, say, write, write_json
from connector.cli.shared_options import common_options, component_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.definitions import Action
    from connector.component.inputs import Inputs

Selector = Callable[[Any], Any]


@click.command(cls=ConnectingCommand)
@click.argument("key", shell_complete=complete_keys("actions"))
@input_options
@click.option("--select", metavar="JSONPATH", help="Print only this part of the payload (of each record with --all).")
@click.option("--all", "every", is_flag=True, help="Follow every page of a list and print its records as they come.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "jsonl"]),
    default="json",
    show_default=True,
    help="With --all: one JSON list, or a line of JSON a record.",
)
@click.option("--dry-run", is_flag=True, help="Perform reads, but print the write instead of sending it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before an action that takes something away.")
@click.option("--read-only", is_flag=True, help="Refuse whatever would change something.")
@connecting_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    key: str,
    assignments: Sequence[str],
    file: str | None,
    select: str | None,
    every: bool,
    form: str,
    dry_run: bool,
    yes: bool,
    read_only: bool,
    connecting: Connecting,
) -> None:
    r"""Perform the action KEY and print its payload as JSON.

    \b
    connector run listSources -i count=10
    connector run listSources --all --format jsonl --select '$.slug'
    connector run updateSource -i sourceId=ID -i enabled=false -i settings:='{"websiteUrl": "https://example.com"}'
    """
    from connector.component.component import error_context

    component = component_of(context)
    action = component.action(key)
    selector = _selector(select)
    _check_listing(action, every, form)
    given = given_inputs(file, assignments)
    with error_context(key):
        inputs = action.inputs.from_values(given)
    opened = connecting.open(component, read_only=read_only or (dry_run and every))
    opened.runner.policy.check(action, inputs)
    if every:
        _stream(opened, key, given, selector, lines=form == "jsonl")
    elif dry_run:
        _rehearse(opened, action, inputs, given, selector)
    else:
        _perform(opened, action, inputs, given, selector, confirmed=yes)


def _check_listing(action: Action[Any], every: bool, form: str) -> None:
    if every and action.pagination is None:
        raise UsageError("does not list, so --all has nothing to follow.", action=action.key, hint="Leave out --all.")
    if form != "json" and not every:
        raise UsageError("--format jsonl prints records, which takes --all.", action=action.key, hint="Add --all.")


def _perform(
    opened: Opened,
    action: Action[Any],
    inputs: Inputs,
    given: dict[str, Any],
    selector: Selector,
    *,
    confirmed: bool,
) -> None:
    effect = action.effect_of(inputs)
    is_real = opened.sandbox is None
    if is_real and effect == "destructive" and not confirmed:
        _confirm(opened, action, inputs)
    elif is_real and effect != "read":
        say(f"{action.key} on {opened.target(inputs)}")
    try:
        payload = opened.runner.invoke(action.key, given, deadline=opened.deadline)
    except (KeyboardInterrupt, SystemExit):
        if effect != "read":
            say(f"{action.key} may have been performed: look before repeating it")
        raise
    write_json(selector(payload))


def _confirm(opened: Opened, action: Action[Any], inputs: Inputs) -> None:
    from connector.cli.dry_run import redacted_inputs

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        hint = "Repeat it with --yes if that is meant, or with --dry-run to see what would be sent."
        raise UsageError("takes something away, which needs a yes.", action=action.key, hint=hint)
    shown = json_bytes(redacted_inputs(inputs), indent=None).decode()
    say(f"{action.key} {shown} on {opened.target(inputs)}")
    if not click.confirm("Do it?", err=True):
        raise UsageError("was not confirmed; nothing was sent.", action=action.key)


def _rehearse(opened: Opened, action: Action[Any], inputs: Inputs, given: dict[str, Any], selector: Selector) -> None:
    from connector.cli.dry_run import DryRun, WouldSendError

    opened.runner.component.add_plugin(DryRun(), "dry-run")
    try:
        payload = opened.runner.invoke(action.key, given, deadline=opened.deadline)
    except WouldSendError as found:
        say(f"{action.key} would send this to {opened.target(inputs)}; nothing was changed")
        write_json(found.request)
    else:
        write_json(selector(payload))


def _stream(opened: Opened, key: str, given: dict[str, Any], selector: Selector, *, lines: bool) -> None:
    from connector.component.pagination import records_of

    action = opened.runner.component.action(key)
    before = b"" if lines else b"[\n"
    with progress("records") as count:
        for payload in opened.runner.pages(key, given, deadline=opened.deadline):
            records = records_of(action, payload)
            for record in records:
                write(before + json_bytes(selector(record), indent=None) + (b"\n" if lines else b""))
                before = b"" if lines else b",\n"
            count(len(records))
    if not lines:
        write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _selector(path: str | None) -> Selector:
    """From a payload to what is printed; a path that can match once gives its value, any other a list."""
    if path is None:
        return lambda payload: payload
    from jsonpath_ng.ext.parser import parse
    from jsonpath_ng.jsonpath import Child, Fields, Index, Root

    try:
        parsed = parse(path)
    except Exception as error:
        reason = " ".join(str(error).split())
    else:

        def single(node: Any) -> bool:
            if isinstance(node, Child):
                return single(node.left) and single(node.right)
            several = (isinstance(node, Fields) and (len(node.fields) != 1 or "*" in node.fields)) or (
                isinstance(node, Index) and len(getattr(node, "indices", (0,))) != 1
            )
            return isinstance(node, Root | Fields | Index) and not several

        def select(payload: Any) -> Any:
            found = [match.value for match in parsed.find(payload)]
            if not found:
                say(f"nothing in the payload matches {path}")
            return found if not single(parsed) else found[0] if found else None

        return select
    raise UsageError(f"--select {path} is no JSONPath: {reason}.", hint="An example is '$.data.data.sources[*].id'.")
