"""Iterating over the pages of a list action."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import cache, partial
from queue import SimpleQueue
from threading import Thread
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
    records = first_value(path, payload, MISSING)
    if isinstance(records, list):
        return records
    if records is None:  # how services written in Go send an empty list
        return []
    hint = "Inspect the response with invoke(), and check the base URL."
    raise InvalidResponseError(f"response has no list at {path}", action=action.key, hint=hint)


def iter_pages(
    action: Action[Any],
    perform: Callable[[Inputs], Payload],
    inputs: Inputs,
    *,
    on_page: Callable[[int], None] | None = None,
    ahead: int = 0,
) -> Iterator[Payload]:
    """Iterate over the payloads of the pages, from the page that the inputs name.

    Args:
        action: The list action.
        perform: Runs it with the inputs of one page.
        inputs: Inputs of the first page.
        on_page: Called with the number of records so far, before each page is yielded.
        ahead: 1 reads the next page in another thread while the caller works on this one, 0 reads when asked.

    Raises:
        PaginationError: If a cursor is invalid or comes twice, or if too many pages in a row are empty: the list would
            never end.
        UsageError: If the action is not a list action.
    """
    sequence = _PageSequence(action, _pagination(action))
    read: Callable[..., Callable[[], Payload]] = _reading if ahead else partial
    following: Callable[[], Payload] | None = partial(perform, sequence.first(inputs))
    records = 0
    while following is not None:
        payload = following()
        if on_page:
            records += len(records_of(action, payload))
            on_page(records)
        try:
            page = sequence.after(payload)
            following = None if page is None else read(perform, page)
        except (PaginationError, InvalidResponseError) as error:
            following = partial(_raise, error)  # the caller gets the page before the error
        yield payload
        del payload  # the next page is read without this one in memory


class _PageSequence:
    """The inputs of the pages of a list, one page after the other."""

    def __init__(self, action: Action[Any], pagination: Pagination) -> None:
        self._action = action
        self._pagination = pagination
        self._cursors: set[Any] = set()
        self._empty = 0
        self._count = 0
        self._last: list[Any] = []

    def first(self, inputs: Inputs) -> Inputs:
        """Return the inputs of the first page."""
        pagination = self._pagination
        if getattr(inputs, pagination.size_input) is MISSING:
            inputs = inputs.model_copy(update={pagination.size_input: pagination.size})
        self._inputs = inputs.model_copy(update={pagination.all_input: MISSING})
        self._start = getattr(inputs, pagination.cursor_input)
        self._cursors.add(self._start)
        return self._inputs

    def after(self, payload: Payload) -> Inputs | None:
        """Return the inputs of the page after a payload, or None after the last."""
        is_named = self._pagination.style in {"cursor", "link"}
        cursor = self._named(payload) if is_named else self._counted(payload)
        if cursor is None:
            return None
        self._inputs = self._inputs.model_copy(update={self._pagination.cursor_input: cursor})
        return self._inputs

    def _named(self, payload: Payload) -> str | None:
        """Return the cursor or link of the next page, as the payload names it."""
        key, pagination = self._action.key, self._pagination
        cursor = first_value(pagination.cursor, payload)
        if not cursor:
            self._check_parent(payload)
            return None
        if not isinstance(cursor, str | int):
            raise PaginationError("the API returned an invalid cursor", action=key)
        if cursor in self._cursors:
            raise PaginationError("the API returned the same cursor twice", action=key)
        self._empty = 0 if records_of(self._action, payload) else self._empty + 1
        if self._empty >= pagination.max_empty_pages:
            raise PaginationError(f"the API returned {self._empty} empty pages in a row", action=key)
        self._cursors.add(cursor)
        return str(cursor)

    def _check_parent(self, payload: Payload) -> None:
        """A list ends where the cursor is missing from its place. Where the place is missing too, it may go on."""
        place = parent(self._pagination.cursor)
        if place and first_value(place, payload) is None:
            hint = "Inspect the response with invoke(), and check the base URL."
            raise InvalidResponseError(f"response has nothing at {place}", action=self._action.key, hint=hint)

    def _counted(self, payload: Payload) -> int | None:
        """Return the offset or number of the next page."""
        pagination, records = self._pagination, records_of(self._action, payload)
        total = total_of(self._action, payload)
        size = getattr(self._inputs, pagination.size_input)
        offset = int(self._start) if pagination.style == "offset" and self._start is not MISSING else 0
        self._count += len(records)
        if not records or (pagination.ends_at_short_page and len(records) < size):
            return None
        if total is not None and offset + self._count >= total:
            return None
        if records == self._last:
            raise PaginationError("the API returned the same page twice", action=self._action.key)
        self._last = records
        if pagination.style == "offset":
            return offset + self._count
        number = getattr(self._inputs, pagination.cursor_input)
        return (pagination.first_page if number is MISSING else int(number)) + 1


def first_value(path: str, payload: Any, default: Any = None) -> Any:
    """Return the first value at a JSONPath, or the default if there is none."""
    names = _names(path)
    if names is None:
        matches = compile_jsonpath(path).find(payload)
        return matches[0].value if matches else default
    for name in names:
        if not isinstance(payload, dict) or name not in payload:
            return default
        payload = payload[name]
    return payload


@cache
def _names(path: str) -> tuple[str, ...] | None:
    """Return the names of a path such as `$.data.next`; None for any other JSONPath.

    Most paths are such chains, and importing jsonpath-ng takes longer than everything else in a short program.
    """
    root, *names = path.split(".")
    return tuple(names) if root == "$" and all(name.isidentifier() for name in names) else None


def parent(path: str) -> str:
    """Return the JSONPath of what contains the value of another one that ends with a name; else an empty string."""
    place, _, name = path.rpartition(".")
    return place if name.isidentifier() and place != "$" else ""


def _reading(function: Callable[..., Payload], *arguments: Any) -> Callable[[], Payload]:
    """Call a function in another thread, and return what waits for its result.

    The thread is a daemon, so that a program can exit without waiting for a page that it no longer needs.
    """
    results: SimpleQueue[Payload | BaseException] = SimpleQueue()
    context = copy_context()  # hooks and tracing find the variables of the caller

    def read() -> None:
        try:
            results.put(context.run(function, *arguments))
        except BaseException as error:
            results.put(error)

    def result() -> Payload:
        outcome = results.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    Thread(target=read, name="connector-ahead", daemon=True).start()
    return result


def _raise(error: Exception) -> Payload:
    raise error


def has_next_page(action: Action[Any], payload: Payload) -> bool:
    """Return True if a payload of a list action is one page of several, and not the last as far as it says."""
    pagination = action.pagination
    if pagination is None:
        return False
    if pagination.cursor:
        return bool(first_value(pagination.cursor, payload))
    total, records = total_of(action, payload), first_value(pagination.records, payload)
    count = len(records) if isinstance(records, list) else 0
    return count >= pagination.size if total is None else count < total


def total_of(action: Action[Any], payload: Payload) -> int | None:
    """Return the number of all records of a list, if a payload says it."""
    path = action.pagination.total if action.pagination else ""
    total = first_value(path, payload) if path else None
    return total if isinstance(total, int) else None


def fetch_all(action: Action[Any], context: Context, inputs: Inputs) -> Payload:
    """Return one payload with the records of every page: the first response, its list extended, its cursor removed."""
    pages = iter_pages(action, lambda page: action.perform(context, page), inputs, on_page=context.on_page)
    whole = next(pages)
    records = records_of(action, whole)
    for page in pages:
        records.extend(records_of(action, page))
    pagination = _pagination(action)
    if records:
        compile_jsonpath(pagination.records).update(whole, records)  # the first list may have been null
    if pagination.cursor:
        compile_jsonpath(pagination.cursor).filter(lambda _cursor: True, whole)
    return whole


def _pagination(action: Action[Any]) -> Pagination:
    if action.pagination is None:
        raise UsageError("is not a list action", action=action.key, hint="Use invoke().")
    return action.pagination
