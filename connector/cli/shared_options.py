"""What commands share: the component they work on, their class, and the options of several commands."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import click
from click.core import ParameterSource

from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component

Function = TypeVar("Function", bound=Callable[..., Any])
Option = Callable[[Function], Function]


def component_of(context: click.Context) -> Component:
    """Load the component that the command line works on.

    Raises:
        SetupError: If the component cannot be loaded.
        UnknownKeyError: If no component with the key of `--component` is installed.
    """
    from connector.component.component import installed_component, load_component

    chosen = selection(context)
    if "component" in chosen:
        return installed_component(chosen["component"])
    return load_component(chosen.get("manifest"))


def selection(context: click.Context) -> dict[str, str]:
    """Return the value of `manifest` or `component`, whichever option chooses the component; empty without one.

    An option of the command line wins over a variable of the environment.

    Raises:
        UsageError: If both are on the command line, or both in the environment.
    """
    root = context.find_root()
    values = {name: str(root.params[name]) for name in ("manifest", "component") if root.params.get(name) is not None}
    if len(values) < 2:
        return values
    typed = [name for name in values if root.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if len(typed) != 1:
        raise UsageError("--component cannot be combined with --manifest", hint="Pass one of them.")
    return {typed[0]: values[typed[0]]}


def complete_components(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the keys of the installed components."""
    from connector.common.installed_packages import entry_points

    return sorted(key for key in entry_points("connector.components").names if key.startswith(incomplete))


def _choose_component(context: click.Context, _parameter: click.Parameter, key: str | None) -> None:
    """Let the option work behind the command as it does before it."""
    if key is not None:
        root = context.find_root()
        root.params["component"] = key
        root.set_parameter_source("component", ParameterSource.COMMANDLINE)


class Command(click.Command):
    """A command that takes the value of `--sandbox` only behind `=`, and names an unexpected argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        end = args.index("--") if "--" in args else len(args)
        # Without a value, the option must not take the next argument for its file.
        spelled_out = ["--sandbox=" if argument == "--sandbox" else argument for argument in args[:end]]
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, spelled_out + args[end:])
        if rest and not ctx.resilient_parsing:
            self._reject(ctx, rest, args[:end])
        return rest

    def _reject(self, ctx: click.Context, arguments: list[str], args: list[str]) -> None:
        if ("--sandbox", arguments[0]) in pairwise(args):
            raise UsageError(f'unexpected argument "{arguments[0]}"', hint=f"Pass --sandbox={arguments[0]}.")
        takes_inputs = any(parameter.name == "assignments" for parameter in self.params)
        if takes_inputs and all("=" in argument for argument in arguments):
            hint = f"Pass inputs with -i: {' '.join(f'-i {argument}' for argument in arguments)}"
        else:
            hint = f"See {ctx.command_path} --help."
        raise UsageError(f'unexpected argument "{arguments[0]}"', hint=hint)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under the headings of `section`, in the order of declaration."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(_SECTIONS.get(parameter, "Options"), []).append(record)
        for title in sorted(sections, key=lambda title: title == "Options"):
            with formatter.section(title):
                formatter.write_dl(sections[title])


_SECTIONS: WeakKeyDictionary[click.Parameter, str] = WeakKeyDictionary()


def check_not_empty(name: str, value: str, *, hint: str) -> str:
    """Return what names a file or a run; an empty variable of a script would name the folder of the command.

    Raises:
        UsageError: If it is empty.
    """
    if not value:
        raise UsageError(f"{name} must not be empty", hint=hint)
    return value


def section(title: str, *options: Option[Any]) -> Option[Any]:
    """Return a decorator that adds options in this order, under a heading of their own in the help."""

    def add(function: Any) -> Any:
        for option in reversed(options):
            number = len(getattr(function, "__click_params__", ()))
            function = option(function)
            for parameter in function.__click_params__[number:]:
                _SECTIONS[parameter] = title
        return function

    return add


def common_options(function: Function) -> Function:
    """Add the options that may be anywhere: `--debug` and `--error-format`, read before parsing, and `--component`."""
    # Click keeps the lines of a paragraph after the character itself, which a raw docstring cannot hold.
    function.__doc__ = (function.__doc__ or "").replace("\\b\n", "\b\n")
    debug = click.option("--debug", is_flag=True, expose_value=False, help="Log redacted requests to standard error.")
    error_format = click.option(
        "--error-format",
        type=click.Choice(["text", "json"]),
        expose_value=False,
        help="Error format.  [env: CONNECTOR_ERROR_FORMAT]",
    )
    component = click.option(
        "--component",
        metavar="KEY",
        is_eager=True,
        expose_value=False,
        callback=_choose_component,
        shell_complete=complete_components,
        help="Use the installed component with this key.  [env: CONNECTOR_COMPONENT]",
    )
    return component(debug(error_format(function)))


PORTS = click.IntRange(0, 65_535)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Skip the confirmation.")


def dry_run_option(help_line: str) -> Option[Any]:
    """Return the option `--dry-run`."""
    return click.option("--dry-run", is_flag=True, help=help_line)


def output_option(function: Function) -> Function:
    """Add `--output`."""
    help_line = "File to write; - is standard output.  [default: standard output]"
    return click.option("--output", metavar="FILE", help=help_line)(function)


class Seconds(click.FloatRange):
    """A range of numbers without `nan`."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            self.fail(f'"{value}" is not a number of seconds', param, ctx)
        return super().convert(number, param, ctx)


def wait_options(function: Function) -> Function:
    """Add `--max-wait` and `--deadline`."""
    from connector.rest.rate_limits import DEFAULT_MAX_WAIT

    max_wait = click.option(
        "--max-wait",
        type=Seconds(min=0),
        default=DEFAULT_MAX_WAIT,
        show_default=True,
        help="Maximum seconds to wait for rate limits and retries, per request; 0 does not wait.",
    )
    deadline = click.option(
        "--deadline",
        type=Seconds(min=0, min_open=True),
        help="Stop starting requests after this many seconds.",
    )
    return max_wait(deadline(function))
