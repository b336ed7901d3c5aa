"""Iterating over the pages of a list action."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import MISSING

from connector.component.definitions import Action, Pagination, Payload
from connector.errors import InvalidResponseError, PaginationError, UsageError

if TYPE_CHECKING:
    from jsonpath_ng import JSONPath

    from connector.component.context import Context
    from connector.component.inputs import Inputs


@cache
def compile_jsonpath(path: str) -> JSONPath:
    """Return a compiled JSONPath; each path is compiled once per process."""
    from jsonpath_ng.parser import parse

    return parse(path)


def records_of(action: Action[Any], payload: Payload) -> list[Any]:
    """Return the records in a payload of a list action; a list that is null has none.

    Raises:
        InvalidResponseError: If the payload has no list where the action's records are.
    """
    path = _pagination(action).records
    matches = compile_jsonpath(path).find(payload)
    if matches and isinstance(matches[0].value, list):
        return matches[0].value
    if matches and matches[0].value is None:  # how services written in Go send an empty list
        return []
    hint = "Inspect the response with invoke(), and check the base URL."
    raise InvalidResponseError(f"response has no list at {path}", action=action.key, hint=hint)


def iter_pages(
    action: Action[Any],
    perform: Callable[[Inputs], Payload],
    inputs: Inputs,
    on_page: Callable[[int], None] | None = None,
) -> Iterator[Payload]:
    """Iterate over the payloads of the pages, from the page that the inputs name.

    Args:
        action: The list action.
        perform: Fetches one page.
        inputs: Inputs of the first page.
        on_page: Called with the number of records so far, after each page.

    Raises:
        PaginationError: If a cursor is invalid or comes twice, or if too many pages in a row are empty: the list would
            never end.
        UsageError: If the action is not a list action.
    """
    pagination = _pagination(action)
    if getattr(inputs, pagination.size_input) is MISSING:
        inputs = inputs.model_copy(update={pagination.size_input: pagination.size})
    inputs = inputs.model_copy(update={pagination.all_input: MISSING})
    seen = {getattr(inputs, pagination.cursor_input)}
    empty = records = 0
    while True:
        payload = perform(inputs)
        if on_page:
            records += len(records_of(action, payload))
            on_page(records)
        yield payload
        matches = compile_jsonpath(pagination.cursor).find(payload)
        cursor = matches[0].value if matches else None
        if not cursor:
            return
        if not isinstance(cursor, str | int):
            raise PaginationError("the API returned an invalid cursor", action=action.key)
        if cursor in seen:
            raise PaginationError("the API returned the same cursor twice", action=action.key)
        empty = 0 if records_of(action, payload) else empty + 1
        if empty >= pagination.max_empty_pages:
            raise PaginationError(f"the API returned {empty} empty pages in a row", action=action.key)
        seen.add(cursor)
        inputs = inputs.model_copy(update={pagination.cursor_input: str(cursor)})


def has_next_page(action: Action[Any], payload: Payload) -> bool:
    """Return True if a payload of a list action is one page of several, and not the last."""
    matches = compile_jsonpath(action.pagination.cursor).find(payload) if action.pagination else []
    return any(match.value for match in matches)


def fetch_all(action: Action[Any], context: Context, inputs: Inputs) -> Payload:
    """Return one payload with the records of every page: the first response, its list extended, its cursor removed."""
    pages = iter_pages(action, lambda page: action.perform(context, page), inputs, context.on_page)
    whole = next(pages)
    records = records_of(action, whole)
    for page in pages:
        records.extend(records_of(action, page))
    pagination = _pagination(action)
    if records:
        compile_jsonpath(pagination.records).update(whole, records)  # the first list may have been null
    compile_jsonpath(pagination.cursor).filter(lambda _cursor: True, whole)
    return whole


def _pagination(action: Action[Any]) -> Pagination:
    if action.pagination is None:
        raise UsageError("is not a list action", action=action.key, hint="Use invoke().")
    return action.pagination
