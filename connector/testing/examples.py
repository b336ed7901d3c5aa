"""Values for tests, from what a component says about itself."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from connector.component.definitions import Action, ConnectionDefinition, DataSource, Payload
from connector.component.inputs import Input
from connector.component.pagination import compile_jsonpath
from connector.errors import UsageError


def example_inputs(definition: Action[Any] | DataSource[Any]) -> dict[str, Any]:
    """A value for every required input: its example, else the first of its choices.

    Raises:
        UsageError: A required input has neither.
    """
    markers, required = definition.inputs.definitions(), definition.inputs.required_keys()
    found = {key: _example(marker) for key, marker in markers.items() if key in required}
    lacking = [key for key, value in found.items() if value is None]
    if lacking:
        hint = "Give its Input an example, or give the inputs yourself."
        raise UsageError(f"has no example of its required input {lacking[0]}.", action=definition.key, hint=hint)
    return found


def dummy_fields(definition: ConnectionDefinition[Any]) -> dict[str, Any]:
    """A value for every required field of a connection: as for inputs, else a text."""
    markers, required = definition.fields.definitions(), definition.fields.required_keys()
    found = {key: _example(marker) for key, marker in markers.items() if key in required}
    return {key: f"dummy-{key}" if value is None else value for key, value in found.items()}


def example_payload(action: Action[Any]) -> Payload:
    """The example payload of an action, to do with as one likes.

    Raises:
        UsageError: The action has none.
    """
    payload = copy.deepcopy(action.example)
    if payload is None:
        raise UsageError("has no example payload.", action=action.key, hint="Use reply with a body of your own.")
    return payload


def example_pages(action: Action[Any], pages: Sequence[Sequence[Any]]) -> list[Payload]:
    """The example payload of an action that lists, once a page, with these records and a cursor to the next page.

    Raises:
        UsageError: The action does not list, or its example has no records.
    """
    if action.pagination is None:
        raise UsageError("does not list, so it has no pages.", action=action.key, hint="Use reply_with_example.")
    records, cursor = compile_jsonpath(action.pagination.records), compile_jsonpath(action.pagination.cursor)
    found = []
    for number, page in enumerate(pages, 1):
        payload = example_payload(action)
        records.update(payload, list(page))
        if not compile_jsonpath(action.pagination.records).find(payload):
            hint = f"Its records should be at {action.pagination.records}; use reply with a body of your own."
            raise UsageError("has no records in its example payload.", action=action.key, hint=hint)
        cursor.filter(lambda _cursor: True, payload)
        if number < len(pages):
            cursor.update_or_create(payload, f"page-{number + 1}")
        found.append(payload)
    return found


def _example(marker: Input) -> Any:
    return next(iter(marker.choices), None) if marker.example is None else marker.example
