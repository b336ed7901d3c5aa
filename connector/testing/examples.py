"""Values for tests, from the examples of a component."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from connector.component.definitions import Action, ConnectionDefinition, Payload
from connector.component.pagination import compile_jsonpath
from connector.describe.summaries import required_examples
from connector.errors import UsageError


def dummy_fields(definition: ConnectionDefinition[Any]) -> dict[str, Any]:
    """Return a value for every required field of a connection: its example, else a dummy string."""
    values = required_examples(definition.fields)
    return {key: f"dummy-{key}" if value is None else value for key, value in values.items()}


def example_payload(action: Action[Any]) -> Payload:
    """Return a copy of the example payload of an action.

    Raises:
        UsageError: If the action has none.
    """
    payload = copy.deepcopy(action.example)
    if payload is None:
        hint = "Use respond() with a body of your own."
        raise UsageError("has no example payload", action=action.key, hint=hint)
    return payload


def example_pages(action: Action[Any], pages: Sequence[Sequence[Any]]) -> list[Payload]:
    """Return the example payload of a list action once per page, with these records and a cursor to the next page.

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
        if not records.find(payload):
            text = f"the example payload has no records at {action.pagination.records}"
            raise UsageError(text, action=action.key, hint="Use respond() with a body of your own.")
        cursor.filter(lambda _cursor: True, payload)
        if number < len(pages):
            cursor.update_or_create(payload, f"page-{number + 1}")
        payloads.append(payload)
    return payloads
