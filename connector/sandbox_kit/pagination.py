"""Pages of lists, with cursors that count records or mark a record."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from connector.sandbox_kit.context import RequestContext
from connector.sandbox_kit.errors import invalid
from connector.sandbox_kit.resources import Row

Item = TypeVar("Item")


@dataclass(frozen=True)
class PageRequest:
    """The page that a request asks for.

    Attributes:
        count: The number of records.
        cursor: The cursor; None is the first page.
        field: The name of the cursor in error messages.
    """

    count: int
    cursor: str | None = None
    field: str = "cursor"


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page, with the cursors of its neighbors."""

    items: list[Item]
    current: str
    next: str | None
    previous: str | None
    total: int


def rows_of_page(context: RequestContext, kind: str, request: PageRequest, scope: str = "") -> Page[Row]:
    """Return a page of stored records.

    Raises:
        ApiError: 422, if the cursor is invalid.
    """
    store, count = context.store, request.count
    stable = context.assumptions["cursors"] == "stable"
    newest = context.assumptions["list-order"] == "newest-first"
    position = _position(request, stable=stable)
    after, skip = (position, 0) if stable else (0, position)
    # One record more than requested shows whether there is a next page.
    rows = store.rows(kind, scope, after=after, skip=skip, count=count + 1, newest_first=newest)
    following = previous = None
    if len(rows) > count:
        rows.pop()
        following = encode_cursor(rows[-1].seq if stable else position + count, stable=stable)
    if position:
        before = max(0, position - count)
        if stable:
            before = store.seq_before(kind, scope, position, count, newest_first=newest)
        previous = encode_cursor(before, stable=stable)
    if following or previous:
        context.assume("cursors")
    total = store.count(kind, scope)
    if total > 1:
        context.assume("list-order")
    return Page(rows, encode_cursor(position, stable=stable), following, previous, total)


def page_of(items: list[Any], request: PageRequest) -> Page[Any]:
    """Return a page of a list that is computed rather than stored.

    Raises:
        ApiError: 422, if the cursor is invalid.
    """
    position, count = _position(request, stable=False), request.count
    return Page(
        items[position : position + count],
        encode_cursor(position),
        encode_cursor(position + count) if position + count < len(items) else None,
        encode_cursor(max(0, position - count)) if position else None,
        len(items),
    )


def encode_cursor(position: int, *, stable: bool = False) -> str:
    """Return the cursor of a position: `MA==` is the first page's."""
    return base64.b64encode(f"{'s' if stable and position else ''}{position}".encode()).decode()


def _position(request: PageRequest, *, stable: bool) -> int:
    if request.cursor is None:
        return 0
    try:
        decoded = base64.b64decode(request.cursor, validate=True).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    form = r"0|s\d{1,15}" if stable else r"\d{1,15}"
    if not re.fullmatch(form, decoded, re.ASCII):
        raise invalid(request.field, "is not a valid cursor of this list")
    return int(decoded.removeprefix("s"))
