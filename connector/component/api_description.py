"""`api.json`: the operations of a component's API, as facts. The file is read when a fact is first needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic_core import from_json

from connector.component.inlining import Schema, inlined
from connector.errors import ComponentError, Problem

FILE = "api.json"

Place = Literal["path", "query", "header", "body"]

SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A published limit: a number of requests per unit of time, and per scope if the API counts by scope."""

    requests: int
    per: str
    scope: str = ""

    @property
    def seconds(self) -> float | None:
        """Length of the unit of time; None for an unknown one."""
        return SECONDS.get(self.per)

    def __str__(self) -> str:
        """Return the limit as in `60 requests per minute`."""
        return f"{self.requests} requests per {self.per}" + (f" for each {self.scope}" if self.scope else "")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation, its schema without references.

    Attributes:
        name: Its name in the request.
        schema: Schema of its values.
        required: True if a request must have it.
        place: Where it is in a request.
        style: How lists and objects are written: one of OpenAPI's styles, `json`, or `indexed`, which writes
            `name.0=` for lists and `name[key]=` for objects.
        explode: Whether each entry of a list or object is a pair of its own, for the style `form`.
    """

    name: str
    schema: Schema
    required: bool
    place: Place
    style: str = "form"
    explode: bool = True

    @property
    def in_path(self) -> bool:
        """True for a parameter of the path."""
        return self.place == "path"


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of the API.

    Attributes:
        id: Its key.
        method: HTTP method in upper case.
        path: Path with its parameters in braces.
        facts: What the description says of it, with references.
        schemas: The schemas that the references name.
        writes_indexes: True if lists and objects of the query are written in the style `indexed`.
    """

    id: str
    method: str
    path: str
    facts: Mapping[str, Any] = field(repr=False)
    schemas: Mapping[str, Any] = field(repr=False)
    writes_indexes: bool = False

    @property
    def tag(self) -> str:
        """What the operation is about, as in `tracking-plans`."""
        return str(self.facts["tags"][0]).lower().replace(" ", "-")

    @property
    def summary(self) -> str:
        """Its name as people read it."""
        return str(self.facts["summary"])

    @property
    def description(self) -> str:
        """What it does; empty if the description does not say."""
        return str(self.facts.get("description", ""))

    @property
    def stability(self) -> str:
        """`v1`, `beta` or `alpha`."""
        return str(self.facts.get("x-stability", "v1"))

    @property
    def feature(self) -> str | None:
        """The feature that the plan of the workspace must have."""
        return self.facts.get("x-feature")

    @property
    def rate_limits(self) -> tuple[RateLimit, ...]:
        """Its own published limits."""
        return tuple(RateLimit(**limit) for limit in self.facts.get("x-rate-limit", ()))

    @property
    def end(self) -> str | None:
        """The announced last day."""
        return self.facts.get("x-ends")

    @property
    def pagination(self) -> Mapping[str, Any]:
        """Which parameters ask for a page, where records and next cursor are, and the largest page."""
        pagination: Mapping[str, Any] = self.facts.get("x-pagination", {})
        return pagination if isinstance(pagination.get("records"), str) else {}

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, those of the path first."""
        return tuple(self._parameter(raw) for raw in self.facts.get("parameters", ()))

    @property
    def content_type(self) -> str | None:
        """Media type of the request body; None without a body."""
        return next(iter(self._body_content), None)

    @property
    def body_is_required(self) -> bool:
        """True if a request must have a body."""
        return bool(self.facts.get("requestBody", {}).get("required"))

    @property
    def encoding(self) -> Mapping[str, Any]:
        """How the fields of a form are written, by name."""
        content: Mapping[str, Any] = next(iter(self._body_content.values()), {})
        encoding: Mapping[str, Any] = content.get("encoding", {})
        return encoding

    @cached_property
    def body_schema(self) -> Schema:
        """Schema of the request body; empty without a body."""
        content: Schema = next(iter(self._body_content.values()), {})
        return inlined(content.get("schema", {}), self.schemas, leave_out="readOnly")

    @property
    def status(self) -> int:
        """Status of a success."""
        return int(self._success[0])

    @property
    def accept(self) -> str | None:
        """Media type of the response to ask for: the most stable version; None if a success has no body."""
        return next(iter(self._success[1].get("content", {})), None)

    @property
    def may_be_empty(self) -> bool:
        """True if a success may have no body."""
        responses = self.facts["responses"].items()
        return any(status < "300" and not response.get("content") for status, response in responses)

    @cached_property
    def response_schema(self) -> Schema:
        """Schema of the response body of a success; empty without one."""
        content: Schema = next(iter(self._success[1].get("content", {}).values()), {})
        return inlined(content.get("schema", {}), self.schemas, leave_out="writeOnly")

    @cached_property
    def secret_fields(self) -> frozenset[str]:
        """Names of the fields of the response whose values are secrets."""
        return frozenset(_secret_names(self.response_schema))

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request with this method and path is one of this operation."""
        return method.upper() == self.method and self._pattern.fullmatch(path) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{[^{}]*\}", self.path)
        return re.compile("[^/]+".join(map(re.escape, parts)))

    def _parameter(self, raw: Mapping[str, Any]) -> Parameter:
        place, style = raw["in"], raw.get("style", "form")
        if place == "query" and self.writes_indexes:
            style = "indexed"
        schema = inlined(raw["schema"], self.schemas)
        return Parameter(raw["name"], schema, raw["required"], place, style, raw.get("explode", style == "form"))

    @property
    def _body_content(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = self.facts.get("requestBody", {}).get("content", {})
        return content

    @property
    def _success(self) -> tuple[str, Mapping[str, Any]]:
        return next((status, response) for status, response in self.facts["responses"].items() if status < "300")


def _secret_names(schema: Schema) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        if part.get("x-secret"):
            yield name
        yield from _secret_names(part)
    for form in schema.get("anyOf", ()):
        yield from _secret_names(form)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from _secret_names(schema[key])


def own_limit(operation: Operation | None) -> str:
    """Return the key of an operation that the API limits on its own; empty for any other."""
    return operation.id if operation is not None and operation.rate_limits else ""


class ApiDescription(Mapping[str, Operation]):
    """The operations by key.

    Args:
        file: The `api.json`.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def version(self) -> str:
        """Version of the API that the facts are of."""
        return str(self.document["info"]["version"])

    @cached_property
    def document(self) -> dict[str, Any]:
        """The whole file.

        Raises:
            ComponentError: If the file is missing or holds no JSON object.
        """
        try:
            document = from_json(self.file.read_bytes(), cache_strings="keys")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        else:
            if isinstance(document, dict) and "paths" in document:
                return document
            reason = 'it has no "paths"'
        problem = Problem(str(self.file), f"invalid API description: {reason}", hint="Make it anew from the SDKs.")
        raise ComponentError("invalid API description", problems=[problem])

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation of a request; a fixed segment wins over a parameter in the same place."""
        candidates = self._by_form.get((method.upper(), path.count("/")), ())
        matches = [operation for operation in candidates if operation.matches(method, path)]
        return min(matches, key=lambda operation: operation.path.count("{"), default=None)

    @cached_property
    def _by_form(self) -> dict[tuple[str, int], list[Operation]]:
        """The operations by method and number of path segments."""
        forms: dict[tuple[str, int], list[Operation]] = {}
        for operation in self.values():
            forms.setdefault((operation.method, operation.path.count("/")), []).append(operation)
        return forms

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        schemas = self.document.get("components", {}).get("schemas", {})
        indexes = "x-wire" in self.document.get("info", {})
        return {
            # A fragment only distinguishes several operations of one path: it is never sent.
            facts["operationId"]: Operation(
                facts["operationId"], method.upper(), path.partition("#")[0], facts, schemas, indexes
            )
            for path, methods in self.document["paths"].items()
            for method, facts in methods.items()
        }

    def __getitem__(self, key: str) -> Operation:
        return self._operations[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._operations)

    def __len__(self) -> int:
        return len(self._operations)
