"""The operations of the API: what each takes and answers, and the call that a handler sees."""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

from connector.sandbox_kit.errors import ApiError
from connector.sandbox_kit.record_types import Record

from .assumptions import Assumptions
from .errors import invalid, not_found, problem
from .query_params import Query
from .store import Row, Store

logger = logging.getLogger("connector.sandbox")

Data = dict[str, Any] | str
Handler = TypeVar("Handler", bound=Callable[..., Data])


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        id: The `operationId` of the API's description.
        method: The HTTP method.
        path: The path, with its parameters in braces.
        handler: Takes the call and, where there is one, the body; returns `data`, as a dict or as JSON text.
        status: The status of success.
        body: The model of the request's body.
        version: The one version that it has: `v1` or `v1alpha`.
    """

    id: str
    method: str
    path: str
    handler: Callable[..., Data]
    status: int = 200
    body: Any = None
    version: Literal["v1", "v1alpha"] = "v1"

    @property
    def writes(self) -> bool:
        """Whether it changes the workspace."""
        return self.method != "GET"


OPERATIONS: list[Operation] = []
_BY_SHAPE: dict[tuple[str, int], list[tuple[list[str], Operation]]] = {}


def operation(
    id_: str, route: str, *, status: int = 200, body: Any = None, version: Literal["v1", "v1alpha"] = "v1"
) -> Callable[[Handler], Handler]:
    """Registers a handler, for example under `operation("getSource", "GET /sources/{sourceId}")`."""
    method, path = route.split(" ")

    def register(handler: Handler) -> Handler:
        found = Operation(id_, method, path, handler, status, body, version)
        OPERATIONS.append(found)
        segments = path.split("/")[1:]
        _BY_SHAPE.setdefault((method, len(segments)), []).append((segments, found))
        return handler

    return register


@functools.lru_cache(maxsize=4096)
def match(method: str, raw_path: str) -> tuple[Operation, Mapping[str, str]] | None:
    """The operation of a request and its path parameters; a `%2F` within a parameter is part of it."""
    given = raw_path.split("/")[1:]
    for segments, found in _BY_SHAPE.get((method, len(given)), ()):
        pairs = list(zip(segments, given, strict=True))
        if all(want == have or want.startswith("{") for want, have in pairs):
            return found, {want[1:-1]: unquote(have) for want, have in pairs if want.startswith("{")}
    return None


@dataclass
class RequestContext:
    """One request as a handler sees it.

    Attributes:
        store: The workspace's records.
        assumptions: The values that hold.
        params: The path's parameters.
        query: The query.
        restricted: Whether the token lacks Source Admin.
        decided: The assumptions that decided the answer, so far.
    """

    store: Store
    assumptions: Assumptions
    params: Mapping[str, str]
    query: Query
    restricted: bool = False
    decided: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Record:
        """The workspace's `id`, `slug` and `name`."""
        found: Record = self.store.fact("workspace")
        return found

    def assume(self, name: str) -> str:
        """The value of an assumption that now decides the answer."""
        if name not in self.decided:
            self.decided.append(name)
        return self.assumptions[name]

    def require(self, kind: str, parameter: str) -> Record:
        """The record that a path parameter names.

        Raises:
            ApiError: There is none.
        """
        record = self.store.get(kind, self.params[parameter])
        if record is None:
            raise self.missing(parameter)
        return record

    def missing(self, parameter: str) -> ApiError:
        """The refusal of a path parameter that names nothing."""
        if self.assume("missing-in-path") == "404":
            return not_found()
        return invalid(parameter, "names nothing in this workspace")

    def refer(self, kind: str, field_path: str, id_: str) -> Record:
        """The record that a field of the body names.

        Raises:
            ApiError: There is none.
        """
        record = self.store.get(kind, id_)
        if record is None:
            status = int(self.assume("missing-in-body"))
            raise invalid(field_path, f"names nothing in {kind}", status)
        return record


Check = Callable[[], Any]


def together(*checks: Check) -> list[Any]:
    """Runs all the checks of a body; raises what they found as one answer, or returns what they return."""
    results, failed = [], []
    for check in checks:
        try:
            results.append(check())
        except ApiError as error:
            failed.append(error)
    if failed:
        # One answer has one status; faults of another one wait for the next try.
        status = failed[0].status
        raise ApiError(status, [entry for error in failed if error.status == status for entry in error.errors])
    return results


View = Callable[[RequestContext, Row], str]


def plain(_call: RequestContext, row: Row) -> str:
    """A record's JSON text as it is kept, with its metadata."""
    return compose(row.body, row.metadata)


def compose(body: str, metadata: str | None) -> str:
    """Puts the metadata into a record's JSON text."""
    return body if metadata is None else f'{body[:-1]},"metadata":{metadata}}}'


def show(call: RequestContext, kind: str, id_: str, root: str, view: View = plain) -> str:
    """The `data` of an answer about one record."""
    [row] = call.store.rows_of(kind, [id_])
    return f'{{"{root}":{view(call, row)}}}'


SUCCESS: Data = {"status": "SUCCESS"}


def refuse_dependents(call: RequestContext, what: str, dependents: Iterable[Record]) -> None:
    """Lets a deletion pass, or refuses it when something depends on the record and cascading is off.

    Raises:
        ApiError: 409.
    """
    if any(True for _ in dependents) and call.assume("delete-cascade") == "409":
        raise ApiError(409, [problem(what, "is in use", 409)])


def new_text(length: int, alphabet: str) -> str:
    """Random text for ids and keys."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


ID_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_id() -> str:
    """An opaque id of 22 characters."""
    return new_text(22, ID_ALPHABET)
