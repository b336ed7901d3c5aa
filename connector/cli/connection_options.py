"""The connection options, and the connection that they open."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from connector.cli.connections import (
    ResolvedConnection,
    check_required_fields,
    default_connection,
    file_connection,
    profile_connection,
    sandbox_connection,
)
from connector.cli.files import name_of
from connector.cli.progress import report_wait
from connector.cli.sandbox_options import file_to_use
from connector.cli.shared_options import section, wait_options
from connector.component.credentials import (
    SANDBOX,
    VARIABLES,
)
from connector.errors import ConnectionInputError, ConnectorError, UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.runner import Runner


class OpenConnection(NamedTuple):
    """A runner with the connection of the command line, and the limits of its calls.

    Attributes:
        runner: The runner.
        resolved: Its connection.
        deadline: Seconds that a call may take.
    """

    runner: Runner
    resolved: ResolvedConnection
    deadline: float | None

    @property
    def is_sandbox(self) -> bool:
        """True if there is nothing real to change."""
        return self.resolved.sandbox is not None

    def target(self, inputs: Any = None) -> str:
        """Return the host that these inputs go to, and the origin of the credentials."""
        return self.resolved.describe(self.runner.connection.endpoint(inputs).host)


class ConnectionOptions(NamedTuple):
    """The values of the connection options. Only flows take several connections, and name them.

    Attributes:
        connections: `FILE`, in flows `NAME=FILE`.
        profiles: Name of a profile, in flows also `NAME=PROFILE`.
        sandboxes: `FILE` (empty for the user's own sandbox), in flows also `NAME` or `NAME=FILE`.
        max_wait: Seconds that a request may wait.
        deadline: Seconds that a call may take.
    """

    connections: Sequence[str]
    profiles: Sequence[str]
    sandboxes: Sequence[str]
    max_wait: float
    deadline: float | None

    @property
    def arguments(self) -> list[str]:
        """The arguments that choose the same connections again."""
        connections = [part for file in self.connections for part in ("--connection", file)]
        profiles = [part for profile in self.profiles for part in ("--profile", profile)]
        return [*connections, *profiles, *(f"--sandbox={file}" if file else "--sandbox" for file in self.sandboxes)]

    def open(self, component: Component, *, read_only: bool = False) -> OpenConnection:
        """Open the one connection of a call.

        Raises:
            ConnectionInputError: If a field is missing or invalid.
            UsageError: If a file or a variable cannot be read.
            SandboxError: If the sandbox cannot be used.
        """
        from connector.component.runner import Runner

        resolved = self._resolve(component)
        if not (self.connections or self.profiles or resolved.sandbox):
            check_required_fields(component, resolved)
        try:
            runner = Runner(
                component, resolved.connection, read_only=read_only, max_wait=self.max_wait, on_wait=report_wait
            )
        except ConnectionInputError as error:
            error.hint = self._how_to_correct(component, resolved, error)
            raise
        click.get_current_context().call_on_close(runner.close)
        return OpenConnection(runner, resolved, self.deadline)

    def _how_to_correct(self, component: Component, resolved: ResolvedConnection, error: ConnectionInputError) -> str:
        """Return the hint that names the place of the wrong fields: the option, the profile, or the variables."""
        if self.connections:
            return f"Correct {name_of(self.connections[-1])}, which --connection names."
        if resolved.origin.startswith("profile"):
            return f"Correct {resolved.origin}, or save it again with `connector login`."
        if resolved.origin in VARIABLES:
            return f"Correct the variable {resolved.origin}."
        from connector.component.connections import environment_names

        names = environment_names(component.connection(resolved.connection.get("key")))
        wrong = [names[problem.location] for problem in error.problems if problem.location in names]
        return f"Correct the variable{'s' if len(wrong) > 1 else ''} {' and '.join(wrong)}." if wrong else error.hint

    def _resolve(self, component: Component) -> ResolvedConnection:
        option = self.sandboxes[-1] if self.sandboxes else None
        if path := file_to_use(component, option, os.environ):
            check_no_connection(self)
            return sandbox_connection(component, path)
        if self.connections and self.profiles:
            raise UsageError("--connection and --profile cannot be used together", hint="Leave out one of them.")
        if self.connections:
            return file_connection(self.connections[-1], "connection")
        if self.profiles:
            return profile_connection(component, self.profiles[-1])
        return default_connection(component)


def check_no_connection(options: ConnectionOptions) -> None:
    """Check that no connection is beside a sandbox.

    Raises:
        UsageError: If there is one.
    """
    if options.connections or options.profiles:
        hint = f"Unset {SANDBOX} to use a connection." if os.environ.get(SANDBOX) else "Leave out one of them."
        option = "--connection" if options.connections else "--profile"
        raise UsageError(f"{option} and --sandbox cannot be used together", hint=hint)


def complete_profiles(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the names of the user's profiles."""
    from connector.component.profiles import load_profiles

    try:
        return [name for name in load_profiles(os.environ) if name.startswith(incomplete)]
    except ConnectorError:
        return []


def connection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that needs one connection, passed as `connecting`."""
    return _passed_on(
        function,
        click.option(
            "--connection",
            "connections",
            multiple=True,
            metavar="FILE",
            help="JSON file with the connection or its fields; - reads standard input.",
        ),
        click.option(
            "--profile",
            "profiles",
            multiple=True,
            metavar="NAME",
            shell_complete=complete_profiles,
            help="Profile to use, as written by login.",
        ),
        click.option(
            "--sandbox",
            "sandboxes",
            multiple=True,
            metavar="[=FILE]",
            help=f"Use the local sandbox instead of the real service.  [env: {SANDBOX}]",
        ),
    )


def flow_connection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that needs the connections of a flow, passed as `connecting`."""
    return _passed_on(
        function,
        click.option(
            "--connection",
            "connections",
            multiple=True,
            metavar="NAME=FILE",
            help="JSON file with the connection NAME of the flow, or its fields. The environment can set one.",
        ),
        click.option(
            "--profile",
            "profiles",
            multiple=True,
            metavar="[NAME=]PROFILE",
            shell_complete=complete_profiles,
            help="Profile to use for the connection NAME, or for all connections.",
        ),
        click.option(
            "--sandbox",
            "sandboxes",
            multiple=True,
            metavar="[=NAME][=FILE]",
            help=f"Use a local sandbox for the connection NAME, or for all connections.  [env: {SANDBOX}]",
        ),
    )


def _passed_on(function: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        fields = {name: values.pop(name) for name in ConnectionOptions._fields}
        return function(*args, connecting=ConnectionOptions(**fields), **values)

    decorated: Callable[..., Any] = section("Connection", *options, wait_options)(command)
    return decorated
