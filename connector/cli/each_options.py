"""The options of `connector run --each FILE`. They are declared for every run, so that little is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from connector.cli.shared_options import check_not_empty, section
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.bulk_journal import Unknown

DECISIONS = ("stop", "retry", "skip")


class EachOptions(NamedTuple):
    """The values of the options."""

    each: str | None
    output: str | None
    resume: str | None
    unknown: Sequence[str]
    on_error: str
    parallel: int


def _complete_runs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from connector.component.bulk_journal import resumable_runs

    return [run for run in resumable_runs() if run.startswith(incomplete)]


def each_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a bulk run, passed as `bulk`."""
    import functools

    @functools.wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        fields = {name: values.pop(name) for name in EachOptions._fields}
        if len(fields["each"]) > 1:
            raise UsageError("--each is there twice", hint="Put all rows into one file.")
        fields["each"] = fields["each"][0] if fields["each"] else None
        return function(*args, bulk=EachOptions(**fields), **values)

    add: Callable[[Callable[..., Any]], Callable[..., Any]] = section(
        "Bulk",
        click.option(
            "--each",
            multiple=True,
            metavar="FILE",
            help="Run the action for each row of a JSON Lines or CSV file; - reads standard input. A column with the "
            "name of an input sets it; in -i name={column}, it stands for its value.",
        ),
        click.option("--output", metavar="FILE", help="Write the results to this file, one JSON line per row."),
        click.option(
            "--parallel", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of calls at once."
        ),
        click.option(
            "--on-error",
            type=click.Choice(["stop", "keep-going"]),
            default="stop",
            show_default=True,
            help="What to do after a row that failed.",
        ),
        click.option(
            "--resume", metavar="RUN", shell_complete=_complete_runs, help="Resume a run of --each with the same rows."
        ),
        click.option(
            "--unknown",
            multiple=True,
            metavar="[ROW=]stop|retry|skip",
            help="With --resume: what to do with a write of unknown outcome.",
        ),
    )
    return add(command)


def check_each_options(options: EachOptions) -> None:
    """Check that no option is passed without the one that it belongs to, and that --resume names a run.

    Raises:
        UsageError: If one is, or it does not.
    """
    if options.unknown and options.resume is None:
        raise UsageError("--unknown requires --resume", hint="Add --resume RUN.")
    if options.resume is not None:
        check_not_empty("--resume", options.resume, hint="Pass the ID of the run, or leave out --resume.")
    decisions(options.unknown)
    defaults = EachOptions(options.each, None, None, (), "stop", 1)
    for name in EachOptions._fields if options.each is None else ():
        if getattr(options, name) != getattr(defaults, name):
            raise UsageError(f"--{name.replace('_', '-')} requires --each", hint="Add --each FILE.")


def decisions(texts: Sequence[str]) -> Unknown | Mapping[int, Unknown]:
    """Return the values of `--unknown`: one for all rows, or one per row.

    Raises:
        UsageError: If one is invalid.
    """
    by_row: dict[int, Any] = {}
    for text in texts:
        row, equals, decision = text.rpartition("=")
        if decision not in DECISIONS or (equals and not row.isdecimal()):
            raise UsageError(f'invalid --unknown "{text}"', hint="Pass stop, retry, or skip, or ROW=skip for one row.")
        if not equals:
            return decision  # type: ignore[return-value]
        by_row[int(row)] = decision
    return by_row
