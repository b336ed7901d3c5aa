"""`connector run`: run an action."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from pydantic import MISSING

from connector.cli.connection_options import ConnectionOptions, OpenConnection, connection_options
from connector.cli.input_options import complete_keys, input_options, read_inputs
from connector.cli.output import json_bytes, plain, print_line, progress, write, write_json
from connector.cli.shared_options import Command, common_options, component_of, dry_run_option, yes_option
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.definitions import Action
    from connector.component.inputs import Inputs

Selector = Callable[[Any], Any]


@click.command(cls=Command)
@click.argument("key", shell_complete=complete_keys("actions", "operations"))
@input_options
@click.option("--select", metavar="JSONPATH", help="Print only this part of the payload, or of each record with --all.")
@click.option("--all", "every", is_flag=True, help="Fetch every page and print the records as they arrive.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["json", "jsonl"]),
    default="json",
    show_default=True,
    help="Output of --all: one JSON list, or one JSON record per line.",
)
@dry_run_option("Print the write request instead of sending it; reads are still sent.")
@yes_option
@click.option("--read-only", is_flag=True, help="Allow reads only.")
@connection_options
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
    output_format: str,
    dry_run: bool,
    yes: bool,
    read_only: bool,
    connecting: ConnectionOptions,
) -> None:
    r"""Run action KEY and print its payload as JSON.

    \b
    connector run listSources -i count=10
    connector run listSources --all --format jsonl --select '$.slug'
    connector run updateSource -i sourceId=ID -i enabled=false -i settings:='{"websiteUrl": "https://example.com"}'
    """
    from connector.component.component import error_context

    component = component_of(context)
    action = component.action(key)
    selector = _selector(select)
    _check_list_options(action, every, output_format)
    raw_inputs = read_inputs(file, assignments)
    with error_context(key):
        inputs = action.inputs.from_values(raw_inputs)
    opened = connecting.open(component, read_only=read_only or (dry_run and every))
    opened.runner.policy.check(action, inputs)
    if every:
        _stream(opened, key, raw_inputs, selector, lines=output_format == "jsonl")
    elif dry_run:
        _rehearse(opened, action, inputs, raw_inputs, selector)
    else:
        _perform(opened, action, inputs, raw_inputs, selector, confirmed=yes)


def _check_list_options(action: Action[Any], every: bool, output_format: str) -> None:
    if every and action.pagination is None:
        raise UsageError("--all works only with list actions", action=action.key, hint="Leave out --all.")
    if output_format != "json" and not every:
        raise UsageError("--format jsonl requires --all", action=action.key, hint="Add --all.")


def _perform(
    opened: OpenConnection,
    action: Action[Any],
    inputs: Inputs,
    raw_inputs: dict[str, Any],
    selector: Selector,
    *,
    confirmed: bool,
) -> None:
    effect = action.effect_of(inputs)
    if not opened.is_sandbox and effect == "destructive" and not confirmed:
        _confirm(opened, action, inputs)
    elif not opened.is_sandbox and effect != "read":
        print_line(f"Running {action.key} on {opened.target(inputs)}")
    try:
        payload = opened.runner.invoke(action.key, raw_inputs, deadline=opened.deadline)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_interrupted(action, effect)) from None
    except SystemExit:
        if effect != "read":
            print_line(_interrupted(action, effect))
        raise
    report_partial(action, inputs, payload)
    write_json(selector(payload))


def _interrupted(action: Action[Any], effect: str) -> str:
    if effect == "read":
        return "interrupted"
    return f"interrupted; {action.key} may have been applied. Check before you run it again."


def _confirm(opened: OpenConnection, action: Action[Any], inputs: Inputs) -> None:
    from connector.cli.dry_run import redacted_inputs

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        hint = "Add --yes to run it, or --dry-run to see the request."
        raise UsageError(f"{action.key} is destructive and needs confirmation", hint=hint)
    values = ", ".join(
        f"{key} {json_bytes(value, indent=None).decode()}" for key, value in redacted_inputs(inputs).items()
    )
    if not click.confirm(plain(f"Run {action.key} on {opened.target(inputs)} with {values}?"), err=True):
        raise UsageError("cancelled; nothing was sent")


def _rehearse(
    opened: OpenConnection, action: Action[Any], inputs: Inputs, raw_inputs: dict[str, Any], selector: Selector
) -> None:
    from connector.cli.dry_run import DryRun, WouldSendError

    opened.runner.component.add_plugin(DryRun(), "dry-run")
    try:
        payload = opened.runner.invoke(action.key, raw_inputs, deadline=opened.deadline)
    except WouldSendError as stopped:
        print_line(f"Dry run: {action.key} would send this request to {opened.target(inputs)}:")
        write_json(stopped.request)
    else:
        report_partial(action, inputs, payload)
        write_json(selector(payload))


def _stream(opened: OpenConnection, key: str, raw_inputs: dict[str, Any], selector: Selector, *, lines: bool) -> None:
    from connector.component.pagination import records_of

    action = opened.runner.component.action(key)
    before = b"" if lines else b"[\n"
    with progress("records") as count:
        for payload in opened.runner.pages(key, raw_inputs, deadline=opened.deadline):
            records = records_of(action, payload)
            for record in records:
                write(before + json_bytes(selector(record), indent=None) + (b"\n" if lines else b""))
                before = b"" if lines else b",\n"
            count(len(records))
    if not lines:
        write(b"[]\n" if before == b"[\n" else b"\n]\n")


def report_partial(action: Action[Any], inputs: Inputs, payload: Any) -> None:
    """Print how many of all records a payload has, if it is one page of several."""
    pagination = action.pagination
    if pagination is None or not _value_at(payload, pagination.cursor):
        return
    records, total = _value_at(payload, pagination.records), _value_at(payload, pagination.total)
    count = f"{len(records):,}" if isinstance(records, list) else "one page"
    of_all = f" of {total:,}" if isinstance(total, int) else ""
    first = "first " if getattr(inputs, pagination.cursor_input, MISSING) is MISSING else ""
    print_line(f"{first}{count}{of_all}; add --all to print every record")


def _value_at(payload: Any, path: str) -> Any:
    """Return the first value at a JSONPath, or None."""
    parts = path.split(".")
    if parts[0] != "$" or not all(part.isidentifier() for part in parts[1:]):
        from connector.component.pagination import compile_jsonpath

        matches = compile_jsonpath(path).find(payload) if path else []
        return matches[0].value if matches else None
    # Importing jsonpath-ng takes longer than everything else in this command, and most paths are plain.
    for part in parts[1:]:
        payload = payload.get(part) if isinstance(payload, dict) else None
    return payload


def _selector(path: str | None) -> Selector:
    """Return the function from a payload to its printed part: one value if the path can match once, else a list."""
    if path is None:
        return lambda payload: payload
    from jsonpath_ng.ext.parser import parse

    try:
        parsed = parse(path)
    except Exception as error:
        reason = " ".join(str(error).split())
    else:

        def select(payload: Any) -> Any:
            matches = [match.value for match in parsed.find(payload)]
            if not matches:
                print_line(f'warning: --select "{path}" matched nothing')
            return matches if not _is_single(parsed) else matches[0] if matches else None

        return select
    raise UsageError(f'invalid JSONPath "{path}": {reason}', hint="An example is '$.data.data.sources[*].id'.")


def _is_single(node: Any) -> bool:
    """Return True if a JSONPath can match only once."""
    from jsonpath_ng.jsonpath import Child, Fields, Index, Root

    if isinstance(node, Child):
        return _is_single(node.left) and _is_single(node.right)
    if isinstance(node, Fields):
        return len(node.fields) == 1 and "*" not in node.fields
    if isinstance(node, Index):
        return len(getattr(node, "indices", (0,))) == 1
    return isinstance(node, Root)
