"""What the adapters share: who calls, which connection a call uses, and what it may do."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.component.component import Component
from connector.component.definitions import Action
from connector.component.policy import Policy
from connector.component.runner import Runner
from connector.errors import UnknownKeyError, UsageError


@dataclass(frozen=True, slots=True)
class ServedConnection:
    """A connection that a server offers under a name.

    Attributes:
        connection: `{"key", "fields"}` as for `Runner`.
        policy: What every caller may do with it.
    """

    connection: Mapping[str, Any] = field(repr=False)
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that may call the server.

    Attributes:
        name: Its name, for the log.
        key: Its secret.
        connections: Names of the connections that it may use.
        policy: What it may do with any of them, also in a flow.
        flows: Names of the flows that it may start, if the policy permits all their actions; None is every one.
    """

    name: str
    key: str = field(repr=False)
    connections: tuple[str, ...]
    policy: Policy = field(default_factory=Policy)
    flows: tuple[str, ...] | None = ()


class Service:
    """One component, its connections by name, and who may use them.

    Args:
        component: The component.
        connections: The connections by name.
        callers: The callers; each has a key.

    A runner exists once per pair of caller and connection. All runners of a connection share its pool and its
    rate-limit gate.
    """

    def __init__(
        self, component: Component, connections: Mapping[str, ServedConnection], callers: Collection[Caller]
    ) -> None:
        self.component = component
        self.connections = dict(connections)
        self.callers = tuple(callers)
        self._open: dict[str, Runner] = {}
        self._runners: dict[tuple[str, str], Runner] = {}
        self._lock = threading.Lock()

    def authenticate(self, key: str) -> Caller | None:
        """Return the caller with this key, or None. The time taken does not depend on which key it is."""
        match: Caller | None = None
        for caller in self.callers:
            if hmac.compare_digest(caller.key.encode(), key.encode("utf-8", "surrogatepass")):
                match = caller
        return match

    def connection_name(self, caller: Caller, name: str | None) -> str:
        """Return the name of the connection that a call uses.

        Raises:
            UsageError: If the caller has several connections and names none.
            UnknownKeyError: If the caller has no connection with this name. A connection of another caller and a
                connection that does not exist get the same error, which so reveals no names.
        """
        if name is None and len(caller.connections) == 1:
            return caller.connections[0]
        if name is None:
            hint = f"Name one in the header X-Connection: {', '.join(caller.connections)}."
            raise UsageError("several connections are available", hint=hint)
        if name not in caller.connections or name not in self.connections:
            raise UnknownKeyError(f'unknown connection "{name}"')
        return name

    def runner(self, caller: Caller, name: str | None = None) -> Runner:
        """Return the runner of a caller on a connection; see `connection_name` for the errors."""
        chosen = self.connection_name(caller, name)
        with self._lock:
            runner = self._runners.get((caller.name, chosen))
            if runner is None:
                base = self._open_runner(chosen)
                runner = Runner(self.component, base.connection)
                runner.policy = base.policy.narrowed(caller.policy)
                self._runners[caller.name, chosen] = runner
            return runner

    def _open_runner(self, name: str) -> Runner:
        if name not in self._open:
            served = self.connections[name]
            self._open[name] = Runner(self.component, served.connection, tenant=name)
            self._open[name].policy = served.policy
        return self._open[name]

    def replace_callers(self, callers: Collection[Caller]) -> None:
        """Replace who may call; connections stay open."""
        with self._lock:
            self.callers = tuple(callers)
            self._runners.clear()

    def actions(self, policy: Policy) -> list[Action[Any]]:
        """Return the actions that a policy permits, in the order of the manifest, then of the API description."""
        return offered_actions(self.component, policy)

    def close(self) -> None:
        """Close the pools of all connections."""
        with self._lock:
            for runner in self._open.values():
                runner.close()
            self._open.clear()
            self._runners.clear()


def offered_actions(component: Component, policy: Policy) -> list[Action[Any]]:
    """Return the actions of a component that a policy permits."""
    actions = dict(component.documented_actions)
    # Else the API description need not be read.
    if policy.toolset != "documented" or policy.allowed is not None:
        actions |= component.operations
    return [action for action in actions.values() if policy.permits(action)]
