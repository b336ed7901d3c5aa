"""The commands of `connector sandbox` that work on its file."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.files import write_file
from connector.cli.output import json_bytes, print_line, print_output, write_json
from connector.cli.sandbox_options import file_of, file_option
from connector.cli.shared_options import Command, common_options, component_of, json_option, output_option, yes_option
from connector.cli.tables import write_table
from connector.common.private_files import reason_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.sandbox_kit.workspace import Workspace


@contextmanager
def _workspace(context: click.Context, file: str | None) -> Iterator[tuple[Workspace, Path]]:
    from connector.sandbox_kit.sandbox import sandbox_of
    from connector.sandbox_kit.workspace import Workspace

    component = component_of(context)
    path = file_of(component, file, os.environ)
    with closing(Workspace(sandbox_of(component), path)) as workspace:
        yield workspace, path


def _confirm_loss(file: Path, question: str) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"this discards the data in {file} and needs confirmation", hint="Add --yes.")
    if not click.confirm(question, err=True):
        raise UsageError("cancelled; nothing was changed")


@click.command(cls=Command)
@file_option
@common_options
@click.pass_context
def path(context: click.Context, file: str | None) -> None:
    """Print the path of the sandbox file."""
    print_output(str(file_of(component_of(context), file, os.environ)))


@click.command(cls=Command)
@file_option
@yes_option
@common_options
@click.pass_context
def reset(context: click.Context, file: str | None, yes: bool) -> None:
    """Reset the sandbox to its initial state. Its token stays the same."""
    location = file_of(component_of(context), file, os.environ)
    if location.exists() and not yes:
        _confirm_loss(location, f"Reset {location} and discard its data?")
    with _workspace(context, file) as (workspace, _):
        workspace.reset()
    print_line(f"Reset {location} to its initial state")


@click.command(cls=Command)
@output_option
@file_option
@common_options
@click.pass_context
def dump(context: click.Context, file: str | None, output: str | None) -> None:
    """Dump the state as a seed. A sandbox that loads the seed has the same state."""
    with _workspace(context, file) as (workspace, _):
        state = workspace.dump()
    if output in (None, "-"):
        write_json(state)
        return
    target = Path(str(output)).expanduser()
    write_file(target, json_bytes(state) + b"\n", private=True)
    print_line(f"Wrote {target}")


class SeedCommand(Command):
    """A command with an option for each number that the component's sandbox generates a seed from."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options, with those of the component's sandbox."""
        from connector.sandbox_kit.sandbox import sandbox_of

        names = inspect.signature(sandbox_of(component_of(ctx)).generate).parameters
        sizes = [
            click.Option([f"--{name}"], type=click.IntRange(min=0), metavar="N", help=f"Number of {name} to generate.")
            for name in names
        ]
        return [*sizes, *super().get_params(ctx)]


@click.command(cls=SeedCommand)
@click.option("--seed", "seed_file", metavar="FILE", help="Seed file, as written by dump.")
@file_option
@yes_option
@common_options
@click.pass_context
def seed(context: click.Context, /, file: str | None, yes: bool, seed_file: str | None, **sizes: int | None) -> None:
    """Replace the state with a seed file, or with generated records."""
    from connector.sandbox_kit.sandbox import sandbox_of

    numbers = {name: size for name, size in sizes.items() if size is not None}
    if bool(numbers) == bool(seed_file):
        names = " or ".join(f"--{name} N" for name in sizes)
        raise UsageError("pass either --seed FILE or record counts", hint=f"Pass --seed FILE, or {names}.")
    component = component_of(context)
    state = _readable(seed_file) if seed_file else sandbox_of(component).generate(**numbers)
    location = file_of(component, file, os.environ)
    if location.exists() and not yes:
        _confirm_loss(location, f"Replace the data in {location}?")
    with _workspace(context, file) as (workspace, _):
        workspace.load(state)
    print_line(f"Loaded the seed into {location}")


def _readable(file: str) -> Path:
    """Return the path of a seed file; one that cannot be read is an error before the user is asked."""
    seed_path = Path(file).expanduser()
    try:
        # Opening it here would take the content from a pipe.
        seed_path.stat()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {reason_of(error)}") from None
    return seed_path


@click.command(cls=Command)
@json_option
@common_options
@click.pass_context
def assumptions(context: click.Context, as_json: bool) -> None:
    """List the assumptions where the documentation says nothing. Set one with `serve --assume NAME=VALUE`."""
    from connector.sandbox_kit.sandbox import sandbox_of

    declared = sandbox_of(component_of(context)).assumptions.values()
    if as_json:
        fields = ("name", "description", "choices", "source")
        write_json([{field: getattr(each, field) for field in fields} for each in declared])
        return
    rows = [(each.name, " | ".join(each.choices), each.description, each.source) for each in declared]
    write_table(("name", "values, default first", "decides", "source"), rows)


def own_command(name: str, function: Callable[..., Any]) -> click.Command:
    """Return the command for a function of the component's sandbox."""

    @common_options
    @file_option
    @click.pass_context
    def run(context: click.Context, /, file: str | None, **texts: str) -> None:
        with _workspace(context, file) as (workspace, _):
            write_json(function(workspace, **texts))

    command = click.command(name, cls=Command, help=function.__doc__)(run)
    for parameter in list(inspect.signature(function).parameters)[1:]:
        command.params.append(click.Argument([parameter]))
    return command
