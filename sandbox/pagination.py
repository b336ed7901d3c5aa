"""Segment's pagination: the query parameter, and the object in responses."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

from connector.sandbox_kit import (
    ApiError,
    Page,
    PageRequest,
    RequestContext,
    Row,
    View,
    dumps,
    problem,
    rows_of_page,
)

from . import api

api.assumption(
    "last-page",
    "The last page of a list has no `next`, or a `next` that is null",
    ("absent", "null"),
    "published programs accept either; one needs it absent, two need null",
)

api.assumption("null-cursor", "The string `null` as a cursor", ("422", "first-page"), "a published program sends it")
api.assumption("missing-pagination", "A list that is requested without `pagination`", ("first-page", "422"))

DEFAULT_COUNT = 200
MAX_COUNT = 1000
CURSOR = "pagination.cursor"

_NESTED = re.compile(r"pagination(?:\.(\w+)|\[(\w+)\])")


def page_request(context: RequestContext, *, most: int = MAX_COUNT) -> PageRequest:
    """Return the page that a request asks for.

    Raises:
        ApiError: 422, if `count` is missing or not an integer from 1 to 1000, or `pagination` is malformed.
    """
    values: dict[str, Any] = {}
    whole = context.query.string("pagination")
    if whole:
        values.update(_json_object(whole))
    for key, texts in context.query.raw.items():
        if match := _NESTED.fullmatch(key):
            values[match[1] or match[2]] = texts[-1]
    if values.get("cursor") == "null" and context.assume("null-cursor") == "first-page":
        del values["cursor"]
    if not values and whole is None:
        if context.assume("missing-pagination") == "422":
            raise ApiError(422, [problem("pagination", "is required")])
        return PageRequest(DEFAULT_COUNT, None, CURSOR)
    return _validated(values, most)


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = from_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ApiError(422, [problem("pagination", "must be an object")])
    return value


def _validated(values: dict[str, Any], most: int) -> PageRequest:
    errors = []
    count, cursor = values.get("count"), values.get("cursor")
    if count is None:
        errors.append(problem("pagination.count", "is required"))
    elif isinstance(count, bool) or not re.fullmatch(r"\d{1,9}", str(count), re.ASCII):
        errors.append(problem("pagination.count", "must be an integer"))
    elif not 1 <= int(count) <= most:
        errors.append(problem("pagination.count", f"must be 1 to {most}"))
    if cursor is not None and not isinstance(cursor, str):
        errors.append(problem(CURSOR, "must be a string"))
    if errors:
        raise ApiError(422, errors)
    return PageRequest(int(str(count)), cursor or None, CURSOR)


def page(
    context: RequestContext, root: str, kind: str, *, scope: str = "", view: View | None = None, most: int = MAX_COUNT
) -> str:
    """Return the data of a response that lists records."""
    rows = rows_of_page(context, kind, page_request(context, most=most), scope)
    return listed(context, root, rows, view or context.api.resources[kind].view)


def listed(context: RequestContext, root: str, rows: Page[Row], view: View) -> str:
    """Return the data of a response with a page of records."""
    records = ",".join([view(context, row) for row in rows.items])
    return f'{{"{root}":[{records}],"pagination":{dumps(pagination_of(context, rows))}}}'


def pagination_of(context: RequestContext, page: Page[Any]) -> dict[str, Any]:
    """Return the object `pagination` of a response."""
    pagination: dict[str, Any] = {"current": page.current}
    if page.next:
        pagination["next"] = page.next
    elif context.assume("last-page") == "null":
        pagination["next"] = None
    if page.previous:
        pagination["previous"] = page.previous
    return pagination | {"totalEntries": page.total}
