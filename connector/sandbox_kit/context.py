"""One request as a handler sees it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.sandbox_kit.assumptions import AssumptionValues
from connector.sandbox_kit.errors import ApiError, invalid, not_found, problem
from connector.sandbox_kit.query_params import Query
from connector.sandbox_kit.resources import Record
from connector.sandbox_kit.simulated_api import SimulatedApi
from connector.sandbox_kit.store import Store

ID_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass
class RequestContext:
    """One request as a handler sees it.

    Attributes:
        api: The simulated API.
        store: The records of the workspace.
        assumptions: The values that are set.
        params: The path parameters.
        query: The query.
        random: Where random ids and keys come from.
        now: Returns the current time.
        restricted: Whether the request has the restricted token.
        headers: The headers of the request, with names in lower case.
        response_headers: Headers to send with the response, such as `Link`.
        decided: The assumptions that decided the response so far.
        generated: Where the ids and keys that it generates are added.
    """

    api: SimulatedApi
    store: Store
    assumptions: AssumptionValues
    params: Mapping[str, str]
    query: Query
    random: random.Random
    now: Callable[[], datetime]
    restricted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    response_headers: dict[str, str] = field(default_factory=dict)
    decided: list[str] = field(default_factory=list)
    generated: deque[str] = field(default_factory=deque, repr=False)

    @property
    def workspace(self) -> Record:
        """The workspace's own fields, such as its id and name."""
        workspace: Record = self.store.fact("workspace")
        return workspace

    def assume(self, name: str) -> str:
        """Return the value of an assumption, and note that it decides the response."""
        if name not in self.decided:
            self.decided.append(name)
        return self.assumptions[name]

    def require(self, kind: str, parameter: str) -> Record:
        """Return the record that a path parameter refers to.

        Raises:
            ApiError: If it does not exist.
        """
        record = self.store.get(kind, self.params[parameter])
        if record is None:
            raise self.missing(parameter)
        return record

    def missing(self, parameter: str) -> ApiError:
        """Return the error for a path parameter that refers to nothing."""
        if self.assume("missing-in-path") == "404":
            return not_found()
        return invalid(parameter, "does not exist in this workspace")

    def refer(self, kind: str, field_path: str, id_: str) -> Record:
        """Return the record that a field of the body refers to.

        Raises:
            ApiError: If it does not exist.
        """
        record = self.store.get(kind, id_)
        if record is None:
            raise invalid(field_path, f"does not exist in {kind}", int(self.assume("missing-in-body")))
        return record

    def show(self, kind: str, id_: str, root: str) -> str:
        """Return the data of a response about one record."""
        [row] = self.store.rows_of(kind, [id_])
        return f'{{"{root}":{self.api.resources[kind].view(self, row)}}}'

    def delete(self, kind: str, parameter: str) -> None:
        """Delete the record that a path parameter refers to, and all records that belong to it.

        Raises:
            ApiError: If it does not exist, or if records belong to it and `delete-cascade` is 409.
        """
        id_ = self.api.resources[kind].id_of(self.require(kind, parameter))
        if any(self._dependents(kind, id_)) and self.assume("delete-cascade") == "409":
            raise ApiError(409, [problem(parameter, "is in use")])
        self._delete(kind, id_)

    def _delete(self, kind: str, id_: str) -> None:
        for dependent, records in list(self._dependents(kind, id_)):
            for record in records:
                self._delete(dependent, self.api.resources[dependent].id_of(record))
        self.store.remove(kind, id_=id_)

    def _dependents(self, kind: str, id_: str) -> Iterator[tuple[str, list[Record]]]:
        for resource in self.api.resources.values():
            for name, target in resource.belongs_to.items():
                if target == kind:
                    by_key = name == resource.key
                    records = self.store.find(resource.name, id_) if by_key else self.store.all(resource.name, id_)
                    if records:
                        yield resource.name, records

    def new_id(self) -> str:
        """Return a new opaque id of 22 characters."""
        return self.new_text(22, ID_ALPHABET)

    def new_text(self, length: int, alphabet: str) -> str:
        """Return random characters, for ids and keys."""
        text = "".join(self.random.choices(alphabet, k=length))
        self.generated.append(text)
        return text


def run_checks(*checks: Callable[[], Any]) -> list[Any]:
    """Run all checks of a body and return their results.

    Raises:
        ApiError: If any of them does; it has the entries of all errors with the same status.
    """
    results, failed = [], []
    for check in checks:
        try:
            results.append(check())
        except ApiError as error:
            failed.append(error)
    if failed:
        # A response has one status, so problems with another status wait for the next request.
        status = failed[0].status
        raise ApiError(status, [entry for error in failed if error.status == status for entry in error.errors])
    return results
