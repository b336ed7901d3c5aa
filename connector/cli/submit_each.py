"""`connector run --each FILE --submit`: let workers run an action for each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connector import errors
from connector.cli.each import MAX_LISTED, checked_rows, reason, urgency
from connector.cli.each_options import EachOptions, decisions
from connector.cli.flow.submit import SubmitOptions
from connector.cli.output import counted, json_bytes, print_line, write, write_json
from connector.cli.progress import progress
from connector.cli.results_file import results_file
from connector.cli.rows import Rows
from connector.errors import ConnectorError, OutcomeUnknownError, UsageError
from connector.journal.journals import check_id, new_id
from connector.journal.protocol import UnknownRunError

if TYPE_CHECKING:
    from connector.cli.jsonpath import Selector
    from connector.component.component import Component
    from connector.component.definitions import Action
    from connector.workers.bulk import SubmittedRow, SubmittedRows

FATES = {"failed": "failed", "unknown": "has an unknown outcome", "pending": "was not run"}


def submit_rows(
    component: Component,
    action: Action[Any],
    rows: Rows,
    options: EachOptions,
    submitting: SubmitOptions,
    *,
    run_id: str | None,
    profiles: Sequence[str],
    selector: Selector,
    confirmed: bool,
) -> int:
    """Submit the rows of a file and, if asked to, wait for their results; return the exit code.

    Raises:
        InputError: If rows are invalid; nothing was submitted.
        UsageError: If the action is destructive and was not confirmed.
        JournalError: If the database cannot be used, or there is no run to resume.
    """
    total, effect = checked_rows(rows, action, keep_going=options.on_error == "keep-going")
    if rows.ignored:
        print_line(rows.hint().rstrip("."))
    if effect == "destructive" and not confirmed:
        raise UsageError(f"{action.key} is destructive and needs confirmation", hint="Add --yes to submit it.")
    if options.resume is not None:
        _check_known(options.resume, submitting.database)
    chosen = options.resume or check_id(run_id if run_id is not None else new_id())
    try:
        submitted = _submitted(component, action, rows, options, submitting, run_id=chosen, profiles=profiles)
        if options.resume is not None:
            again = submitted.submit_again(component, unknown=decisions(options.unknown))
            print_line(f"Submitted {counted(len(again), 'shard')} of run {chosen} again")
        return _report(submitted, action, rows, options, submitting, total=total, selector=selector)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted{_how_to_go_on(chosen)}") from None
    except SystemExit:
        print_line(f"terminated{_how_to_go_on(chosen)}")
        raise


def _how_to_go_on(run_id: str) -> str:
    return f"; rows may be submitted, and workers go on with them; add --id {run_id} to submit no row twice"


def _report(
    submitted: SubmittedRows,
    action: Action[Any],
    rows: Rows,
    options: EachOptions,
    submitting: SubmitOptions,
    *,
    total: int | None,
    selector: Selector,
) -> int:
    number = sum(shard.rows for shard in submitted.shards)
    if options.resume is None:
        words = f"Submitted run {submitted.id}" if submitted.is_new else f"Run {submitted.id} already exists"
        print_line(f"{words}: {action.key} for {counted(number, 'row')}")
    if not submitting.wait:
        write_json({"run": submitted.id, "rows": number, "shards": [shard.run for shard in submitted.shards]})
        return 0
    if submitted.shards:
        submitting.report_if_not_taken(submitted.shards[0].run)
    with (
        results_file(options.output) as write_line,
        progress("rows", total, prints=write_line is write) as line,
    ):
        tally = _Tally(rows)
        for result in submitted.results():
            write_line(json_bytes(_as_line(result, selector), indent=None) + b"\n")
            line(1, failed=int(result.status in FATES))
            tally.add(result)
    return tally.finish(submitted.id)


class _Tally:
    """Counts the results, and reports the rows that are not done."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._statuses: Counter[str] = Counter()
        self._code = 0
        self._reasons: set[str] = set()

    def add(self, result: SubmittedRow) -> None:
        self._statuses[result.status] += 1
        if result.status not in FATES or result.error is None:
            return  # another row of the shard says why a row was not run
        text = reason(result.error)
        self._code = max(self._code, _exit_code(result.status, result.error), key=urgency)
        if result.status == "pending":
            is_listed = text not in self._reasons  # the same holds for the rest of a shard, or for every row
            self._reasons.add(text)
        else:
            is_listed = self._statuses["failed"] + self._statuses["unknown"] <= MAX_LISTED
        if is_listed:
            print_line(f"Row {result.row}{self._rows.label(result.row)} {FATES[result.status]}: {text}")

    def finish(self, run_id: str) -> int:
        """Print how many rows are not done, and return the exit code."""
        failed, pending = self._statuses["failed"] + self._statuses["unknown"], self._statuses["pending"]
        if failed > MAX_LISTED:
            print_line(f"... and {counted(failed - MAX_LISTED, 'more row')}; the results name all of them")
        if failed or pending:
            done = counted(self._statuses["done"] + self._statuses["skipped"], "row")
            print_line(f"{done} done, {failed:,} failed, {pending:,} not run; add --resume {run_id} to continue")
        return self._code


def _exit_code(status: str, error: Mapping[str, Any]) -> int:
    kind = OutcomeUnknownError if status == "unknown" else getattr(errors, error["type"], ConnectorError)
    code: int = kind.exit_code
    return code


def _submitted(
    component: Component,
    action: Action[Any],
    rows: Rows,
    options: EachOptions,
    submitting: SubmitOptions,
    *,
    run_id: str,
    profiles: Sequence[str],
) -> SubmittedRows:
    from connector.workers.bulk import submit_each

    return submit_each(
        component,
        action.key,
        rows,
        database=submitting.database,
        id=run_id,
        on_error="keep-going" if options.on_error == "keep-going" else "stop",
        profiles={"": profiles[-1]} if profiles else {},
        **submitting.placing,
    )


def _check_known(run_id: str, database: str | None) -> None:
    from connector.journal.journals import default_database
    from connector.journal.past_runs import past_run

    try:
        past_run(f"{database or default_database()}#{run_id}.1")
    except UnknownRunError:
        raise UnknownRunError(f'unknown run "{run_id}"', hint="Pass the ID that --submit printed.") from None


def _as_line(result: SubmittedRow, selector: Selector) -> dict[str, Any]:
    line = result.to_dict()
    return {**line, "payload": selector(result.payload)} if "payload" in line else line
