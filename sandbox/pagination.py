"""Lists and their pages."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .errors import invalid
from .operations import RequestContext, View, plain
from .store import Row, dumps


def cursor(place: int, *, stable: bool = False) -> str:
    """The cursor of a place: `MA==` is the first page's."""
    return base64.b64encode(f"{'s' if stable and place else ''}{place}".encode()).decode()


def place_of(text: str | None, *, stable: bool = False) -> int:
    """The place that a cursor names; none names the first page.

    Raises:
        ApiError: 422; it is no cursor.
    """
    if text is None:
        return 0
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    form = r"0|s\d{1,15}" if stable else r"\d{1,15}"
    if not re.fullmatch(form, decoded, re.ASCII):
        raise invalid("pagination.cursor", "is no cursor of this list")
    return int(decoded.removeprefix("s"))


def rows_of_page(call: RequestContext, kind: str, scope: str = "") -> tuple[list[Row], dict[str, Any]]:
    """The records of the page asked for, and `pagination`."""
    count, given = call.query.pagination()
    stable = call.assumptions["cursors"] == "stable"
    place = place_of(given, stable=stable)
    newest = call.assumptions["list-order"] == "newest-first"
    after, skip = (place, 0) if stable else (0, place)
    rows = call.store.rows(kind, scope, after=after, skip=skip, count=count + 1, newest_first=newest)
    pagination: dict[str, Any] = {"current": cursor(place, stable=stable)}
    if len(rows) > count:
        rows.pop()
        pagination["next"] = cursor(rows[-1].seq if stable else place + count, stable=stable)
    if place:
        before = max(0, place - count)
        if stable:
            before = call.store.seq_before(kind, scope, place, count, newest_first=newest)
        pagination["previous"] = cursor(before, stable=stable)
    if len(pagination) > 1:
        call.assume("cursors")
    pagination["totalEntries"] = call.store.count(kind, scope)
    if pagination["totalEntries"] > 1:
        call.assume("list-order")
    return rows, pagination


def page(call: RequestContext, root: str, kind: str, *, scope: str = "", view: View = plain) -> str:
    """The `data` of an answer that lists records."""
    rows, pagination = rows_of_page(call, kind, scope)
    return listed(call, root, rows, pagination, view)


def listed(call: RequestContext, root: str, rows: list[Row], pagination: dict[str, Any], view: View = plain) -> str:
    """The JSON text of a page."""
    texts = ",".join([view(call, row) for row in rows])
    return f'{{"{root}":[{texts}],"pagination":{dumps(pagination)}}}'


def page_of(call: RequestContext, items: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The same of a list that is not kept but reckoned."""
    count, given = call.query.pagination()
    place = place_of(given)
    pagination: dict[str, Any] = {"current": cursor(place)}
    if place + count < len(items):
        pagination["next"] = cursor(place + count)
    if place:
        pagination["previous"] = cursor(max(0, place - count))
    return items[place : place + count], pagination | {"totalEntries": len(items)}
