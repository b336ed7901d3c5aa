"""The connection options of the flow commands, resolved to the connections of a flow by their names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli.connection_options import ConnectionOptions, check_no_connection
from connector.cli.connections import (
    ResolvedConnection,
    default_connection,
    file_connection,
    profile_connection,
    sandbox_connection,
)
from connector.cli.flow.options import split_name
from connector.cli.sandbox_options import file_to_use
from connector.common.text import did_you_mean
from connector.component.credentials import SANDBOX
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.file.model import Integration
    from connector.flows.run.connections import ConnectionNeed


class ConnectionsByName(dict[str, ResolvedConnection]):
    """The connections of a flow by name."""

    @property
    def connections(self) -> dict[str, Mapping[str, Any]]:
        """Each connection as `{"key", "fields"}`."""
        return {name: resolved.connection for name, resolved in self.items()}

    @property
    def is_sandbox(self) -> bool:
        """True if there is nothing real to change."""
        return bool(self) and all(resolved.sandbox for resolved in self.values())


def resolve_connections(
    options: ConnectionOptions,
    integration: Integration,
    needs: Iterable[ConnectionNeed],
    components: Mapping[str, Component],
) -> ConnectionsByName:
    """Return the connections that options, sandboxes and the environment set.

    Raises:
        UsageError: If a name is unknown, or a file cannot be read.
        SandboxError: If a sandbox cannot be used.
    """
    return _Resolution(options, integration, list(needs), components).resolve()


class _Resolution:
    def __init__(
        self,
        options: ConnectionOptions,
        integration: Integration,
        needs: Sequence[ConnectionNeed],
        components: Mapping[str, Component],
    ) -> None:
        from connector.flows.run.connections import connection_variables

        self.integration = integration
        self.variables = connection_variables(integration)
        self.components = components
        self.options = options
        self.files = dict(split_name(text, self.variables, "--connection", "NAME=FILE") for text in options.connections)
        self.needed = self._needed(needs)
        self.resolved = ConnectionsByName()
        self._served: dict[tuple[str, Path], ResolvedConnection] = {}

    def resolve(self) -> ConnectionsByName:
        for name, file in self.files.items():
            self._check_name(name, "--connection")
            self.resolved[name] = file_connection(file, f'connection "{name}"')
        self._use_profiles()
        default = self._named_sandboxes()
        if default is not None or os.environ.get(SANDBOX):
            self._sandbox_for_all(default)
        missing = [name for name in self.needed if name not in self.resolved]
        if len(missing) == 1:
            self._resolve_from_environment(missing[0])
        return self.resolved

    def _needed(self, needs: Sequence[ConnectionNeed]) -> dict[str, str]:
        """Return the component of each connection that the flow needs, by the name to pass it by."""
        from connector.flows.run.connections import connection_name

        needed = {name: component for component, name in needs if name is not None}
        for need in needs:
            # A step without a name shares the connection of another step of its component.
            if need[0] not in needed.values():
                name = connection_name(self.integration, need, self.files)
                needed |= {} if name is None else {name: need[0]}
        return needed

    def _component(self, name: str) -> Component:
        variable = self.variables.get(name)
        key = self.needed.get(name) or (variable and variable.component) or next(iter(self.needed.values()), "")
        if key in self.components:
            return self.components[key]
        raise UsageError(f'component "{key}" of connection "{name}" is not installed')

    def _check_name(self, name: str, option: str) -> None:
        names = {**self.variables, **self.needed}
        if self.variables and name not in names:
            hint = did_you_mean(name, names) or f"Available connections: {', '.join(names)}."
            raise UsageError(f'{option}: unknown connection "{name}"', hint=hint)

    def _check_unset(self, name: str, option: str) -> None:
        if name in self.resolved:
            earlier = "--connection" if name in self.files else "--profile"
            raise UsageError(f'"{name}" is set by {earlier} and by {option}', hint="Leave out one of them.")

    def _use_profiles(self) -> None:
        for text in self.options.profiles:
            name, equals, profile = text.rpartition("=")
            if equals:
                self._check_name(name, "--profile")
                self._check_unset(name, "--profile")
            for each in [name] if equals else [each for each in self.needed if each not in self.resolved]:
                self.resolved[each] = profile_connection(self._component(each), profile)

    def _named_sandboxes(self) -> str | None:
        """Open the sandboxes with a name; return the file of the sandbox for all others, empty for the user's own."""
        default = None
        for text in self.options.sandboxes:
            name, file = self._split(text)
            if name is None:
                default = file
                continue
            self._check_name(name, "--sandbox")
            self._check_unset(name, "--sandbox")
            self._use_sandbox(name, file)
        return default

    def _split(self, text: str) -> tuple[str | None, str]:
        """Return name and file of `--sandbox`; no name means every connection."""
        for name in sorted({**self.variables, **self.needed}, key=len, reverse=True):
            if text == name or text.startswith(f"{name}="):
                return name, text[len(name) + 1 :]
        name, equals, file = text.partition("=")
        is_file = text.startswith((os.sep, ".", "~")) or (not equals and any(part in text for part in (os.sep, ".")))
        return (None, text) if not text or is_file else (name, file)

    def _sandbox_for_all(self, file: str | None) -> None:
        for name in [name for name in self.needed if self._can_have_sandbox(name) and not self._has_sandbox(name)]:
            if file_to_use(self._component(name), file, os.environ) is None:
                return
            if self.options.profiles or any(map(self._can_have_sandbox, self.files)):
                check_no_connection(self.options)
            self._use_sandbox(name, file)

    def _can_have_sandbox(self, name: str) -> bool:
        return self._component(name).manifest.sandbox is not None

    def _has_sandbox(self, name: str) -> bool:
        return name in self.resolved and self.resolved[name].sandbox is not None

    def _use_sandbox(self, name: str, file: str | None) -> None:
        component = self._component(name)
        path = file_to_use(component, file, os.environ)
        assert path is not None  # noqa: S101 - the caller checked that a sandbox is wanted
        # Connections that share a file share one server: SQLite has one writer.
        if (component.key, path) not in self._served:
            self._served[component.key, path] = sandbox_connection(component, path)
        self.resolved[name] = self._served[component.key, path]

    def _resolve_from_environment(self, name: str) -> None:
        resolved = default_connection(self._component(name))
        if resolved.origin:
            self.resolved[name] = resolved
