"""The connections of submitted runs: each worker has them by name, and no database holds their secrets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connector.component.credentials import Credentials, environment_credentials
from connector.component.profiles import DEFAULT, Profile
from connector.component.runner import Runner
from connector.errors import ConnectionInputError
from connector.flows.run.connections import connection_name

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.run.prepare import CheckedFlow

Sandboxes = Callable[["Component"], Mapping[str, Any]]
"""Returns the connection to the sandbox of a component."""


class WorkerConnections:
    """The open connections of one worker, which all its runs share, and so their rate limits.

    Args:
        profiles: Its profiles by name.
        environment: Environment variables, to which profiles refer, and which may hold one connection.
        sandboxes: If set, all connections lead to sandboxes.
    """

    def __init__(
        self, profiles: Mapping[str, Profile], environment: Mapping[str, str], sandboxes: Sandboxes | None = None
    ) -> None:
        self._profiles = profiles
        self._environment = environment
        self._sandboxes = sandboxes
        self._open: dict[tuple[str, str], Runner] = {}
        self._guard = threading.Lock()

    def of(self, checked: CheckedFlow, profiles: Mapping[str, str]) -> dict[str, Runner]:
        """Return the connections of a flow by name.

        Args:
            checked: The flow.
            profiles: Names of profiles by the name of the connection; the empty name stands for all others.

        Raises:
            ConnectionInputError: If this worker has none for a connection, or it is invalid.
        """
        needs: dict[str, str] = {}
        for need in checked.needs:
            name = connection_name(checked.integration, need, needs) or connection_name(checked.integration, need)
            needs |= {} if name is None else {name: need[0]}
        chosen = {name: self._profile(name, key, checked, profiles) for name, key in needs.items()}
        missing = [name for name, profile in chosen.items() if profile is None]
        if len(missing) > 1 and self._sandboxes is None:
            # A variable of the environment is one connection, which must not stand in for several.
            raise _no_profile(missing[0])
        return {name: self._runner(name, checked.components[needs[name]], chosen[name]) for name in needs}

    def _profile(self, name: str, component: str, checked: CheckedFlow, profiles: Mapping[str, str]) -> str | None:
        """Return the name of the profile of a connection: the submitted one, the one of its name, or the default."""
        if self._sandboxes is not None:
            return None
        submitted = profiles.get(name) or profiles.get("")
        if submitted is not None:
            return submitted
        if name in self._profiles:
            return name
        default = self._profiles.get(DEFAULT)
        return DEFAULT if default and default.component in (None, component) else None

    def _runner(self, name: str, component: Component, profile: str | None) -> Runner:
        with self._guard:
            key = (component.key, profile or "")
            if key not in self._open:
                credentials = self._credentials(name, component, profile)
                self._open[key] = Runner(component, credentials.connection, tenant=profile or "")
            return self._open[key]

    def _credentials(self, name: str, component: Component, profile: str | None) -> Credentials:
        if self._sandboxes is not None:
            return Credentials(self._sandboxes(component))
        if profile is None:
            credentials = environment_credentials(component, self._environment)
            if not credentials.origin:
                raise _no_profile(name)
            return credentials
        if profile not in self._profiles:
            hint = "Add it to the file of --profiles of each worker, and resume the run."
            raise ConnectionInputError(f'this worker has no profile "{profile}" for connection "{name}"', hint=hint)
        return self._profiles[profile].credentials(component, self._environment)

    def close(self) -> None:
        """Close the connections."""
        with self._guard:
            for runner in self._open.values():
                runner.close()
            self._open.clear()


def _no_profile(name: str) -> ConnectionInputError:
    hint = f'Add the table [profiles."{name}".fields] to the file of --profiles, or submit with --profile.'
    return ConnectionInputError(f'this worker has no profile for connection "{name}"', hint=hint)
