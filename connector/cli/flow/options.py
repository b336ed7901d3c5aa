"""What the flow commands share: components, options, the confirmation, and the reporter of a run."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from connector.cli.database_option import run_in
from connector.cli.files import STANDARD_INPUT, read_text
from connector.cli.flow.reporters import JsonLinesReporter, Reporter
from connector.cli.output import has_colors, print_line
from connector.cli.shared_options import Function, check_not_empty, component_of, selection
from connector.errors import JournalError, UsageError
from connector.journal.protocol import UnknownRunError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows import Flow


class _File(click.Path):
    """The path of a file."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Raises:
            UsageError: If it is empty.
        """
        hint = "Pass an integration file, or - for standard input."
        return super().convert(check_not_empty("FILE", value, hint=hint), param, ctx)


file_argument = click.argument("file", type=_File(path_type=Path))


def _complete_runs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the IDs of runs, the newest first."""
    from connector.journal.journals import runs_folder

    return sorted((file.stem for file in runs_folder().glob(f"{incomplete}*.jsonl")), reverse=True)


def not_empty(_context: click.Context, argument: click.Parameter, name: str) -> str:
    """Return what names a run.

    Raises:
        UsageError: If it is empty.
    """
    return check_not_empty(str(argument.metavar), name, hint="Run `connector flow runs` to list runs.")


run_argument = click.argument("run_name", metavar="RUN", callback=not_empty, shell_complete=_complete_runs)


def names_shards(function: Function) -> Function:
    """Let a command name the shards of submitted rows, when it gets the ID of all of them as RUN."""

    @wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        try:
            return function(*args, **values)
        except UnknownRunError:
            values = click.get_current_context().params
            run = next(values[name] for name in ("run_name", "run_id", "target") if name in values)
            _check_is_no_bulk_run(run, run_in(values["database"], run))
            if "://" in run:
                raise  # a URL can hold a password, which the error itself leaves out
            # A person passed an ID, and not the place where it was looked for.
            raise UnknownRunError(f'unknown run "{run}"') from None

    return cast("Function", command)


def _check_is_no_bulk_run(run: str, name: str) -> None:
    from connector.journal.past_runs import past_run

    try:
        past_run(f"{name}.1")
    except JournalError:
        return
    hint = f"Pass the ID of a shard, such as {run}.1; `connector flow runs` lists them."
    raise UsageError(f'the rows of run "{run}" were submitted in shards', hint=hint)


flow_option = click.option("--flow", "name", metavar="NAME", help="Flow to use, if the file has several.")
config_option = click.option("--config", multiple=True, metavar="NAME=VALUE", help="Value of a config variable.")

fail_on_status_option = click.option(
    "--fail-on-status", is_flag=True, help="Exit with 1 if the flow returns status 4xx or 5xx."
)


def report_options(function: Function) -> Function:
    """Add `--events` and `--trace`."""
    events = click.option("--events", type=click.Choice(["jsonl"]), help="Emit events to standard error as JSON lines.")
    trace = click.option("--trace", metavar="FILE", help="Write a redacted trace of every step to FILE.")
    return events(trace(function))


def stub_options(function: Function) -> Function:
    """Add `--stub` and `--stubs`."""
    stub = click.option(
        "--stub",
        multiple=True,
        metavar="NAME=FILE",
        help="Results in FILE instead of those of a step; NAME is a step, COMPONENT.ACTION, or 'METHOD URL'.",
    )
    folder = click.option("--stubs", metavar="FOLDER", help="Folder with the stubs that flow stubs wrote.")
    return stub(folder(function))


def stub_values(stubs: Sequence[str], folder: str | None) -> dict[str, Any]:
    """Return the stubs of the `--stub` and `--stubs` options by name.

    Raises:
        UsageError: If an option or a file is invalid.
    """
    from connector.flows.run.stubs import read_folder, read_stub

    values = {} if folder is None else read_folder(Path(folder))
    for text in stubs:
        # A URL may contain an equals sign.
        name, equals, file = text.rpartition("=")
        if not (equals and name and file):
            hint = "Write --stub 'STEP=FILE', --stub 'COMPONENT.ACTION=FILE', or --stub 'METHOD URL=FILE'."
            raise UsageError(f'invalid --stub "{text}": expected NAME=FILE', hint=hint)
        values[name] = read_stub(name, Path(file))
    return values


def stub_arguments(stubs: Sequence[str], folder: str | None) -> list[str]:
    """Return the arguments that choose the same stubs again."""
    return [*(part for text in stubs for part in ("--stub", text)), *(["--stubs", folder] if folder else [])]


def known_components(context: click.Context) -> dict[str, Component]:
    """Return the components whose actions flows may use: all installed ones, HTTP, and the one of --manifest."""
    from connector.flows.run.components import components_by_key

    chosen = component_of(context) if "manifest" in selection(context) else None
    return {**components_by_key(None), **({chosen.key: chosen} if chosen else {})}


def load_flow(file: Path) -> Flow:
    """Load an integration file; `-` is standard input.

    Raises:
        InvalidFlowError: If the file is missing or invalid.
        UsageError: If standard input was read before.
    """
    from connector.flows import Flow

    return Flow.parse(read_text(STANDARD_INPUT), "<stdin>") if str(file) == STANDARD_INPUT else Flow.load(file)


def split_name(text: str, known: Iterable[str], option: str, form: str = "NAME=VALUE") -> tuple[str, str]:
    """Return name and value of `NAME=VALUE`; a known name may itself contain an equals sign.

    Raises:
        UsageError: If there is no equals sign.
    """
    for name in sorted(known, key=len, reverse=True):
        if text.startswith(f"{name}="):
            return name, text[len(name) + 1 :]
    name, equals, value = text.partition("=")
    if not (equals and name):
        names = list(known)
        hint = f"Available names: {', '.join(names)}." if names else ""
        if len(names) == 1 and name != names[0]:
            hint = f"Write {option} '{names[0]}={text}'."
        raise UsageError(f'invalid {option} "{text}": expected {form}', hint=hint)
    return name, value


def config_values_of(config: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """Return the values of the `--config` options by name."""
    return dict(split_name(text, known, "--config") for text in config)


def confirm(facts: Sequence[str], subject: str, question: str) -> None:
    """Ask before something is deleted.

    Args:
        facts: What the question is about, one line each.
        subject: Beginning of the error without a terminal: `flow has destructive steps`.
        question: The question.

    Raises:
        UsageError: If the user declines, or there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{subject} and needs confirmation: {'; '.join(facts)}", hint="Add --yes, or --dry-run.")
    for fact in facts:
        print_line(fact)
    if not click.confirm(question, err=True):
        raise UsageError("cancelled; nothing was sent")


def make_reporter(events: str | None) -> Reporter:
    """Return the reporter of a run: JSON lines with `jsonl`, a live view on a terminal."""
    if events == "jsonl":
        return JsonLinesReporter()
    if not has_colors(sys.stderr):
        return Reporter()
    from connector.cli.flow.live_reporter import LiveReporter

    return LiveReporter()
