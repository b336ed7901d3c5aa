"""The open connections of a run, by the names that the flow has for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.component.connections import Connection
from connector.component.context import Context
from connector.component.policy import Policy
from connector.component.runner import Runner
from connector.errors import ConnectionInputError, JournalError, Problem, UsageError
from connector.flows.file.model import ConfigVariable, FlowDefinition, Integration
from connector.flows.file.step_inputs import connection_of
from connector.flows.run.stubs import Stubs
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.expressions import Literal
from connector.rest.hosts import is_loopback
from connector.rest.rate_limits import CallLimits

ConnectionValue = Mapping[str, Any] | Connection | Runner
"""`{"key", "fields"}` as Prismatic has it, the fields alone, an open connection, or a runner."""

ANONYMOUS = "none"
"""Key of the connection that steps without a connection use, in a component that needs no authorization."""

ConnectionNeed = tuple[str, str | None]
"""Key of a component, and the name of the config variable that is its connection; None if the steps name none."""


@dataclass(frozen=True, slots=True)
class BoundConnection:
    """A connection in use."""

    connection: Connection | None
    policy: Policy
    max_wait: float | None
    is_ours: bool = False

    def context(self, component: Component, limits: CallLimits, policy: Policy | None = None) -> Context:
        """Return the context of a call; by default with the policy of the connection."""
        # A component without connections has none here either; its actions do not use it.
        return Context(component, self.connection, limits=limits, policy=policy or self.policy)  # type: ignore[arg-type]


def needs_of(
    flow: FlowDefinition,
    components: Mapping[str, Component],
    stubs: Stubs | None = None,
) -> list[ConnectionNeed]:
    """Return the connections that the steps of a flow use, in order."""
    needs: dict[ConnectionNeed, None] = {}
    for step in flow.walk():
        component = components.get(step.component)
        action = component.find_action(step.action) if component else None
        if step.is_trigger or step.kind in BUILT_IN or component is None or action is None:
            continue
        if stubs is not None and stubs.is_offline(step):
            continue
        name = connection_of(step, action)[1]
        if component.connections and not (name is None and ANONYMOUS in component.connections):
            needs[component.key, name] = None
    return list(needs)


def connection_variables(integration: Integration) -> dict[str, ConfigVariable]:
    """Return the config variables that are connections, by key."""
    return {key: variable for key, variable in integration.config_variables.items() if variable.kind != "value"}


def connection_name(integration: Integration, need: ConnectionNeed, names: Collection[str] = ()) -> str | None:
    """Return the name under which a connection is passed: the one that the steps name, else the only one that fits.

    Args:
        integration: The file.
        need: The connection that is needed.
        names: Names of the connections that are passed. Default: those of the file, or the key of the component.

    Returns:
        The name; None if no connection or several connections fit.
    """
    component, name = need
    if name is not None:
        return name
    variables = connection_variables(integration)
    candidates = names or variables or [component]
    fitting = [key for key in candidates if key not in variables or variables[key].component in (None, component)]
    return fitting[0] if len(fitting) == 1 else None


class FlowConnections:
    """The open connections of one run; closing it closes those that it opened."""

    def __init__(
        self,
        integration: Integration,
        needs: Iterable[ConnectionNeed],
        components: Mapping[str, Component],
        connections: Mapping[str, ConnectionValue],
    ) -> None:
        """Open what a flow needs.

        Raises:
            ConnectionInputError: If connections are missing or invalid; all of them are named.
            UsageError: If a name is unknown.
        """
        self._integration = integration
        self._components = components
        self._passed = connections
        self._bound: dict[ConnectionNeed, BoundConnection] = {}
        self._names: dict[ConnectionNeed, str] = {}
        self._check_names()
        problems = [problem for need in needs for problem in self._bind(need)]
        opened = [bound.connection for bound in self._bound.values() if bound.connection is not None]
        self.secrets = {secret for connection in opened for secret in connection.secrets()}
        if problems:
            self.close()
            raise _connections_error(problems)

    def bound(self, component: str, name: str | None) -> BoundConnection:
        """Return the connection of a step."""
        need = (component, name)
        if need not in self._bound and name is None and ANONYMOUS in self._components[component].connections:
            opened = Connection(self._components[component].connection(ANONYMOUS), {})
            self._bound[need] = BoundConnection(opened, Policy(), None, is_ours=True)
        return self._bound.get(need) or BoundConnection(None, Policy(), None)

    def name_for(self, component: str, name: str | None) -> str | None:
        """Return the name under which the connection of a step was passed."""
        return self._names.get((component, name), name)

    def described(self) -> dict[str, dict[str, str]]:
        """Return what a journal stores of the connections: component, key and host; nothing secret."""
        described = {}
        for need, bound in self._bound.items():
            if bound.connection is not None and need in self._names:
                host = bound.connection.endpoint(None).host
                key = bound.connection.definition.key
                described[self._names[need]] = {"component": need[0], "key": key, "host": host}
        return described

    def close(self) -> None:
        """Close the connections that were opened here."""
        for bound in self._bound.values():
            if bound.is_ours and bound.connection is not None:
                bound.connection.close()

    def _check_names(self) -> None:
        known = list(connection_variables(self._integration))
        for name in self._passed:
            if known and name not in known:
                hint = did_you_mean(name, known) or f"Available connections: {', '.join(known)}."
                raise UsageError(f'unknown connection "{name}"', hint=hint)

    def _bind(self, need: ConnectionNeed) -> Iterable[Problem]:
        component = need[0]
        name = connection_name(self._integration, need, self._passed)
        if name is None or name not in self._passed:
            return [self._missing(need)]
        self._names[need] = name
        # Steps with and without a name share a connection; it is opened once.
        twin = next((other for other, used in self._names.items() if used == name and other in self._bound), None)
        if twin is not None and twin[0] == component:
            self._bound[need] = self._bound[twin]
            return []
        try:
            self._bound[need] = self._open(component, name, self._passed[name])
        except ConnectionInputError as error:
            return error.problems or [Problem(name, error.message, hint=error.hint)]
        return []

    def _missing(self, need: ConnectionNeed) -> Problem:
        component, name = need
        has_sandbox = self._components[component].manifest.sandbox is not None
        if name is not None:
            use_sandbox = ", or use --sandbox" if has_sandbox else ""
            hint = f"Pass --connection '{name}=FILE'{use_sandbox}. In Python, pass connections={{{name!r}: ...}}."
            return Problem(name, f'missing connection "{name}" ({component})', hint=hint)
        if not self._passed:
            hint = f"Pass --connection '{component}=FILE', or use --sandbox. In Python, pass connections={{...}}."
            return Problem(component, "no connection was passed", hint=hint)
        message = "several connections were passed, but the steps do not name one"
        return Problem(component, message, hint="Name the connection in the connection input of the steps.")

    def _open(self, component_key: str, name: str, value: ConnectionValue) -> BoundConnection:
        if isinstance(value, Runner):
            return BoundConnection(value.connection, value.policy, value.max_wait)
        if isinstance(value, Connection):
            return BoundConnection(value, Policy(), None)
        component = self._components[component_key]
        variable = self._integration.config_variables.get(name)
        key = value.get("key") or (variable.connection if variable else None)
        fields = value["fields"] if isinstance(value.get("fields"), Mapping) else value
        preset = _preset(variable, component, key)
        opened = Connection(component.connection(key), {**preset, **fields})
        return BoundConnection(opened, Policy(), None, is_ours=True)


def _connections_error(problems: Sequence[Problem]) -> ConnectionInputError:
    if len(problems) == 1:
        return ConnectionInputError(problems[0].message, hint=problems[0].hint, problems=())
    return ConnectionInputError(f"{len(problems)} connections are missing or invalid", problems=problems)


def _preset(variable: ConfigVariable | None, component: Component, key: str | None) -> dict[str, Any]:
    """Return the fields of a connection that the file sets."""
    in_file = variable.inputs if variable else {}
    preset = {key: part.value for key, part in in_file.items() if isinstance(part, Literal) and part.value != ""}
    known = component.connection(key).fields.definitions() if key in component.connections else {}
    # A hidden field can choose the host. A file from elsewhere must not choose where the caller's secrets are sent.
    return {key: value for key, value in preset.items() if not known or (key in known and not known[key].hidden)}


def check_same_hosts(before: Mapping[str, Mapping[str, str]], connections: FlowConnections) -> None:
    """Raise JournalError if a run would go on, or be undone, on another host than it started on."""
    for name, now in connections.described().items():
        host = before.get(name, now)["host"]
        # A local server, such as a sandbox, has another port each time.
        if host != now["host"] and not (_is_local(host) and _is_local(now["host"])):
            raise JournalError(
                f'connection "{name}" points to {now["host"]}, but the run started with {host}',
                hint="Pass the connection that the run started with.",
            )


def _is_local(host: str) -> bool:
    return is_loopback(urlsplit(f"//{host}").hostname or "")
