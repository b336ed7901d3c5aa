"""What the commands about flows share: components, `NAME=VALUE` options, the question before something goes."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from connector.cli.flow.reporters import JsonLinesReporter, Reporter
from connector.cli.output import colours
from connector.cli.shared_options import component_of
from connector.errors import JournalError, UsageError

if TYPE_CHECKING:
    from connector.journal.reader import JournalContents

if TYPE_CHECKING:
    from connector.component.component import Component

flow_option = click.option("--flow", "name", metavar="NAME", help="Which flow of the file.")
config_option = click.option(
    "--config", "configured", multiple=True, metavar="NAME=VALUE", help="Value of a config variable."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask before something is taken away.")


def known_components(context: click.Context) -> dict[str, Component]:
    """The components whose actions flows may use: every installed one, and the one of --manifest."""
    from connector.component.component import components

    chosen = component_of(context) if context.find_root().params.get("manifest") else None
    return {**components(), **({chosen.key: chosen} if chosen else {})}


def split_name(text: str, known: Iterable[str], option: str) -> tuple[str, str]:
    """Name and value of `NAME=VALUE`; a known name may itself have an equals sign.

    Raises:
        UsageError: There is no equals sign.
    """
    for name in sorted(known, key=len, reverse=True):
        if text.startswith(f"{name}="):
            return name, text[len(name) + 1 :]
    name, equals, value = text.partition("=")
    if not (equals and name):
        names = ", ".join(f'"{name}"' for name in known)
        hint = f"Write {option} NAME=VALUE" + (f"; the names are {names}." if names else ".")
        raise UsageError(f'{option} "{name}" has no value.', hint=hint)
    return name, value


def config_of(configured: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """The values given with `--config`."""
    return dict(split_name(text, known, "--config") for text in configured)


def confirm(facts: Sequence[str], what: str) -> None:
    """Ask before something is taken away.

    Args:
        facts: What the question is about, a line each.
        what: The beginning of the error: `the flow takes something away`.

    Raises:
        UsageError: The answer is no, or nobody can be asked.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        hint = "Repeat it with --yes if that is meant, or with --dry-run to see what would be done."
        raise UsageError(f"{what}, which needs a yes: {'; '.join(facts)}.", hint=hint)
    for fact in facts:
        click.echo(fact, err=True)
    if not click.confirm("Do it?", err=True):
        raise UsageError("it was not confirmed; nothing was sent.")


def make_reporter(events: str | None) -> Reporter:
    """What tells of a run: `jsonl` writes events, a terminal gets a live view."""
    if events == "jsonl":
        return JsonLinesReporter()
    if not colours(sys.stderr):
        return Reporter()
    from connector.cli.flow.live_reporter import LiveReporter

    return LiveReporter()


JOURNAL_ARGUMENT = click.argument("journal", metavar="JOURNAL")


def history_of(journal: str) -> JournalContents:
    """Return the contents of a journal, named by its path or by the id of its run.

    Raises:
        JournalError: If the journal cannot be read.
    """
    from connector.journal.file import journal_path
    from connector.journal.reader import read_history

    path = journal_path(journal)
    try:
        return read_history(path)
    except OSError as error:
        _cannot_read(path, error)


def _cannot_read(path: Path, error: OSError) -> NoReturn:
    reason = error.strerror or str(error)
    raise JournalError(f"the journal {path} cannot be read: {reason}.", hint="See connector flow runs.") from None
