"""One sandbox workspace: its state, its switches and what it was asked."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.sandbox_kit.asgi_server import require_server
from connector.sandbox_kit.http_messages import LoggedRequest
from connector.sandbox_kit.record_types import Record

from . import seeding, users
from .assumptions import Assumptions
from .engine import RequestHandler
from .errors import SandboxError
from .faults import Fault, parse_fault
from .store import Store

LOG_LENGTH = 10_000


class Workspace:
    """A workspace that speaks the API; use `sandbox.open_workspace`.

    Attributes:
        token: The token that may do everything.
        restricted_token: One that lacks Source Admin.
        engine: What answers requests.
        faults: The failures that it plays.
    """

    def __init__(
        self,
        *,
        path: Path | None = None,
        seed: Mapping[str, Any] | Path | None = None,
        faults: Iterable[str] = (),
        assume: Mapping[str, str] | None = None,
        token: str | None = None,
        restricted_token: str | None = None,
    ) -> None:
        self._seed = seeding.read_seed(seed)
        self.faults: list[Fault] = [parse_fault(text) for text in faults]
        assumptions = Assumptions(assume or {})  # before the store: it may raise, and the store opens a file
        self.engine = RequestHandler(Store(path), assumptions)
        self._log: deque[LoggedRequest] = deque(maxlen=LOG_LENGTH)
        try:
            self._begin(path, seeded=seed is not None)
            self.token = self._keep_token("token", token)
            self.restricted_token = self._keep_token("restricted-token", restricted_token)
        except BaseException:
            self.close()
            raise

    def _begin(self, path: Path | None, *, seeded: bool) -> None:
        if self._store.fact("workspace") is None:
            seeding.load(self._store, self._seed, only_when_empty=True)
        elif seeded:
            raise SandboxError(
                f"{path} holds a workspace already.", hint="Replace it, or choose another file for the seed."
            )

    def _keep_token(self, name: str, given: str | None) -> str:
        with self._store.transaction():
            kept: str = given or self._store.fact(name) or f"sandbox_{secrets.token_urlsafe(24)}"
            self._store.set_fact(name, kept)
        return kept

    @property
    def _store(self) -> Store:
        return self.engine.store

    def __repr__(self) -> str:
        return f"<Workspace {self._store.path or 'in memory'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes its file; one in memory is gone."""
        self._store.close()

    @property
    def app(self) -> Any:
        """An ASGI application that serves this workspace alone.

        Raises:
            MissingExtraError: If the extra `server` is not installed.
        """
        require_server()
        from .app import SandboxApp  # noqa: PLC0415 - the server is optional and slow to import

        return SandboxApp([self])

    def connection(self, url: str) -> dict[str, Any]:
        """The component's connection to this workspace where it is served: `{"key", "fields"}`."""
        return {"key": "apiKey", "fields": {"apiKey": self.token, "baseUrl": url}}

    @property
    def requests(self) -> list[LoggedRequest]:
        """The last requests that it got, oldest first."""
        return list(self._log)

    def log(self, request: LoggedRequest) -> None:
        """Keeps a request."""
        self._log.append(request)

    def clear_requests(self) -> None:
        """Empties the log of requests."""
        self._log.clear()

    def add_fault(self, text: str) -> None:
        """Plays one more fault from now on.

        Raises:
            SandboxError: It is none.
        """
        self.faults = [*self.faults, parse_fault(text)]

    def clear_faults(self) -> None:
        """Plays no faults from now on."""
        self.faults = []

    def set_assumption(self, name: str, value: str) -> None:
        """Switches an assumption.

        Raises:
            SandboxError: There is none of that name, or it has no such value.
        """
        self.engine.assumptions.set(name, value)

    def accept_invite(self, email: str) -> Record:
        """Makes a user of an invitation; returns the user.

        Raises:
            SandboxError: Nobody invited this address.
        """
        return users.accept_invite(self._store, email)

    def dump(self) -> dict[str, Any]:
        """All that it holds, as a seed."""
        return seeding.dump(self._store)

    def load(self, seed: Mapping[str, Any] | Path | None) -> None:
        """Replaces all that it holds by a seed, from now on its own; keeps tokens and switches.

        Raises:
            SandboxError: The seed cannot be used; nothing was changed.
        """
        self._seed = seeding.read_seed(seed)
        self.reset()

    def reset(self) -> None:
        """Puts it back to its seed, or to the documented workspace; keeps tokens and switches."""
        seeding.load(self._store, self._seed)
        self.clear_requests()

    @property
    def sources(self) -> list[Record]:
        """All sources, as a dump has them."""
        return self._store.all("sources")

    @property
    def warehouses(self) -> list[Record]:
        """All warehouses, with their passwords."""
        return self._store.all("warehouses")

    @property
    def connections(self) -> list[Record]:
        """Which source is connected to which warehouse."""
        return self._store.all("connections")

    @property
    def destinations(self) -> list[Record]:
        """All destinations, with their secret settings."""
        return self._store.all("destinations")

    @property
    def subscriptions(self) -> list[Record]:
        """All subscriptions of destinations."""
        return self._store.all("subscriptions")

    @property
    def functions(self) -> list[Record]:
        """All functions."""
        return self._store.all("functions")

    @property
    def transformations(self) -> list[Record]:
        """All transformations."""
        return self._store.all("transformations")

    @property
    def users(self) -> list[Record]:
        """All users."""
        return self._store.all("users")

    @property
    def invites(self) -> list[Record]:
        """The invitations that nobody has accepted yet."""
        return self._store.all("invites")
