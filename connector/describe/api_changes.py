"""What changed in an API between two descriptions of it, and which actions of a component that touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from connector.common.differences import Difference, compare
from connector.component.api_description import ApiDescription, Operation

if TYPE_CHECKING:
    from connector.component.component import Component

_FACTS = ("method", "path", "stability", "feature", "rate_limits", "end", "content_type", "accept", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiChange:
    """One difference.

    Attributes:
        kind: `added`, `removed` or `changed`.
        operation: Key of the operation.
        place: Field or fact of the operation; empty for the operation as a whole.
        detail: What it was and what it is now.
        action: Key of the action that it touches; None if the component has none.
        is_hand_made: Whether a handler performs that action, which needs a review.
    """

    kind: Literal["added", "removed", "changed"]
    operation: str
    place: str = ""
    detail: str = ""
    action: str | None = None
    is_hand_made: bool = False

    def __str__(self) -> str:
        """Return the change as one line."""
        place = f" {self.place}" if self.place else ""
        detail = f": {self.detail}" if self.detail else ""
        action = f" (action {self.action})" if self.is_hand_made else ""
        return f"{self.kind} {self.operation}{place}{detail}{action}"

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON."""
        return {
            "kind": self.kind,
            "operation": self.operation,
            "place": self.place,
            "detail": self.detail,
            "action": self.action,
            "isHandMade": self.is_hand_made,
        }


def api_changes(component: Component, newer: Path) -> list[ApiChange]:
    """Return what another description of the API says differently, by operation.

    Raises:
        ComponentError: If the file is not an API description.
    """
    before, after = component.api, ApiDescription(newer)
    actions = [*component.actions.values(), *component.operations.values()]
    by_operation = {action.operation.id: action for action in actions if action.operation}
    changes: list[ApiChange] = []
    for key in sorted({*before, *after}):
        action = by_operation.get(key)
        changes += [
            ApiChange(
                kind=kind,
                operation=key,
                place=place,
                detail=detail,
                action=action.key if action else None,
                is_hand_made=action is not None and not action.is_described,
            )
            for kind, place, detail in _differences(before.get(key), after.get(key))
        ]
    return changes


def _differences(before: Operation | None, after: Operation | None) -> Iterator[Difference]:
    if before is None or after is None:
        present = before or after
        assert present is not None  # noqa: S101 - the key is from one of the two
        yield "removed" if before else "added", "", f"{present.method} {present.path}"
        return
    for fact in _FACTS:
        old, new = getattr(before, fact), getattr(after, fact)
        if old != new:
            yield "changed", fact, f"{_text(old)} is now {_text(new)}"
    yield from compare(_fields(before), _fields(after))


def _fields(operation: Operation) -> dict[str, Any]:
    """Return the facts of each parameter and field by its place, such as `response.data.source.id`."""
    fields: dict[str, Any] = {}
    for parameter in operation.parameters:
        place = f"{'path' if parameter.in_path else 'query'}.{parameter.name}"
        fields[place] = {**_leaf(parameter.schema), "required": parameter.required}
        fields |= _nested(parameter.schema, place)
    return fields | _nested(operation.body_schema, "body") | _nested(operation.response_schema, "response")


def _nested(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        inner = f"{place}.{name}"
        fields[inner] = {**_leaf(part), "required": name in schema.get("required", ())}
        fields |= _nested(part, inner)
    for position, form in enumerate(schema.get("anyOf", ())):
        fields |= _nested(form, place if len(schema["anyOf"]) <= 2 else f"{place}({position + 1})")
    if "items" in schema:
        fields |= {f"{place}[]": _leaf(schema["items"])} | _nested(schema["items"], f"{place}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        fields |= _nested(schema["additionalProperties"], f"{place}.*")
    return fields


def _leaf(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a field itself."""
    nested = {"properties", "required", "items", "additionalProperties", "anyOf"}
    facts = {key: value for key, value in schema.items() if key not in nested}
    return {**facts, "null": True} if {"type": "null"} in schema.get("anyOf", ()) else facts


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "not set" if value is None else str(value)
