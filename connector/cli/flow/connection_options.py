"""From options and environment to the connections of a flow, by the names that the flow has for them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from connector.cli.connection_options import MAX_WAIT, find
from connector.cli.flow.options import split_name
from connector.cli.sandbox_options import FAULTS, VARIABLE, file_to_use
from connector.cli.shared_options import read_json_object
from connector.common.text import did_you_mean
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.file.model import Integration
    from connector.flows.run.connections import ConnectionNeed


class Given(NamedTuple):
    """The connections of a flow.

    Attributes:
        connections: Connections by name: `{"key", "fields"}`.
        origins: Where their secrets come from, by name.
        sandboxes: Files of those that are sandboxes, by name.
    """

    connections: dict[str, Mapping[str, Any]]
    origins: dict[str, str]
    sandboxes: dict[str, Path]

    @property
    def is_sandbox(self) -> bool:
        """True when there is nothing real to change."""
        return bool(self.connections) and self.connections.keys() == self.sandboxes.keys()


class FlowConnecting(NamedTuple):
    """What the options say about connections and patience."""

    connections: Sequence[str]
    sandboxes: Sequence[str]
    max_wait: float
    deadline: float | None

    def open(
        self, integration: Integration, needs: Iterable[ConnectionNeed], components: Mapping[str, Component]
    ) -> Given:
        """The connections that were given by option, in a sandbox, or by the environment.

        Raises:
            UsageError: A name is unknown, or a file cannot be read.
            SandboxError: A sandbox cannot be used.
        """
        return _Opening(integration, needs, components, self).given()


class _Opening:
    def __init__(
        self,
        integration: Integration,
        needs: Iterable[ConnectionNeed],
        components: Mapping[str, Component],
        options: FlowConnecting,
    ) -> None:
        from connector.flows.run.connections import connection_variables

        self.integration = integration
        self.variables = connection_variables(integration)
        self.components = components
        self.options = options
        self.files = dict(split_name(text, self.variables, "--connection") for text in options.connections)
        self.wanted = self._wanted(list(needs))
        self.found = Given({}, {}, {})
        self._served: dict[tuple[str, Path], Mapping[str, Any]] = {}

    def given(self) -> Given:
        for name, file in self.files.items():
            self._read(name, file)
        everywhere = self._named_sandboxes()
        if everywhere is None and os.environ.get(VARIABLE):
            self._sandbox_for_all(None)
        elif everywhere is not None:
            self._sandbox_for_all(everywhere)
        missing = [name for name in self.wanted if name not in self.found.connections]
        if len(missing) == 1:
            self._of_environment(missing[0])
        return self.found

    def _wanted(self, needs: Sequence[ConnectionNeed]) -> dict[str, str]:
        """Component of each connection that is needed, by the name to give it by."""
        from connector.flows.run.connections import connection_name

        wanted = {name: component for component, name in needs if name is not None}
        for need in needs:
            # A step without a name shares the connection of another step of its component.
            if need[0] not in wanted.values():
                name = connection_name(self.integration, need, self.files)
                wanted |= {} if name is None else {name: need[0]}
        return wanted

    def _component(self, name: str) -> Component:
        variable = self.variables.get(name)
        key = self.wanted.get(name) or (variable and variable.component) or next(iter(self.wanted.values()), "")
        if key in self.components:
            return self.components[key]
        raise UsageError(f'the component "{key}" of the connection "{name}" is not installed.', hint="Install it.")

    def _check_name(self, name: str, option: str) -> None:
        names = {**self.variables, **self.wanted}
        if self.variables and name not in names:
            hint = did_you_mean(name, names) or f"Its connections are {', '.join(names)}."
            raise UsageError(f'{option}: the integration has no connection "{name}".', hint=hint)

    def _read(self, name: str, file: str) -> None:
        self._check_name(name, "--connection")
        given = read_json_object(file, f'connection "{name}"')
        self.found.connections[name] = given if isinstance(given.get("fields"), dict) else {"fields": given}
        self.found.origins[name] = file

    def _named_sandboxes(self) -> str | None:
        """Open those with a name; answer the file (empty for the user's own) of the sandbox for all the others."""
        everywhere = None
        for text in self.options.sandboxes:
            name, file = self._split(text)
            if name is None:
                everywhere = file
                continue
            self._check_name(name, "--sandbox")
            if name in self.files:
                raise UsageError(f'"{name}" is given as a connection and as a sandbox.', hint="Leave out one of them.")
            self._sandbox(name, file)
        return everywhere

    def _split(self, text: str) -> tuple[str | None, str]:
        """Name and file of `--sandbox`; no name means every connection."""
        for name in sorted({**self.variables, **self.wanted}, key=len, reverse=True):
            if text == name or text.startswith(f"{name}="):
                return name, text[len(name) + 1 :]
        name, equals, file = text.partition("=")
        is_file = text.startswith((os.sep, ".", "~")) or (not equals and any(part in text for part in (os.sep, ".")))
        return (None, text) if not text or is_file else (name, file)

    def _sandbox_for_all(self, file: str | None) -> None:
        left = [name for name in self.wanted if name not in self.found.sandboxes]
        for name in left:
            asked = file_to_use(self._component(name), file, os.environ)
            if asked is None:
                return
            if self.files:
                hint = f"Leave out --connection, name the sandboxes with --sandbox=NAME, or unset {VARIABLE}."
                raise UsageError("a sandbox takes no connection.", hint=hint)
            self._sandbox(name, file)

    def _sandbox(self, name: str, file: str | None) -> None:
        from connector.sandbox_kit.sandbox import serve

        component = self._component(name)
        path = file_to_use(component, file, os.environ)
        assert path is not None  # noqa: S101 - it was asked for
        if (component.key, path) not in self._served:
            faults = os.environ.get(FAULTS, "").split()
            sandbox = click.get_current_context().with_resource(serve(component, path, faults=faults))
            self._served[component.key, path] = sandbox.connection
        self.found.connections[name] = self._served[component.key, path]
        self.found.sandboxes[name] = path

    def _of_environment(self, name: str) -> None:
        credentials = find(self._component(name), None, os.environ)
        if credentials.origin:
            self.found.connections[name] = credentials.connection
            self.found.origins[name] = credentials.origin


def flow_connecting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that needs the connections of a flow, handed over as `connecting`."""

    @click.option(
        "--connection",
        "connections",
        multiple=True,
        metavar="NAME=FILE",
        help="JSON file with the connection NAME of the flow, or its fields. The environment can give one.",
    )
    @click.option(
        "--sandbox",
        "sandboxes",
        multiple=True,
        metavar="[=NAME][=FILE]",
        help=f"Use a sandbox on this machine for the connection NAME, or for all; so does {VARIABLE}=1.",
    )
    @click.option(
        "--max-wait",
        type=click.FloatRange(min=0),
        default=MAX_WAIT,
        show_default=True,
        help="Seconds that one request may wait on rate limits and between tries; 0 fails at once.",
    )
    @click.option(
        "--deadline", type=click.FloatRange(min=0, min_open=True), help="Seconds after which nothing more is begun."
    )
    @functools.wraps(function)
    def command(
        *args: Any,
        connections: Sequence[str],
        sandboxes: Sequence[str],
        max_wait: float,
        deadline: float | None,
        **options: Any,
    ) -> Any:
        return function(*args, connecting=FlowConnecting(connections, sandboxes, max_wait, deadline), **options)

    return command
