"""From the names of connections in a flow to open connections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.component.connections import Connection
from connector.component.policy import Policy
from connector.component.runner import Runner
from connector.errors import ConnectionInputError, JournalError, Problem, UsageError
from connector.flows.file.model import FlowDefinition, Integration
from connector.flows.file.step_inputs import connection_of
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.expressions import Literal

GivenConnection = Mapping[str, Any] | Connection | Runner
"""`{"key", "fields"}` as the platform hands it over, the fields alone, an open connection, or a runner."""

ConnectionNeed = tuple[str, str | None]
"""Key of a component, and the name of the config variable that is its connection; None where none is named."""


@dataclass(frozen=True, slots=True)
class BoundConnection:
    """A connection in use."""

    connection: Connection | None
    policy: Policy
    max_wait: float | None
    is_ours: bool = False


def needs_of(flow: FlowDefinition, components: Mapping[str, Component]) -> list[ConnectionNeed]:
    """The connections that the steps of a flow use, in order."""
    found: dict[ConnectionNeed, None] = {}
    for step in flow.walk():
        component = components.get(step.component)
        if step.is_trigger or step.kind in BUILT_IN or component is None or step.action not in component.actions:
            continue
        if component.connections:
            found[component.key, connection_of(step, component.actions[step.action])[1]] = None
    return list(found)


class FlowConnections:
    """The open connections of one run; closing it closes those that it opened."""

    def __init__(
        self,
        integration: Integration,
        needs: Iterable[ConnectionNeed],
        components: Mapping[str, Component],
        given: Mapping[str, GivenConnection],
    ) -> None:
        """Open what a flow needs.

        Raises:
            ConnectionInputError: Connections are missing, or have fields that do not fit; all of them are named.
            UsageError: A connection is given under a name that the integration has not.
        """
        self._integration = integration
        self._components = components
        self._bound: dict[ConnectionNeed, BoundConnection] = {}
        self._names: dict[ConnectionNeed, str] = {}
        self._check_names(given)
        problems: list[Problem] = []
        for need in needs:
            self._bind(need, given, problems)
        self.secrets = sorted({s for bound in self._bound.values() for s in _secrets(bound.connection)}, key=len)[::-1]
        if problems:
            self.close()
            hint = 'Give each by its name: connections={"NAME": {"fields": {...}}}, --connection NAME=FILE.'
            raise ConnectionInputError("connections of the flow are missing.", problems=problems, hint=hint)

    def bound(self, component: str, name: str | None) -> BoundConnection:
        """The connection of a step."""
        return self._bound.get((component, name)) or BoundConnection(None, Policy(), None)

    def name_for(self, component: str, name: str | None) -> str | None:
        """The name under which the connection of a step was given."""
        return self._names.get((component, name), name)

    def described(self) -> dict[str, dict[str, str]]:
        """What a journal keeps of the connections: component, key and host; nothing secret."""
        found = {}
        for need, bound in self._bound.items():
            if bound.connection is not None:
                host = bound.connection.endpoint(None).host
                found[self._names[need]] = {"component": need[0], "key": bound.connection.definition.key, "host": host}
        return found

    def close(self) -> None:
        """Close the connections that were opened here."""
        for bound in self._bound.values():
            if bound.is_ours and bound.connection is not None:
                bound.connection.close()

    def _check_names(self, given: Mapping[str, GivenConnection]) -> None:
        variables = self._integration.config_variables
        known = [key for key, variable in variables.items() if variable.kind != "value"]
        for name in given:
            if known and name not in known:
                hint = did_you_mean(name, known) or f"Its connections are {', '.join(known)}."
                raise UsageError(f'the integration has no connection "{name}".', hint=hint)

    def _bind(self, need: ConnectionNeed, given: Mapping[str, GivenConnection], problems: list[Problem]) -> None:
        component_key, wanted = need
        name = wanted if wanted is not None else self._only(component_key, given)
        if name is None or name not in given:
            problems.append(self._missing(component_key, wanted, given))
            return
        self._names[need] = name
        twin = next((other for other, used in self._names.items() if used == name and other in self._bound), None)
        if twin is not None and twin[0] == component_key:
            self._bound[need] = self._bound[twin]
            return
        try:
            self._bound[need] = self._open(component_key, name, given[name])
        except ConnectionInputError as error:
            problems += error.problems or [Problem(name, error.message, hint=error.hint)]

    def _only(self, component: str, given: Mapping[str, GivenConnection]) -> str | None:
        variables = self._integration.config_variables
        fitting = [n for n in given if n not in variables or variables[n].component in (None, component)]
        return fitting[0] if len(fitting) == 1 else None

    def _missing(self, component: str, wanted: str | None, given: Mapping[str, GivenConnection]) -> Problem:
        if wanted is not None:
            return Problem(wanted, f"the connection to {component} is not given.")
        if not given:
            return Problem(component, "no connection is given, and the flow names none.", hint="Give one, by any name.")
        text = "steps name no connection, and several are given."
        return Problem(component, text, hint="Name it in the steps' connection input.")

    def _open(self, component_key: str, name: str, given: GivenConnection) -> BoundConnection:
        if isinstance(given, Runner):
            return BoundConnection(given.connection, given.policy, given.max_wait)
        if isinstance(given, Connection):
            return BoundConnection(given, Policy(), None)
        component = self._components[component_key]
        variable = self._integration.config_variables.get(name)
        key = given.get("key") or (variable.connection if variable else None)
        fields = given["fields"] if isinstance(given.get("fields"), Mapping) else given
        in_file = variable.inputs if variable else {}
        preset = {k: e.value for k, e in in_file.items() if isinstance(e, Literal) and e.value != ""}
        known = component.connection(key).fields.definitions() if key in component.connections else {}
        # a file from somewhere must not choose the host that the caller's secrets go to
        preset = {k: value for k, value in preset.items() if not known or (k in known and known[k].shown)}
        return BoundConnection(
            Connection(component.connection(key), {**preset, **fields}), Policy(), None, is_ours=True
        )


def _secrets(connection: Connection | None) -> Iterable[str]:
    if connection is None:
        return
    secret = connection.fields.secret_keys()
    for field, info in type(connection.fields).model_fields.items():
        value = getattr(connection.fields, field)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif (info.alias or field) in secret and isinstance(value, str):
            yield value


LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_same_hosts(then: Mapping[str, Mapping[str, str]], bindings: FlowConnections) -> None:
    """A run goes on, and is taken back, where it was begun; servers of this machine change their ports."""
    for name, now in bindings.described().items():
        before = then.get(name, now)["host"]
        if before != now["host"] and not (_is_loopback(before) and _is_loopback(now["host"])):
            raise JournalError(
                f'the run used {before} as "{name}", and is given {now["host"]} now.',
                hint="Give the connection that the run was started with.",
            )


def _is_loopback(host: str) -> bool:
    return urlsplit(f"//{host}").hostname in LOOPBACK
