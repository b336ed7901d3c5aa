"""From options and environment to an open connection; only the command line reads the environment."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from connector.cli.output import say
from connector.cli.sandbox_options import FAULTS, VARIABLE, file_to_use
from connector.cli.shared_options import json_object, read_json_object
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import ConnectionDefinition
    from connector.component.runner import Runner

VARIABLES = ("CONNECTOR_CONNECTION", "PRISMATIC_CONNECTION_VALUE")
"""Environment variables that hold a whole connection as JSON; the first that is set counts."""

MAX_WAIT = 300.0


class Credentials(NamedTuple):
    """A connection in the platform's shape, and where it was found.

    Attributes:
        connection: `{"key", "fields"}`.
        origin: Where the secrets come from, for messages; None when nothing was found.
    """

    connection: Mapping[str, Any]
    origin: str | None


class Opened(NamedTuple):
    """A runner, and what messages say about its connection.

    Attributes:
        runner: The runner.
        origin: Where its secrets come from.
        deadline: Seconds that a call may take.
        sandbox: The file of the sandbox that it talks to, instead of to the real service.
    """

    runner: Runner
    origin: str | None
    deadline: float | None
    sandbox: Path | None = None

    def target(self, inputs: Any = None) -> str:
        """Host and origin of the credentials: `api.example.com with the credentials of ACME_TOKEN`."""
        if self.sandbox:
            return f"the sandbox {self.sandbox}"
        host = self.runner.connection.endpoint(inputs).host
        return f"{host} with the credentials of {self.origin}" if self.origin else host


class Connecting(NamedTuple):
    """What the options say about the connection and its patience."""

    connection: str | None
    sandbox: str | None
    max_wait: float
    deadline: float | None

    def open(self, component: Component, *, read_only: bool = False) -> Opened:
        """Open the connection.

        Raises:
            ConnectionInputError: It lacks a field, or has one that does not fit.
            UsageError: The file or the variable that holds it cannot be read.
            SandboxError: The sandbox cannot be used.
        """
        from connector.component.runner import Runner

        if file := file_to_use(component, self.sandbox, os.environ):
            return self._open_sandbox(component, file, read_only)
        found = find(component, self.connection, os.environ)
        runner = Runner(component, found.connection, read_only=read_only, max_wait=self.max_wait, on_wait=_tell)
        click.get_current_context().call_on_close(runner.close)
        return Opened(runner, found.origin, self.deadline)

    def _open_sandbox(self, component: Component, file: Path, read_only: bool) -> Opened:
        from connector.sandbox_kit.sandbox import serve

        if self.connection is not None:
            hint = f"Leave out --connection, or --sandbox and {VARIABLE}."
            raise UsageError("a sandbox takes no connection.", hint=hint)
        faults = os.environ.get(FAULTS, "").split()
        sandbox = click.get_current_context().with_resource(serve(component, file, faults=faults))
        runner = sandbox.runner(read_only=read_only, max_wait=self.max_wait, on_wait=_tell)
        return Opened(runner, None, self.deadline, file)


def find(component: Component, file: str | None, environment: Mapping[str, str]) -> Credentials:
    """The connection of a file, else of a variable with JSON, else of one variable a field.

    Raises:
        UsageError: The file or the variable holds no JSON object.
    """
    if file is not None:
        return Credentials(_shaped(component, read_json_object(file, "connection")), file)
    for name in VARIABLES:
        if environment.get(name):
            return Credentials(_shaped(component, json_object(environment[name], f"connection in {name}")), name)
    candidates = [_of_variables(definition, environment) for definition in component.connections.values()]
    found = [*(found for found in candidates if found.origin), *candidates]
    return found[0] if found else Credentials({"fields": {}}, None)


def _shaped(component: Component, given: dict[str, Any]) -> Mapping[str, Any]:
    """A connection as the platform hands it over, or the bare fields of the component's first one."""
    if isinstance(given.get("fields"), dict):
        return given
    return {"key": next(iter(component.connections), None), "fields": given}


def _of_variables(definition: ConnectionDefinition[Any], environment: Mapping[str, str]) -> Credentials:
    from connector.component.connections import environment_names

    names = environment_names(definition)
    fields = {key: environment[name] for key, name in names.items() if environment.get(name)}
    markers = definition.fields.definitions()
    secret = [names[key] for key in fields if markers[key].is_secret]
    origin = ", ".join(secret or [names[key] for key in fields])
    return Credentials({"key": definition.key, "fields": fields}, origin or None)


def _tell(seconds: float, reason: str) -> None:
    say(f"waiting {seconds:.3g} s: {reason}")


class ConnectingCommand(click.Command):
    """A command whose `--sandbox` takes a value only behind `=`: alone it must not swallow the next argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        end = args.index("--") if "--" in args else len(args)
        spelled_out = ["--sandbox=" if argument == "--sandbox" else argument for argument in args[:end]]
        return super().parse_args(ctx, spelled_out + args[end:])


class Seconds(click.FloatRange):
    """A range of numbers that `nan` is not in."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        found = super().convert(value, param, ctx)
        if found != found:  # noqa: PLR0124 - only nan differs from itself
            self.fail("nan is no number of seconds.", param, ctx)
        return found


def connecting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that needs a connection, handed over as `connecting`."""

    @click.option("--connection", metavar="FILE", help="JSON file with the connection, or its fields; - is stdin.")
    @click.option(
        "--sandbox",
        metavar="[=FILE]",
        help=f"Use the component's sandbox on this machine instead of the real service; so does {VARIABLE}=1.",
    )
    @click.option(
        "--max-wait",
        type=Seconds(min=0),
        default=MAX_WAIT,
        show_default=True,
        help="Seconds that one request may wait on rate limits and between tries; 0 fails at once.",
    )
    @click.option(
        "--deadline",
        type=Seconds(min=0, min_open=True),
        help="Seconds after which nothing more is begun.",
    )
    @functools.wraps(function)
    def command(
        *args: Any,
        connection: str | None,
        sandbox: str | None,
        max_wait: float,
        deadline: float | None,
        **options: Any,
    ) -> Any:
        return function(*args, connecting=Connecting(connection, sandbox, max_wait, deadline), **options)

    return command
