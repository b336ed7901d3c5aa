"""The option that names the database of submitted runs, and how durations are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from connector.cli.output import print_line
from connector.common.state_dir import DATABASE
from connector.errors import UsageError

_DURATION = re.compile(r"(?P<number>\d{1,6})(?P<unit>[smhd])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


def _checked(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    """Return the URL of the option.

    Raises:
        UsageError: If it names no database. It is not shown, since it may have a password.
    """
    if url is not None:
        from connector.journal.journals import database_of
        from connector.journal.postgres import postgres_of

        if postgres_of(url) is None and database_of(url) is None:
            hint = f"Pass sqlite:///FILE or postgresql://... as --database or in {DATABASE}."
            raise UsageError("invalid database", hint=hint)
    return url


database_option = click.option(
    "--database",
    callback=_checked,
    envvar=DATABASE,
    show_envvar=True,
    metavar="URL",
    help="sqlite:///FILE or postgresql://...  [default: a file in the user's state folder]",
)


def print_wait(seconds: float, reason: str) -> None:
    """Print that a command waits for the database."""
    print_line(f"Waiting up to {seconds:.0f} s for {reason}")


def check_is_id(run: str) -> None:
    """Check that a run is named by its ID, where another option names the database.

    Raises:
        UsageError: If it is named by a URL, which is not shown since it may have a password.
    """
    if "://" in run:
        raise UsageError("RUN must be the ID of a run, not a URL", hint="Pass the ID, and the URL as --database.")


def run_in(database: str | None, run: str) -> str:
    """Return what names a run in the database of the option. That of the variable is known to all that takes a run.

    Raises:
        UsageError: If the run is not named by its ID.
    """
    if click.get_current_context().get_parameter_source("database") is not ParameterSource.COMMANDLINE:
        return run
    check_is_id(run)
    return f"{database}#{run}"


def seconds(noun: str) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a callback that reads a duration such as `12h`."""

    def read(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
        if value is None:
            return None
        match = _DURATION.match(value)
        if match is None:
            raise click.BadParameter(f'"{value}" is not {noun}')
        return float(match["number"]) * _SECONDS[match["unit"]]

    return read
