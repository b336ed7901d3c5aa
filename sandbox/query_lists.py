"""Lists in queries."""

from __future__ import annotations

from connector.sandbox_kit import RequestContext, invalid

from . import api

api.assumption(
    "bracketed-lists",
    "A list in a query with empty brackets, such as `groupBy[]=source`, is read, left out, or rejected",
    ("read", "ignore", "422"),
    "published programs send it; documented are `groupBy.0` and commas",
)


def strings(context: RequestContext, name: str, *, delimiter: str | None = None) -> list[str]:
    """Return the values of a list in the query; see `Query.strings`.

    Raises:
        ApiError: 422, if the key has empty brackets and `bracketed-lists` is 422.
    """
    bracketed = f"{name}[]"
    if bracketed not in context.query.raw:
        return context.query.strings(name, delimiter=delimiter)
    choice = context.assume("bracketed-lists")
    if choice == "422":
        raise invalid(bracketed, "is not allowed")
    return context.query.strings(name, delimiter=delimiter) if choice == "read" else []
