"""Values for tests, from the examples of a component."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from connector.component.definitions import Action, ConnectionDefinition, Payload
from connector.component.pagination import compile_jsonpath, first_value, total_of
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
    """Return the example payload of a list action once per page, with these records and what leads to the next page.

    A list that ends at a page without records gets that page too.

    Raises:
        UsageError: If the action is not a list action, or its example has no records.
    """
    pagination = action.pagination
    if pagination is None:
        raise UsageError("is not a list action", action=action.key, hint="Use respond_with_example().")
    payloads = [_with_records(action, page) for page in pages]
    if pagination.cursor:
        for number, payload in enumerate(payloads, 1):
            cursor = compile_jsonpath(pagination.cursor)
            cursor.filter(lambda _cursor: True, payload)
            if number < len(payloads):
                cursor.update_or_create(payload, f"page-{number + 1}")
        return payloads
    total = sum(map(len, pages))
    for payload in payloads:
        if pagination.total:
            compile_jsonpath(pagination.total).update(payload, total)
    is_counted = bool(payloads) and total_of(action, payloads[0]) == total
    return payloads if is_counted else [*payloads, _with_records(action, [])]


def _with_records(action: Action[Any], records: Sequence[Any]) -> Payload:
    payload = example_payload(action)
    path = action.pagination.records if action.pagination else ""
    compile_jsonpath(path).update(payload, list(records))
    if first_value(path, payload) is None:
        text = f"the example payload has no records at {path}"
        raise UsageError(text, action=action.key, hint="Use respond() with a body of your own.")
    return payload


def response_of(action: Action[Any], payload: Payload) -> tuple[Any, dict[str, str]]:
    """Return body and headers of the response from which an action makes a payload."""
    data = payload["data"]
    if action.pagination is None or action.pagination.style != "link":
        return data, {}
    path, _, query = str(data.get("next", "")).partition("?")
    link = f"?{query}" if query else path  # relative to the request, whose path is the same
    return data["records"], {"Link": f'<{link}>; rel="next"'} if link else {}
