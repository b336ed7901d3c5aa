"""The operations of a document, and their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.describe.openapi.document import OpenApiDocument, UnsupportedError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(slots=True)
class SourceOperation:
    """One operation as the document has it.

    Attributes:
        method: The HTTP method in lower case.
        path: The path.
        content: The operation.
        shared: What the path item says of all its operations.
        key: Key of the action.
    """

    method: str
    path: str
    content: Mapping[str, Any]
    shared: Mapping[str, Any]
    key: str = ""

    @property
    def route(self) -> str:
        """Method and path, as in `GET /pets`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def name(self) -> str:
        """The `operationId`, or method and path."""
        return str(self.content.get("operationId") or self.route)

    @property
    def tag(self) -> str:
        """What it is about: its first tag, or the first fixed part of its path."""
        tags = self.content.get("tags")
        first = next((part for part in self.path.split("/") if part and "{" not in part), "operations")
        tag = tags[0] if isinstance(tags, list) and tags and isinstance(tags[0], str) else first
        return " ".join(re.findall(r"[A-Za-z0-9]+", tag)) or "operations"


def operations_of(document: OpenApiDocument) -> Iterator[SourceOperation | tuple[str, str]]:
    """Yield the operations; instead of those of a path that cannot be read, its name and the reason."""
    for path, item in document.content["paths"].items():
        if str(path).startswith("x-"):
            continue
        try:
            item = document.followed(item)  # noqa: PLW2901 - the path item itself
        except UnsupportedError as error:
            yield str(path), str(error)
            continue
        for method in METHODS:
            if isinstance(item, Mapping) and isinstance(item.get(method), Mapping):
                yield SourceOperation(method, str(path), item[method], item)


def uncalled_operations(document: OpenApiDocument) -> Iterator[tuple[str, str]]:
    """Yield the operations that the service calls, not its clients: webhooks and callbacks, with the reason."""
    for name, item in _entries(document, document.content.get("webhooks")):
        for method in _methods(item):
            yield f"{method.upper()} of the webhook {name}", "the service sends this request"
    for operation in operations_of(document):
        if isinstance(operation, SourceOperation):
            for name, callback in _entries(document, operation.content.get("callbacks")):
                for expression, item in _entries(document, callback):
                    for method in _methods(item):
                        route = f"{method.upper()} {expression} of the callback {name} of {operation.name}"
                        yield route, "the service sends this request"


def _entries(document: OpenApiDocument, value: Any) -> Iterator[tuple[str, Any]]:
    for name, item in value.items() if isinstance(value, Mapping) else ():
        try:
            yield str(name), document.followed(item)
        except UnsupportedError:
            continue


def _methods(item: Any) -> list[str]:
    return [method for method in METHODS if isinstance(item, Mapping) and isinstance(item.get(method), Mapping)]


def name_operations(operations: list[SourceOperation]) -> list[str]:
    """Give each operation a key, and return what keys could not be made from `operationId` alone, as sentences."""
    used: set[str] = set()
    remarks = []
    for operation in operations:
        operation_id = operation.content.get("operationId")
        key = camel_key(operation_id) if isinstance(operation_id, str) else ""
        if not key:
            key = camel_key(re.sub(r"\{([^{}]*)\}", r"by \1", f"{operation.method} {operation.path}"))
            remarks.append(f"{operation.route} has no operationId; its action is {key}.")
        unique = next(each for each in _numbered(key) if each not in used)
        if unique != key:
            remarks.append(f"{operation.route} has the same key as another operation; its action is {unique}.")
        used.add(unique)
        operation.key = unique
    return remarks


def camel_key(text: str) -> str:
    """Return the words of a text as one camelCase key; empty if it has none."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    if not words:
        return ""
    first = words[0]
    # An acronym at the beginning becomes lower-case as a whole: `HTTPStatus` would be `hTTPStatus` otherwise.
    upper = re.match(r"[A-Z]+(?=[A-Z][a-z]|$|[0-9])|[A-Z]", first)
    first = first[: upper.end()].lower() + first[upper.end() :] if upper else first
    key = first + "".join(word[0].upper() + word[1:] for word in words[1:])
    return f"do{key}" if key[0].isdigit() else key


def _numbered(key: str) -> Iterator[str]:
    yield key
    number = 2
    while True:
        yield f"{key}{number}"
        number += 1
