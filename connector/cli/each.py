"""`connector run --each FILE`: run an action for each row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.each_options import EachOptions, decisions
from connector.cli.files import STANDARD_INPUT, name_of
from connector.cli.output import counted, json_bytes, one_line, print_line, write, write_json
from connector.cli.progress import ProgressLine, progress
from connector.cli.results_file import results_file
from connector.cli.rows import Rows
from connector.errors import (
    ApiErrorDetail,
    ConnectorError,
    InputError,
    JournalError,
    OutcomeUnknownError,
    Problem,
    TemporaryError,
    UsageError,
)

if TYPE_CHECKING:
    from connector.cli.connection_options import OpenConnection
    from connector.cli.jsonpath import Selector
    from connector.component.bulk import BulkRun, RowResult
    from connector.component.definitions import Action

DRY_ROWS = 3
MAX_LISTED = 10
EFFECTS = ("read", "write", "destructive")
_FATES = {"failed": "failed", "unknown": "has an unknown outcome"}


def run_each(
    connect: Callable[[], OpenConnection],
    action: Action[Any],
    rows: Rows,
    options: EachOptions,
    *,
    selector: Selector,
    dry_run: bool,
    confirmed: bool,
) -> int:
    """Run an action for each row, print a result for each, and return the exit code.

    Raises:
        InputError: If rows are invalid; nothing was sent.
        ConnectorError: If a row failed, unless the run keeps going.
    """
    total, effect = checked_rows(rows, action, keep_going=options.on_error == "keep-going")
    if rows.ignored:
        print_line(rows.hint().rstrip("."))
    opened = connect()
    if dry_run:
        _rehearse(opened, action, rows, total)
        return 0
    noun = counted(total, "row") if total is not None else f"rows of {name_of(rows.path)}"
    if effect == "destructive" and not opened.is_sandbox and not confirmed:
        _confirm(opened, action, rows, noun)
    run = _opened_run(opened, action, rows, options)
    print_line(f"Run {run.run}: {action.key} for {noun} on {opened.target()}")
    try:
        with (
            run,
            results_file(options.output) as write_line,
            progress("rows", total, prints=write_line is write) as line,
        ):
            return _report(run, rows, line, write_line, selector)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted{_how_to_resume(run)}") from None
    except SystemExit:
        print_line(f"terminated{_how_to_resume(run)}")
        raise
    except ConnectorError:
        if run.can_resume and options.resume is None:
            print_line(f"To resume, add --resume {run.run}; to leave out rows that fail, add --on-error keep-going")
        raise


def _opened_run(opened: OpenConnection, action: Action[Any], rows: Rows, options: EachOptions) -> BulkRun:
    from connector.component.bulk import BulkRun
    from connector.component.bulk_journal import SAME_ROWS

    try:
        return BulkRun(
            opened.runner,
            action.key,
            rows if rows.can_be_read_again else iter(rows),
            resume=options.resume,
            unknown=decisions(options.unknown),
            on_error="keep-going" if options.on_error == "keep-going" else "stop",
            parallel=options.parallel,
            deadline=opened.deadline,
            credentials=opened.resolved.location,
        )
    except JournalError as error:
        error.problems = tuple(_labelled(problem, rows) for problem in error.problems)
        raise
    except UsageError as error:
        if error.hint == SAME_ROWS:
            error.hint = f"{error.hint} Also pass the same -i and --inputs."
        raise


def _labelled(problem: Problem, rows: Rows) -> Problem:
    number = problem.location.removeprefix("row ")
    return replace(problem, location=f"{problem.location}{rows.label(int(number))}") if number.isdecimal() else problem


def _report(
    run: BulkRun, rows: Rows, line: ProgressLine, write_line: Callable[[bytes], Any], selector: Selector
) -> int:
    code = done = failed = 0
    for result in run:
        write_line(json_bytes(_as_line(result, selector), indent=None) + b"\n")
        error = result.error
        line(int(not result.is_earlier), failed=int(error is not None), earlier=int(result.is_earlier))
        done += error is None
        if error is not None:
            failed += 1
            if failed <= MAX_LISTED:
                text = reason(error.to_dict()["error"])
                print_line(f"Row {result.row}{rows.label(result.row)} {_FATES[result.status]}: {text}")
            outcome = OutcomeUnknownError.exit_code if result.status == "unknown" else error.exit_code
            code = max(code, outcome, key=urgency)
    if not done and not failed:
        print_line("warning: there are no rows")
    if failed > MAX_LISTED:
        print_line(f"... and {counted(failed - MAX_LISTED, 'more row')}; the results name all of them")
    if failed:
        print_line(f"{counted(done, 'row')} done, {failed:,} failed{_how_to_resume(run)}")
    return code


def reason(error: Mapping[str, Any]) -> str:
    """Return on one line what went wrong, of an error as JSON: with the request, which has the ID, and each reason."""
    request = f" [{error['method']} {error['path']}]" if "method" in error else ""
    problems = [Problem(**{"location": "", **each}) for each in error.get("problems", ())]
    details = [ApiErrorDetail(**each) for each in error.get("errors", ())]
    reasons = "; ".join(map(str, (*problems, *details))).replace("\n    hint:", "")
    return one_line(": ".join(filter(None, [f"{error['message']}{request}", reasons])))


def urgency(code: int) -> int:
    """Return how much a person is needed: most to check what was applied, least for what passes by itself."""
    return {0: 0, TemporaryError.exit_code: 1, OutcomeUnknownError.exit_code: 3}.get(code, 2)


def _as_line(result: RowResult, selector: Selector) -> dict[str, Any]:
    line = result.to_dict()
    return {**line, "payload": selector(result.payload)} if "payload" in line else line


def _how_to_resume(run: BulkRun) -> str:
    return f"; add --resume {run.run} to continue" if run.can_resume else ""


def checked_rows(rows: Rows, action: Action[Any], *, keep_going: bool) -> tuple[int | None, str]:
    """Return the number of rows, where they can be read twice, and the strongest effect of them.

    Raises:
        InputError: If rows are invalid, unless the run keeps going.
    """
    effect = action.effect if isinstance(action.effect, str) else "read"
    if not rows.can_be_read_again:
        path = Path(rows.path).expanduser()
        if rows.path != STANDARD_INPUT and (path.is_dir() or not path.exists()):
            reason = "is a directory" if path.is_dir() else "no such file or directory"
            raise UsageError(f"cannot read {rows.path}: {reason}")
        return None, effect if isinstance(action.effect, str) else "destructive"
    invalid: dict[Problem, list[int]] = {}
    total = number = 0
    for total, row in enumerate(rows, 1):
        try:
            effect = max(effect, action.effect_of(action.inputs.from_values(row)), key=EFFECTS.index)
        except InputError as error:
            number += 1
            for problem in error.problems or (Problem("", error.message, hint=error.hint),):
                # One more than is listed, so that a file of invalid rows needs little memory.
                if problem in invalid or len(invalid) <= MAX_LISTED:
                    invalid.setdefault(problem, []).append(total)
    if invalid and not keep_going:
        raise _invalid_rows(rows, action, invalid, number, total)
    return total, effect


def _invalid_rows(
    rows: Rows, action: Action[Any], invalid: Mapping[Problem, list[int]], number: int, total: int
) -> InputError:
    """Return the error about the invalid rows, which names each problem once."""
    problems = [
        Problem(_row_names(group), f"{problem.location}: {problem.message}".removeprefix(": "), hint=problem.hint)
        for problem, group in islice(invalid.items(), MAX_LISTED)
    ]
    if len(invalid) > MAX_LISTED:
        problems.append(Problem("", "and other problems"))
    what_to_do = "Correct them, or add --on-error keep-going to run the others." if number < total else "Correct them."
    hint = " ".join(filter(None, (rows.hint(), what_to_do, "Nothing was sent.")))
    text = f"{counted(number, 'invalid row')} of {total:,} in {rows.path}"
    return InputError(text, action=action.key, problems=problems, hint=hint)


def _row_names(numbers: Sequence[int]) -> str:
    names = ", ".join(map(str, numbers[:MAX_LISTED]))
    more = f" and {len(numbers) - MAX_LISTED:,} more" if len(numbers) > MAX_LISTED else ""
    return f"row{'s' if len(numbers) > 1 else ''} {names}{more}"


def _rehearse(opened: OpenConnection, action: Action[Any], rows: Rows, total: int | None) -> None:
    from connector.cli.dry_run import print_request

    of_total = f" of {total:,}" if total is not None else ""
    print_line(f"Dry run: the first requests{of_total} to {opened.target()}:")
    for row in islice(rows, DRY_ROWS):
        result = opened.runner.dry_run(action.key, row, deadline=opened.deadline)
        if result.request is None:
            write_json(result.payload)
        else:
            print_request(result)


def _confirm(opened: OpenConnection, action: Action[Any], rows: Rows, noun: str) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or rows.path == STANDARD_INPUT:
        hint = "Add --yes to run it, or --dry-run to see the first requests."
        raise UsageError(f"{action.key} is destructive and needs confirmation", hint=hint)
    if not click.confirm(f"Run {action.key} on {opened.target()} for {noun}?", err=True):
        raise UsageError("cancelled; nothing was sent")
