"""The operations that a sandbox simulates, found by method and path."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

Data = dict[str, Any] | str
"""What a handler returns: a dict, or JSON."""


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        id: The `operationId` of the API description.
        method: The HTTP method.
        path: The path, with its parameters in braces.
        handler: Takes the request context and, if the operation has one, the body.
        status: The status of a successful response.
        body: The model of the request body.
        version: The version of the API that has the operation.
    """

    id: str
    method: str
    path: str
    handler: Callable[..., Data]
    status: int = 200
    body: Any = None
    version: str = ""

    @property
    def writes(self) -> bool:
        """Whether it changes the workspace."""
        return self.method != "GET"


class Operations:
    """The operations of one simulated API."""

    def __init__(self) -> None:
        self._by_id: dict[str, Operation] = {}
        self._by_length: dict[int, list[tuple[list[str], Operation]]] = {}
        self.match = functools.lru_cache(maxsize=4096)(self._match)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._by_id.values())

    def add(self, operation: Operation) -> None:
        """Add one operation.

        Raises:
            ValueError: If there is one with the same id.
        """
        if operation.id in self._by_id:
            raise ValueError(f"operation {operation.id} is declared twice")
        self._by_id[operation.id] = operation
        segments = operation.path.split("/")[1:]
        self._by_length.setdefault(len(segments), []).append((segments, operation))
        self.match.cache_clear()

    def methods_of(self, raw_path: str) -> list[str]:
        """Return the methods that a path has."""
        return [operation.method for operation, _ in self._on_path(raw_path)]

    def _match(self, method: str, raw_path: str) -> tuple[Operation, Mapping[str, str]] | None:
        """Return the operation of a request and its path parameters."""
        return next((match for match in self._on_path(raw_path) if match[0].method == method), None)

    def _on_path(self, raw_path: str) -> Iterator[tuple[Operation, Mapping[str, str]]]:
        # Split before decoding: a "%2F" within a parameter is part of the parameter.
        actual = raw_path.split("/")[1:]
        for segments, operation in self._by_length.get(len(actual), ()):
            pairs = list(zip(segments, actual, strict=True))
            if all(template == value or template.startswith("{") for template, value in pairs):
                yield (
                    operation,
                    {template[1:-1]: unquote(value) for template, value in pairs if template.startswith("{")},
                )
