"""The file of `connector serve --profiles`: the profiles of `connector login`, and who may use them.

[profiles.eu.fields]
apiKey = "env:SEGMENT_EU_TOKEN"
region = "eu1.api"

[callers.billing]
key = "env:BILLING_KEY"
profiles = ["eu"]
read_only = true
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from connector.component.component import Component
from connector.component.policy import Policy
from connector.component.profiles import profiles_of, read_config, resolved
from connector.component.runner import Runner
from connector.engines.service import Caller, ServedConnection, Service
from connector.errors import ConnectionInputError, ConnectorError, Problem

SETTINGS = ("key", "profiles", "read_only", "allow", "block", "flows")
SHORTEST_KEY = 16


def load_service(
    component: Component, file: Path, environment: Mapping[str, str], toolset: str | Collection[str] = "documented"
) -> Service:
    """Return the service that a file describes.

    Args:
        component: The component.
        file: The file.
        environment: Environment variables that references name.
        toolset: What callers without a list of allowed actions are offered; see `Policy`.

    Raises:
        ConnectionInputError: If the file cannot be read, or anything in it is invalid; all problems are listed.
    """
    reader = _Reader(component, file, environment, toolset)
    service = Service(component, reader.connections(), list(reader.callers()))
    if not service.callers and not reader.problems:
        hint = 'Add a table [callers.NAME] with key = "env:NAME".'
        reader.problems.append(Problem("callers", "the file names no caller", hint=hint))
    if reader.problems:
        raise ConnectionInputError(f"invalid {file}", problems=reader.problems)
    return service


class _Reader:
    def __init__(
        self, component: Component, file: Path, environment: Mapping[str, str], toolset: str | Collection[str]
    ) -> None:
        self.problems: list[Problem] = []
        self._component = component
        self._file = file
        self._environment = environment
        self._toolset = toolset
        self._config = read_config(file)
        self._profiles = profiles_of(self._config, file)

    def connections(self) -> dict[str, ServedConnection]:
        """Return the connections of all valid profiles by name."""
        connections: dict[str, ServedConnection] = {}
        for name, profile in self._profiles.items():
            try:
                connection = profile.credentials(self._component, self._environment).connection
                Runner(self._component, connection).close()  # its fields are validated now, not at the first call
            except ConnectorError as error:
                self.problems.append(Problem(f"profiles.{name}", " ".join(str(error).split())))
            else:
                connections[name] = ServedConnection(connection)
        return connections

    def callers(self) -> Iterator[Caller]:
        """Yield all valid callers."""
        tables = self._config.get("callers", {})
        owners: dict[str, str] = {}
        for name, table in tables.items() if isinstance(tables, dict) else ():
            messages = list(self._mistakes(table)) if isinstance(table, dict) else ["must be a table"]
            key = "" if messages else self._key(table["key"], messages)
            if key in owners:
                messages.append(f'key: the caller "{owners[key]}" has the same key')
            self.problems += [Problem(f"callers.{name}", message) for message in messages]
            if not messages:
                owners[key] = name
                policy = Policy(
                    table.get("allow"), table.get("block", ()), table.get("read_only", False), self._toolset
                )
                flows = tuple(table.get("flows", ()))
                yield Caller(name, key, tuple(table.get("profiles", self._profiles)), policy, flows)

    def _key(self, value: Any, messages: list[str]) -> str:
        try:
            key = resolved(value, self._environment, self._file.parent)
        except ValueError as error:
            messages.append(f"key: {error}")
            return ""
        if not isinstance(key, str) or len(key) < SHORTEST_KEY:
            messages.append(f"key: must be a string of at least {SHORTEST_KEY} characters")
            return ""
        return key

    def _mistakes(self, table: dict[str, Any]) -> Iterator[str]:
        for name in table.keys() - set(SETTINGS):
            yield f'unknown setting "{name}"; available: {", ".join(SETTINGS)}'
        if "key" not in table:
            yield "key: is required"
        if not isinstance(table.get("read_only", False), bool):
            yield "read_only: must be true or false"
        for name in ("profiles", "allow", "block", "flows"):
            entries = table.get(name, [])
            if not isinstance(entries, list) or not all(isinstance(each, str) for each in entries):
                yield f"{name}: must be a list of strings"
                continue
            for entry in entries:
                if name == "profiles" and entry not in self._profiles:
                    yield f'profiles: unknown profile "{entry}"'
                if name in {"allow", "block"} and self._component.find_action(entry) is None:
                    yield f'{name}: unknown action "{entry}"'
