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

from connector.cli.output import json_bytes, say, write, write_json, write_table
from connector.cli.sandbox_options import file_of, file_option
from connector.cli.shared_options import common_options, component_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.sandbox_kit.sandbox import Workspace

yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask before what it holds is lost.")


@contextmanager
def _opened(context: click.Context, file: str | None) -> Iterator[tuple[Workspace, Path]]:
    from connector.sandbox_kit.sandbox import sandbox_of

    component = component_of(context)
    path = file_of(component, file, os.environ)
    with closing(sandbox_of(component).open_workspace(path)) as workspace:
        yield workspace, path


def _confirm_loss(file: Path) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        text = f"{file} would lose what it holds, which needs a yes."
        raise UsageError(text, hint="Repeat it with --yes if that is meant.")
    if not click.confirm(f"{file} will lose what it holds. Do it?", err=True):
        raise UsageError("it was not confirmed; nothing was changed.")


@click.command()
@file_option
@common_options
@click.pass_context
def path(context: click.Context, file: str | None) -> None:
    """Print where the file of the sandbox is."""
    click.echo(file_of(component_of(context), file, os.environ))


@click.command()
@file_option
@yes_option
@common_options
@click.pass_context
def reset(context: click.Context, file: str | None, yes: bool) -> None:
    """Put the sandbox back to its beginning; its token stays the same."""
    location = file_of(component_of(context), file, os.environ)
    if location.exists() and not yes:
        _confirm_loss(location)
    with _opened(context, file) as (workspace, _):
        workspace.reset()
    say(f"{location} is as it was in the beginning")


@click.command()
@click.option("--output", metavar="FILE", help="Where to write; standard output unless given.")
@file_option
@common_options
@click.pass_context
def dump(context: click.Context, file: str | None, output: str | None) -> None:
    """Print all that the sandbox holds, as a seed: loaded again, it is the same."""
    with _opened(context, file) as (workspace, _):
        found = workspace.dump()
    if output in (None, "-"):
        write_json(found)
        return
    target = Path(str(output)).expanduser()
    try:
        with open(target, "wb", opener=_private) as stream:
            stream.write(json_bytes(found) + b"\n")
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.", hint="Choose another file.") from None
    say(f"wrote {target}")


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


class SeedCommand(click.Command):
    """Has an option for each number that the component's sandbox makes a seed from."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options, those of the component's sandbox included."""
        from connector.sandbox_kit.sandbox import sandbox_of

        known = super().get_params(ctx)
        names = inspect.signature(sandbox_of(component_of(ctx)).generate).parameters
        made = [click.Option([f"--{n}"], type=click.IntRange(min=0), help=f"Make so many {n}.") for n in names]
        return [*made, *known]


@click.command(cls=SeedCommand)
@click.option("--seed", "seed_file", metavar="FILE", help="A seed, as dump writes it.")
@file_option
@yes_option
@common_options
@click.pass_context
def seed(context: click.Context, /, file: str | None, yes: bool, seed_file: str | None, **sizes: int | None) -> None:
    """Replace all that the sandbox holds: by a seed, or by as many made-up records as you ask for."""
    from connector.sandbox_kit.sandbox import sandbox_of

    asked = {name: size for name, size in sizes.items() if size is not None}
    if bool(asked) == bool(seed_file):
        names = " or ".join(f"--{name} N" for name in sizes)
        raise UsageError("a sandbox is seeded from a file or from numbers.", hint=f"Give --seed FILE, or {names}.")
    component = component_of(context)
    new = Path(seed_file).expanduser() if seed_file else sandbox_of(component).generate(**asked)
    location = file_of(component, file, os.environ)
    if location.exists() and not yes:
        _confirm_loss(location)
    with _opened(context, file) as (workspace, _):
        workspace.load(new)
    say(f"{location} holds the new seed")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@common_options
@click.pass_context
def assumptions(context: click.Context, as_json: bool) -> None:
    """List what the sandbox assumes where nothing published says; `serve --assume NAME=VALUE` switches one."""
    from connector.sandbox_kit.sandbox import sandbox_of

    found = sandbox_of(component_of(context)).ASSUMPTIONS.values()
    if as_json:
        fields = ("name", "description", "choices", "source")
        write_json([{field: getattr(each, field) for field in fields} for each in found])
        return
    rows = [(each.name, " | ".join(each.choices), each.description, each.source) for each in found]
    write_table(("name", "values, default first", "what it decides", "source"), rows)


def own_command(name: str, function: Callable[..., Any]) -> click.Command:
    """The command that a function of the component's sandbox becomes."""

    @common_options
    @file_option
    @click.pass_context
    def run(context: click.Context, /, file: str | None, **texts: str) -> None:
        with _opened(context, file) as (workspace, _):
            write(json_bytes(function(workspace, **texts)) + b"\n")

    command = click.command(name, help=function.__doc__)(run)
    for parameter in list(inspect.signature(function).parameters)[1:]:
        command.params.append(click.Argument([parameter]))
    return command
