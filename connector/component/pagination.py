"""Walking lists from page to page."""

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
    """A JSONPath, compiled once a process."""
    from jsonpath_ng.parser import parse

    return parse(path)


def records_of(action: Action[Any], payload: Payload) -> list[Any]:
    """The records in a payload of an action that lists.

    Raises:
        InvalidResponseError: There is no list where the action says that its records are.
    """
    path = _paging(action).records
    found = compile_jsonpath(path).find(payload)
    if found and isinstance(found[0].value, list):
        return found[0].value
    if found and found[0].value is None:
        return []  # some services write an empty list as null
    hint = "Look at the whole answer with invoke, and check that the host is the service itself."
    raise InvalidResponseError(f"the answer has no list at {path}", action=action.key, hint=hint)


def iter_pages(action: Action[Any], perform: Callable[[Inputs], Payload], inputs: Inputs) -> Iterator[Payload]:
    """Every page from the one that the inputs ask for, as payloads, one at a time.

    Raises:
        PaginationError: A cursor is none, or comes again so that the list would never end.
        UsageError: The action does not list.
    """
    pagination = _paging(action)
    if getattr(inputs, pagination.size_input) is MISSING:
        inputs = inputs.model_copy(update={pagination.size_input: pagination.size})
    inputs = inputs.model_copy(update={pagination.all_input: MISSING})
    seen = {getattr(inputs, pagination.cursor_input)}
    while True:
        payload = perform(inputs)
        yield payload
        found = compile_jsonpath(pagination.cursor).find(payload)
        cursor = found[0].value if found else None
        if not cursor:
            return
        if not isinstance(cursor, str | int) or cursor in seen:
            reason = (
                "that it had given before; the list would never end"
                if isinstance(cursor, str | int)
                else "that is none"
            )
            raise PaginationError(f"the API answered with a cursor {reason}", action=action.key)
        seen.add(cursor)
        inputs = inputs.model_copy(update={pagination.cursor_input: str(cursor)})


def has_next_page(action: Action[Any], payload: Payload) -> bool:
    """Return True if a payload of a list action is one page of several, and not the last."""
    matches = compile_jsonpath(action.pagination.cursor).find(payload) if action.pagination else []
    return any(match.value for match in matches)


def fetch_all(action: Action[Any], context: Context, inputs: Inputs) -> Payload:
    """One payload with the records of every page: the first reply, its list extended, its next cursor removed."""
    pages = iter_pages(action, lambda page: action.perform(context, page), inputs)
    whole = next(pages)
    records = records_of(action, whole)
    for page in pages:
        records.extend(records_of(action, page))
    compile_jsonpath(_paging(action).cursor).filter(lambda _cursor: True, whole)
    return whole


def _paging(action: Action[Any]) -> Pagination:
    if action.pagination is None:
        raise UsageError("does not list, so it has no pages.", action=action.key, hint="Use invoke.")
    return action.pagination
