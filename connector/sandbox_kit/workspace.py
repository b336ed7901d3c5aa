"""One workspace of a simulated API: its state, its faults, its assumptions, and the requests that it received."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.sandbox_kit import seeds
from connector.sandbox_kit.assumptions import AssumptionValues
from connector.sandbox_kit.errors import SandboxError
from connector.sandbox_kit.faults import Fault, parse_fault
from connector.sandbox_kit.http_messages import LoggedRequest, RequestLog
from connector.sandbox_kit.request_handler import RequestHandler
from connector.sandbox_kit.simulated_api import SimulatedApi
from connector.sandbox_kit.store import Store


class Workspace:
    """A workspace of a simulated API.

    Records are attributes by the name of their resource, for example `workspace.sources`, and the component's commands
    are methods, for example `workspace.accept_invite("EMAIL")`.

    Args:
        api: The simulated API.
        path: The SQLite file, which several processes can use at the same time; None keeps the state in memory.
        seed: Initial state of a new workspace: a seed or its file. Default: the built-in initial state.
        faults: Faults to add, each in a form that `parse_fault` accepts.
        assume: Assumptions to set, by name.
        token: The admin token. Default: that of the seed, or a random one, which is stored in the file.
        restricted_token: The restricted token, with the same default.
        fixed: Whether ids, keys and times are the same in every run.

    Attributes:
        api: The simulated API.
        token: The token with all permissions.
        restricted_token: The token with fewer permissions.
        handler: Handles the requests.
        faults: The active faults.
        log: The requests received.

    Raises:
        SandboxError: If the file, the seed, a fault or an assumption is invalid.
    """

    def __init__(
        self,
        api: SimulatedApi,
        path: Path | str | None = None,
        *,
        seed: Mapping[str, Any] | Path | str | None = None,
        faults: Iterable[str] = (),
        assume: Mapping[str, str] | None = None,
        token: str | None = None,
        restricted_token: str | None = None,
        fixed: bool = False,
    ) -> None:
        self.api = api
        self._seed = seeds.read_seed(api, seed)
        self.faults: list[Fault] = [self._fault(text) for text in faults]
        assumptions = AssumptionValues(api.assumptions, assume or {})
        # The file is opened last: everything before may raise, and would leave it open.
        self._store = Store(None if path is None else Path(path), api.resources)
        self.log = RequestLog()
        try:
            self._begin(seeded=seed is not None)
            self.handler = RequestHandler(api, self._store, assumptions, fixed)
            tokens = self._seed["tokens"]
            self.token = self._stored_token("token", token, tokens.get("admin"))
            self.restricted_token = self._stored_token("restricted-token", restricted_token, tokens.get("restricted"))
        except BaseException:
            self.close()
            raise

    def _begin(self, *, seeded: bool) -> None:
        if self._store.fact("workspace") is None:
            seeds.load(self.api, self._store, self._seed, only_when_empty=True)
        elif seeded:
            raise SandboxError(
                f'"{self._store.path}" already contains a workspace',
                hint="Run `connector sandbox seed --seed FILE` to replace it, or choose another file.",
            )

    def _stored_token(self, fact: str, token: str | None, seeded: str | None) -> str:
        with self._store.transaction():
            stored: str = token or self._store.fact(fact) or seeded or f"sandbox_{secrets.token_urlsafe(24)}"
            self._store.set_fact(fact, stored)
        return stored

    def _fault(self, text: str) -> Fault:
        fault = parse_fault(text)
        if fault.operation and fault.operation not in {each.id for each in self.api.operations}:
            raise SandboxError(
                f'unknown operation "{fault.operation}" in the fault "{text}"',
                hint="Use the ID of an operation that the sandbox simulates, such as createSource.",
            )
        return fault

    def __repr__(self) -> str:
        return f"<Workspace {self._store.path or 'in memory'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. A workspace in memory is lost."""
        self._store.close()

    def __getattr__(self, name: str) -> Any:
        # Looked up in the dictionary, because reading an attribute that is not set yet would call this again.
        api: SimulatedApi | None = self.__dict__.get("api")
        if api is not None and name in api.resources:
            return self._store.all(name)
        command = api.commands.get(name.replace("_", "-")) if api is not None else None
        if command is None:
            raise AttributeError(f"workspace has no attribute {name!r}")
        return partial(command, self)

    @property
    def store(self) -> Store:
        """The records."""
        return self._store

    def connection(self, url: str) -> Mapping[str, Any]:
        """Return the component's connection to this workspace at a URL: `{"key", "fields"}`."""
        return self.api.connection(self.token, url)

    @property
    def requests(self) -> list[LoggedRequest]:
        """The last requests received, oldest first."""
        return self.log.read()

    @property
    def generated(self) -> list[str]:
        """The IDs and keys that this process generated by `RequestContext.new_text`, oldest first."""
        return list(self.handler.generated)

    def clear_requests(self) -> None:
        """Clear the request log."""
        self.log.clear()

    def add_fault(self, text: str) -> None:
        """Add a fault.

        Raises:
            SandboxError: If it is invalid.
        """
        self.faults = [*self.faults, self._fault(text)]

    def clear_faults(self) -> None:
        """Clear all faults."""
        self.faults = []

    def set_assumption(self, name: str, value: str) -> None:
        """Set an assumption.

        Raises:
            SandboxError: If the name or the value is unknown.
        """
        self.handler.assumptions.set(name, value)

    def dump(self) -> dict[str, Any]:
        """Return the state as a seed, with the tokens."""
        tokens = {"admin": self.token, "restricted": self.restricted_token}
        return {"tokens": tokens} | seeds.dump(self.api, self._store)

    def load(self, seed: Mapping[str, Any] | Path | None) -> None:
        """Replace the state with a seed, which is also the initial state from now on. Keep tokens and assumptions.

        Raises:
            SandboxError: If the seed is invalid; nothing is changed.
        """
        self._seed = seeds.read_seed(self.api, seed)
        self.reset()

    def reset(self) -> None:
        """Reset the state to the initial state. Keep tokens and assumptions."""
        seeds.load(self.api, self._store, self._seed)
        self.clear_requests()
