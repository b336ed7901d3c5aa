"""Values for tests, from the examples of a component."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from connector.component.definitions import Action, ConnectionDefinition, DataSource, Payload
from connector.component.inputs import Input
from connector.component.pagination import compile_jsonpath
from connector.errors import UsageError


def example_inputs(definition: Action[Any] | DataSource[Any]) -> dict[str, Any]:
    """Return a value for every required input: its example, else the first of its choices.

    Raises:
        UsageError: If a required input has neither.
    """
    markers, required = definition.inputs.definitions(), definition.inputs.required_keys()
    values = {key: _example(marker) for key, marker in markers.items() if key in required}
    missing = [key for key, value in values.items() if value is None]
    if missing:
        hint = "Pass an example to its Input, or pass the inputs yourself."
        raise UsageError(f'required input "{missing[0]}" has no example', action=definition.key, hint=hint)
    return values


def dummy_fields(definition: ConnectionDefinition[Any]) -> dict[str, Any]:
    """Return a value for every required field of a connection: as for inputs, else a dummy string."""
    markers, required = definition.fields.definitions(), definition.fields.required_keys()
    values = {key: _example(marker) for key, marker in markers.items() if key in required}
    return {key: f"dummy-{key}" if value is None else value for key, value in values.items()}


def example_payload(action: Action[Any]) -> Payload:
    """Return a copy of the example payload of an action.

    Raises:
        UsageError: If the action has no example payload.
    """
    payload = copy.deepcopy(action.example)
    if payload is None:
        raise UsageError("has no example payload", action=action.key, hint="Use respond() with your own body.")
    return payload


def example_pages(action: Action[Any], pages: Sequence[Sequence[Any]]) -> list[Payload]:
    """Return the example payload of a list action once per page, with these records and the cursor of the next page.

    Raises:
        UsageError: If the action is not a list action, or its example has no records.
    """
    if action.pagination is None:
        raise UsageError("is not a list action", action=action.key, hint="Use respond_with_example().")
    records, cursor = compile_jsonpath(action.pagination.records), compile_jsonpath(action.pagination.cursor)
    payloads = []
    for number, page in enumerate(pages, 1):
        payload = example_payload(action)
        records.update(payload, list(page))
        if not compile_jsonpath(action.pagination.records).find(payload):
            hint = f"Put records at {action.pagination.records}, or use respond() with your own body."
            raise UsageError("has no records in its example payload", action=action.key, hint=hint)
        cursor.filter(lambda _cursor: True, payload)
        if number < len(pages):
            cursor.update_or_create(payload, f"page-{number + 1}")
        payloads.append(payload)
    return payloads


def _example(marker: Input) -> Any:
    return next(iter(marker.choices), None) if marker.example is None else marker.example
