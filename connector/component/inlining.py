"""Schemas with the schemas in the place of their references."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

Schema = dict[str, Any]

MAX_NODES = 1_000
"""Size of a schema beyond which references are not followed any further."""


class _Pending(NamedTuple):
    """A reference that is not followed yet: where its schema goes, and the references that lead to it."""

    holder: Any
    key: Any
    above: frozenset[str]


def inlined(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, leave_out: str = "") -> Schema:
    """Return a schema without references.

    A schema that contains itself, and the parts of a very large one, end in what says only their type. The references
    near the top are followed first, so that it is the depth that is cut.

    Args:
        schema: The schema.
        schemas: What the references name, by the last part of a reference.
        leave_out: Fields with this mark are left out, such as `readOnly` in a request.
    """
    root: dict[str, Any] = {}
    pending = deque([_Pending(root, "schema", frozenset())])
    root["schema"] = schema
    nodes = 0
    while pending:
        holder, key, above = pending.popleft()
        value = holder[key]
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            name = value["$ref"].rsplit("/", 1)[1]
            target = schemas[name]
            own = {part: content for part, content in value.items() if part != "$ref"}
            value = {**(_bare(target) if name in above or nodes > MAX_NODES else target), **own}
            above |= {name}
        copy, inner = _copied(value, leave_out)
        nodes += len(copy) if isinstance(copy, dict | list) else 0
        holder[key] = copy
        pending.extend(_Pending(copy, part, above) for part in inner)
    inlined_schema: Schema = root["schema"]
    return inlined_schema


def _copied(value: Any, leave_out: str) -> tuple[Any, list[Any]]:
    """Return a copy of a value without its marked fields, and the keys of what must be copied in turn."""
    if isinstance(value, Mapping):
        copy: Any = {key: part for key, part in value.items() if key != "x-from-text"}
        if leave_out and isinstance(copy.get("properties"), Mapping):
            parts = copy["properties"].items()
            unwanted = [name for name, part in parts if isinstance(part, Mapping) and part.get(leave_out) is True]
            copy["properties"] = {name: part for name, part in copy["properties"].items() if name not in unwanted}
            if unwanted and "required" in copy:
                copy["required"] = [name for name in copy["required"] if name not in unwanted]
        return copy, [key for key, part in copy.items() if isinstance(part, Mapping | list)]
    if isinstance(value, list):
        return list(value), [position for position, part in enumerate(value) if isinstance(part, Mapping | list)]
    return value, []


def _bare(schema: Mapping[str, Any]) -> Schema:
    """Return what a schema says of the type alone."""
    return {"type": schema["type"]} if isinstance(schema.get("type"), str | list) else {}
