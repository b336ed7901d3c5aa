"""Compare a sandbox with the real API: which assumptions hold, and where responses differ from the description.

Everything is read-only, and a report contains no value of the workspace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from connector.common.differences import Change, Difference
from connector.component.json_schema import without_null
from connector.errors import RequestError
from connector.rest import Request
from connector.sandbox_kit.simulated_api import SimulatedApi

if TYPE_CHECKING:
    from connector.component.runner import Runner

CONFIRMED, CONTRADICTED, OPEN = "confirmed", "contradicted", "open"


@dataclass(frozen=True)
class Reading:
    """A response as a probe sees it: an error has no body, but the types of its entries."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    error_types: tuple[str, ...] = ()


class Reader:
    """Sends GET requests to the real API.

    Args:
        runner: A read-only runner; its limits and waits apply to every request.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, path: str, **headers: str) -> Reading:
        """Return the response to a GET; `path` is percent-encoded and includes the query."""
        try:
            response = self._runner.context().api.send(Request("GET", path, dict(headers)))
        except RequestError as error:
            if error.status is None:
                raise
            return Reading(error.status, {}, None, tuple(entry.type for entry in error.api_errors))
        return Reading(response.status, response.headers, from_json(response.content))


@dataclass(frozen=True)
class ComparedAssumption:
    """One assumption: the value of the sandbox, the value of the real API, and what follows."""

    name: str
    assumed: str
    observed: str | None

    @property
    def verdict(self) -> str:
        """`confirmed`, `contradicted`, or `open` if the API does not show it."""
        if self.observed is None:
            return OPEN
        return CONFIRMED if self.observed == self.assumed else CONTRADICTED


@dataclass(frozen=True)
class Comparison:
    """The report: all assumptions, and the changes of responses from the description to the real API."""

    assumptions: tuple[ComparedAssumption, ...]
    differences: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        assumptions = [
            {"name": each.name, "assumed": each.assumed, "observed": each.observed, "verdict": each.verdict}
            for each in self.assumptions
        ]
        return {"assumptions": assumptions, "differences": [each.to_dict() for each in self.differences]}


def compare(api: SimulatedApi, runner: Runner) -> Comparison:
    """Probe the real API, and compare it with the defaults of the assumptions and with the API description.

    Raises:
        ConnectorError: If the API cannot be reached, or rejects the token.
    """
    reader = Reader(runner)
    assumptions = tuple(
        ComparedAssumption(name, each.default, api.probes[name](reader) if name in api.probes else None)
        for name, each in api.assumptions.items()
    )
    return Comparison(assumptions, tuple(_differences(api, reader)))


def _differences(api: SimulatedApi, reader: Reader) -> Iterator[Change]:
    """Yield what responses have beyond the description, what they lack of it, and what is otherwise."""
    for operation in (api.description or {}).values():
        if operation.method == "GET" and not any(each.required for each in operation.parameters):
            query = f"?{operation.pagination['size']}=10" if operation.pagination else ""
            reading = reader.get(operation.path + query, Accept=operation.accept or "application/json")
            if reading.status == operation.status:
                changes = _unlike(reading.body, operation.response_schema, "$")
                yield from dict.fromkeys(Change(kind, f"{operation.id} {path}", text) for kind, path, text in changes)


def _unlike(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[Difference]:
    schema, nullable = without_null(dict(schema))
    if value is None:
        if not nullable and schema:
            yield "changed", path, f"{schema.get('type', 'value')} is null"
    elif "properties" in schema:
        yield from _unlike_object(value, schema, path)
    elif schema.get("type") == "array" and isinstance(value, list):
        for each in value:
            yield from _unlike(each, schema["items"], f"{path}[]")
    elif "enum" in schema and value not in schema["enum"]:
        yield "changed", path, "has a value that is not in its enum"
    elif "type" in schema and not isinstance(value, _TYPES.get(schema["type"], object)):
        yield "changed", path, f"is not of type {schema['type']}"


def _unlike_object(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[Difference]:
    if not isinstance(value, dict):
        yield "changed", path, "is not of type object"
        return
    for name in schema.get("required", ()):
        if name not in value:
            yield "removed", f"{path}.{name}", ""
    for name, each in value.items():
        if name in schema["properties"]:
            yield from _unlike(each, schema["properties"][name], f"{path}.{name}")
        else:
            yield "added", f"{path}.{name}", ""


_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
