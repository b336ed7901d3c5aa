"""`connector run`: run an action."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from pydantic import MISSING

from connector.cli.assignments import read_inputs
from connector.cli.connection_options import ConnectionOptions, OpenConnection, connection_options
from connector.cli.each_options import EachOptions, check_each_options, each_options
from connector.cli.flow.submit import SubmitOptions, submit_options
from connector.cli.input_options import complete_keys, input_options
from connector.cli.object_hints import hint_about_objects
from connector.cli.output import json_bytes, plain, print_line, write, write_json
from connector.cli.progress import progress
from connector.cli.record_writers import FORMATS, RecordOptions, RecordPrinter, raw_lines, records_in
from connector.cli.settings_warnings import warn_by_catalog, warn_by_payload
from connector.cli.shared_options import Command, common_options, component_of, dry_run_option, section, yes_option
from connector.errors import InputError, NoChangesError, UsageError

if TYPE_CHECKING:
    from connector.cli.rows import Rows
    from connector.component.definitions import Action
    from connector.component.inputs import Inputs


@click.command(cls=Command)
@click.argument("key", shell_complete=complete_keys("actions", "operations"))
@input_options
@section(
    "Output",
    click.option("--select", metavar="JSONPATH", help="Print only this part of the payload, or of each record."),
    click.option("--all", "every", is_flag=True, help="Fetch every page and print the records as they arrive."),
    click.option(
        "--where", metavar="CONDITION", help="Print only records that meet a JSONPath condition, of all pages."
    ),
    click.option(
        "--columns", metavar="NAME,...", help="Print only these fields of each record, such as metadata.name."
    ),
    click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        default="json",
        show_default=True,
        help="Output format; jsonl, csv, and table print records.",
    ),
    click.option("-r", "--raw", is_flag=True, help="Print strings without quotes, one per line."),
)
@each_options
@submit_options
@click.option("--id", "run_id", metavar="ID", help="With --submit: wait for the run with this ID, or start it.")
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
    where: str | None,
    columns: str | None,
    output_format: str,
    raw: bool,
    dry_run: bool,
    yes: bool,
    read_only: bool,
    bulk: EachOptions,
    submitting: SubmitOptions,
    run_id: str | None,
    connecting: ConnectionOptions,
) -> int:
    r"""Run action KEY and print its payload as JSON.

    \b
    connector run listSources -i count=10
    connector run listSources --where 'enabled == false' --columns slug,metadata.name --format csv
    connector run updateSource -i sourceId=ID -i enabled=false -i settings.websiteUrl=https://example.com
    connector run updateSource --each sources.csv -i sourceId={id} -i enabled=false --output results.jsonl
    """
    from connector.cli.empty_inputs import empty_input_notes
    from connector.component.component import error_context

    component = component_of(context)
    action = component.action(key)
    printing = RecordOptions.of(output_format, columns, where, select, raw)
    every = every or where is not None
    if every and action.pagination is None:
        option = "--all" if where is None else "--where"
        raise UsageError(f"{option} works only with list actions", action=key, hint=f"Leave out {option}.")
    check_each_options(bulk)
    _check_submit_options(submitting, bulk, run_id)
    if bulk.each is not None:
        if every or printing.print_records or raw:
            raise UsageError("--each prints one result per row", action=key, hint="Leave out the other output options.")
        rows = _rows_of(bulk.each, action, file, assignments, output=bulk.output)
        if submitting.submit:
            from connector.cli.submit_each import submit_rows

            return submit_rows(
                component,
                action,
                rows,
                bulk,
                submitting,
                run_id=run_id,
                profiles=connecting.profiles,
                selector=printing.selector,
                confirmed=yes,
            )
        from connector.cli.each import run_each

        return run_each(
            lambda: connecting.open(component, read_only=read_only),
            action,
            rows,
            bulk,
            selector=printing.selector,
            dry_run=dry_run,
            confirmed=yes,
        )
    raw_inputs = read_inputs(file, assignments)
    notes = empty_input_notes(action, raw_inputs, assignments)
    try:
        with error_context(key):
            inputs = action.inputs.from_values(raw_inputs)
    except NoChangesError as error:
        error.hint = "\n".join([error.hint, *(f"{note}." for note in notes)])
        raise
    except InputError as error:
        error.hint = error.hint or hint_about_objects(action, raw_inputs, error)
        raise
    for note in notes:
        print_line(note)
    # A list action only reads, so that all its pages are fetched in a dry run too; the policy rejects any other action.
    opened = connecting.open(component, read_only=read_only or (dry_run and every))
    opened.runner.policy.check(action, inputs)
    if every:
        _stream(opened, key, raw_inputs, printing)
    elif dry_run:
        _rehearse(opened, action, inputs, raw_inputs, printing)
    else:
        _perform(opened, action, inputs, raw_inputs, printing, confirmed=yes)
    return 0


def _check_submit_options(submitting: SubmitOptions, bulk: EachOptions, run_id: str | None) -> None:
    submitting.check("--profile")
    if submitting.submit and bulk.each is None:
        raise UsageError("--submit requires --each", hint="Add --each FILE, or submit a flow.")
    if submitting.submit and bulk.output is not None and not submitting.wait:
        raise UsageError("--output and --submit require --wait", hint="Add --wait, here or later with the same --id.")
    if run_id is not None and not submitting.submit:
        raise UsageError("--id requires --submit", hint="Add --submit.")


def _rows_of(
    each: str, action: Action[Any], file: str | None, assignments: Sequence[str], *, output: str | None
) -> Rows:
    from connector.cli.results_file import check_results_file
    from connector.cli.rows import Rows

    check_results_file(output, {"--each": each, **({} if file is None else {"--inputs": file})})
    return Rows(each, action, {} if file is None else read_inputs(file, ()), assignments)


def _perform(
    opened: OpenConnection,
    action: Action[Any],
    inputs: Inputs,
    raw_inputs: dict[str, Any],
    printing: RecordOptions,
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
    # The response of a write describes the settings, so that the warning costs no request.
    warn_by_payload(action, inputs, payload)
    _print(action, inputs, payload, printing)


def _interrupted(action: Action[Any], effect: str) -> str:
    if effect == "read":
        return "interrupted"
    return f"interrupted; {action.key} may have been applied. Check before you run it again."


def _confirm(opened: OpenConnection, action: Action[Any], inputs: Inputs) -> None:
    from connector.component.dry_run import redacted_inputs

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        hint = "Add --yes to run it, or --dry-run to see the request."
        raise UsageError(f"{action.key} is destructive and needs confirmation", hint=hint)
    values = ", ".join(
        f"{key} {json_bytes(value, indent=None).decode()}" for key, value in redacted_inputs(inputs).items()
    )
    if not click.confirm(plain(f"Run {action.key} on {opened.target(inputs)} with {values}?"), err=True):
        raise UsageError("cancelled; nothing was sent")


def _rehearse(
    opened: OpenConnection, action: Action[Any], inputs: Inputs, raw_inputs: dict[str, Any], printing: RecordOptions
) -> None:
    from connector.cli.dry_run import print_request

    result = opened.runner.dry_run(action.key, raw_inputs, deadline=opened.deadline)
    if result.request is None:
        _print(action, inputs, result.payload, printing)
        return
    warn_by_catalog(opened.runner, action, inputs)
    print_line(f"Dry run: {action.key} would send this request to {opened.target(inputs)}:")
    print_request(result)


def _print(action: Action[Any], inputs: Inputs, payload: Any, printing: RecordOptions) -> None:
    """Print one payload, or the records in it."""
    _report_partial(action, inputs, payload)
    if printing.print_records:
        from connector.component.pagination import records_of

        printer = RecordPrinter(printing)
        printer.print(records_of(action, payload) if action.pagination else records_in(payload))
        printer.close()
        return
    selected = printing.selector(payload)
    if not printing.selector.matches(payload):
        print_line(f'warning: --select "{printing.selector.path}" matched nothing')
    if printing.raw:
        write(raw_lines(selected))
    else:
        write_json(selected)


def _stream(opened: OpenConnection, key: str, raw_inputs: dict[str, Any], printing: RecordOptions) -> None:
    from connector.component.pagination import records_of, total_of

    action = opened.runner.component.action(key)
    printer = RecordPrinter(printing)
    with progress("records") as count, _fewer_collections():
        for payload in opened.runner.pages(key, raw_inputs, deadline=opened.deadline, ahead=1):
            records = records_of(action, payload)
            count.total = total_of(action, payload)
            printer.print(records)
            count(len(records))
    printer.close()


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Let the garbage collector look less often while records pass through, since they contain no cycles.

    With Python's threshold it takes a quarter of the time of a long list. Only a program may decide this for its whole
    process, so that the library leaves the threshold alone.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _report_partial(action: Action[Any], inputs: Inputs, payload: Any) -> None:
    """Print how many of all records a payload has, if it is one page of several."""
    from connector.component.pagination import first_value, has_next_page, total_of

    pagination = action.pagination
    if pagination is None or not has_next_page(action, payload):
        return
    records, total = first_value(pagination.records, payload), total_of(action, payload)
    count = f"{len(records):,}" if isinstance(records, list) else "one page"
    of_all = "" if total is None else f" of {total:,}"
    first = "first " if getattr(inputs, pagination.cursor_input, MISSING) is MISSING else ""
    print_line(f"{first}{count}{of_all}; add --all to print every record")
