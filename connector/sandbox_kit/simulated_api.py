"""The declaration of a simulated API: its resources, operations, assumptions, commands and forms."""

from __future__ import annotations

import pkgutil
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from connector.component.api_description import ApiDescription
from connector.component.loading import module_of
from connector.sandbox_kit.access_tokens import AccessTokens, bearer_token
from connector.sandbox_kit.assumptions import STANDARD, Assumption
from connector.sandbox_kit.errors import ApiError, unauthorized
from connector.sandbox_kit.operations import Data, Operation, Operations
from connector.sandbox_kit.resources import Resource

Handler = TypeVar("Handler", bound=Callable[..., Data])
Command = Callable[..., Any]
CommandFunction = TypeVar("CommandFunction", bound=Command)
Probe = Callable[[Any], str | None]
ProbeFunction = TypeVar("ProbeFunction", bound=Probe)
Assume = Callable[[str], str]
"""From the name of an assumption to its value; notes that the assumption decided the response."""


class SimulatedApi:
    """What the sandbox of one component simulates.

    A component creates one in the `__init__.py` of its sandbox package and names it `api`. The modules of the package
    declare their resources and operations on it; they are found and imported on first use, so no list names them.
    A subclass overrides the methods below where the API has another form.

    Args:
        package: The name of the sandbox package, `__name__` in its `__init__.py`.
        initial_state: The JSON file with the initial state of a new workspace.
        description: The API description (`api.json`). Without it, only the operations that are simulated are known.
        generate: Returns a large seed; its keyword parameters are numbers of records.
    """

    workspace_fields: tuple[str, ...] = ("id", "name")
    """The strings that identify a workspace; `id` is one of them."""

    token_parameter: str = ""
    """The query parameter that has the token, for an API that takes it there."""

    def __init__(
        self,
        package: str,
        *,
        initial_state: Path | None = None,
        description: Path | None = None,
        generate: Callable[..., dict[str, Any]] = dict,
    ) -> None:
        self.initial_state = initial_state
        self.description = ApiDescription(description) if description and description.is_file() else None
        self.generate = generate
        self._package = package
        self._lock = threading.RLock()
        self._is_discovered = False
        self._resources: dict[str, Resource] = {}
        self._operations = Operations()
        self._assumptions = {each.name: each for each in STANDARD}
        self._commands: dict[str, Command] = {}
        self._probes: dict[str, Probe] = {}
        self.access_tokens: AccessTokens | None = None

    def _discover(self) -> None:
        # The lock is held while modules are imported, so that a second thread does not see half of them. It is
        # reentrant because a module may use what it has just declared.
        with self._lock:
            if self._is_discovered:
                return
            self._is_discovered = True
            try:
                for module in pkgutil.iter_modules(sys.modules[self._package].__path__):
                    module_of(self._package, module.name)
            except BaseException:
                self._is_discovered = False
                raise

    @property
    def resources(self) -> Mapping[str, Resource]:
        """All types of records, by name."""
        self._discover()
        return self._resources

    @property
    def operations(self) -> Operations:
        """All operations that are simulated."""
        self._discover()
        return self._operations

    @property
    def assumptions(self) -> Mapping[str, Assumption]:
        """All assumptions, by name, in alphabetical order."""
        self._discover()
        return dict(sorted(self._assumptions.items()))

    @property
    def commands(self) -> Mapping[str, Command]:
        """What happens in a workspace outside its API, by name."""
        self._discover()
        return self._commands

    @property
    def probes(self) -> Mapping[str, Probe]:
        """How the real API shows the value of an assumption, by its name."""
        self._discover()
        return self._probes

    def limit_of(self, operation: str) -> int | None:
        """Return the requests per minute that the API documents for an operation."""
        described = self.description.get(operation) if self.description else None
        limits = described.rate_limits if described else ()
        return next((limit.requests for limit in limits if limit.per == "minute"), None)

    def resource(self, name: str, **fields: Any) -> Resource:
        """Declare a type of records; see `Resource` for the fields.

        Raises:
            ValueError: If the name is already declared.
        """
        if name in self._resources:
            raise ValueError(f"resource {name} is declared twice")
        self._resources[name] = Resource(name, **fields)
        return self._resources[name]

    def operation(
        self, id_: str, route: str, *, status: int = 200, body: Any = None, version: str = "v1"
    ) -> Callable[[Handler], Handler]:
        """Declare the handler of an operation, for example `operation("getSource", "GET /sources/{sourceId}")`."""
        method, path = route.split(" ")

        def declare(handler: Handler) -> Handler:
            self._operations.add(Operation(id_, method, path, handler, status, body, version))
            return handler

        return declare

    def grant_access_tokens(self, route: str, seconds: int = 3600) -> None:
        """Let the API grant access tokens for client credentials (OAuth 2.0); the client secret is the token.

        The command `expire-access-tokens` lets all of them expire, to test how a client renews its token.
        """
        self.access_tokens = AccessTokens(self, route, seconds)

    def assumption(self, name: str, description: str, choices: tuple[str, ...], source: str = "undocumented") -> None:
        """Declare an assumption; the first choice is the default.

        Raises:
            ValueError: If the name is already declared.
        """
        if name in self._assumptions:
            raise ValueError(f"assumption {name} is declared twice")
        self._assumptions[name] = Assumption(name, description, choices, source)

    def prefer(self, name: str, choice: str) -> None:
        """Make another choice the default of a standard assumption."""
        assumption = self._assumptions[name]
        others = tuple(each for each in assumption.choices if each != choice)
        self._assumptions[name] = replace(assumption, choices=(choice, *others))

    def evidence(self, name: str, source: str) -> None:
        """Name the evidence for the default of a standard assumption."""
        self._assumptions[name] = replace(self._assumptions[name], source=source)

    def command(self, name: str) -> Callable[[CommandFunction], CommandFunction]:
        """Declare something that happens in a workspace outside its API.

        The function takes a workspace and strings, and returns JSON. It becomes a command of `connector sandbox`, with
        the first line of its docstring as its help, and a request of the control API.
        """

        def declare(function: CommandFunction) -> CommandFunction:
            self._commands[name] = function
            return function

        return declare

    def probe(self, name: str) -> Callable[[ProbeFunction], ProbeFunction]:
        """Declare how the real API shows the value of an assumption.

        The function takes a `Reader` and returns the value, or None if the API does not show it.
        """

        def declare(function: ProbeFunction) -> ProbeFunction:
            self._probes[name] = function
            return function

        return declare

    def connection(self, token: str, url: str) -> dict[str, Any]:
        """Return the component's connection to a workspace: `{"key", "fields"}`."""
        raise NotImplementedError

    def token_of(self, headers: Mapping[str, str]) -> str:
        """Return the token of a request; names of headers are in lower case.

        By default, it is in `Authorization: Bearer TOKEN`. Override this for an API whose key has a header of its own.
        """
        return self.access_tokens.token_of(headers) if self.access_tokens else bearer_token(headers)

    def canonical_path(self, path: str, assume: Assume) -> str:
        """Return the documented path for another one that the API also has."""
        del assume
        return path

    def wrap(self, data: str) -> str:
        """Return the JSON of a response whose data is this JSON."""
        return data

    def error_body(self, error: ApiError, assume: Assume) -> Any:
        """Return the body of an error response."""
        del assume
        return {"errors": error.errors}

    def reject_token(self, token: str, path: str, assume: Assume) -> ApiError:
        """Return the error of a request whose token no workspace has; `path` includes the query."""
        del token, path, assume
        return unauthorized()

    def rate_limit_error(self, consumed: int, wait: float) -> ApiError:
        """Return the error of a request that comes too soon."""
        del consumed, wait
        return ApiError(429, [{"message": "Too many requests"}])

    def rate_limit_headers(self, consumed: int, remaining: int, reset: float) -> dict[str, str]:
        """Return the headers about the rate limit; `reset` is in seconds since 1970."""
        del consumed, remaining, reset
        return {}

    def points_per_minute(self, assume: Assume) -> int:
        """Return the number of requests per minute that the rate-limit headers count down from."""
        del assume
        return 600

    def media_type(self, operation: Operation, accept: str, assume: Assume) -> str:
        """Return the content type of a response.

        Raises:
            ApiError: If none is acceptable.
        """
        del operation, accept, assume
        return "application/json"

    def is_json(self, content_type: str) -> bool:
        """Return whether a request with this content type has a JSON body."""
        return content_type.strip().lower().startswith("application/json")
