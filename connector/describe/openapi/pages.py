"""Pagination, where the names of parameters and fields leave no doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from connector.component.described_inputs import input_key
from connector.describe.openapi.schemas import Schema, Schemas
from connector.describe.openapi.translated_operations import Translated

_SIZES = ("perpage", "pagesize", "limit", "maxresults", "count", "size", "take", "numresults")
_PAGES = ("page", "pagenumber", "pageno")
_OFFSETS = ("offset", "skip", "startat")
_CURSORS = ("cursor", "pagetoken", "nexttoken", "marker", "startcursor", "continuationtoken", "continue")
_NEXT = (
    "nextcursor", "nextpagetoken", "nexttoken", "nextmarker", "endcursor", "continuationtoken", "continue", "cursor",
)  # fmt: skip
_TOTALS = ("total", "totalcount", "totalresults", "totalitems", "totalsize")

Query = Mapping[str, tuple[Mapping[str, Any], Schema]]
"""Parameters of the query and what they accept, by name in lower-case letters."""


@dataclass(frozen=True, slots=True)
class GuessedPages:
    """How to iterate over a list, as a guess.

    Attributes:
        style: The style.
        records: JSONPath of the records.
        cursor: JSONPath of the next cursor.
        total: JSONPath of the number of all records.
        cursor_input: Key of the input that names the page.
        size_input: Key of the input with the number of records per page.
        size: Records per page.
        first_page: Number of the first page.
    """

    style: Literal["cursor", "offset", "page", "link"]
    size_input: str
    size: int
    cursor_input: str = ""
    records: str = ""
    cursor: str = ""
    total: str = ""
    first_page: int = 1


def guess_pages(operation: Translated, schemas: Schemas) -> GuessedPages | None:
    """Return how to iterate over the pages of a list; None for another operation, or if its names leave a doubt."""
    response = next(iter(operation.facts["responses"].values()))
    schema: Schema = next(iter(response.get("content", {}).values()), {"schema": {}})["schema"]
    query = {
        _flat(parameter["name"]): (parameter, schemas.shape(parameter["schema"]))
        for parameter in operation.facts["parameters"]
        if parameter["in"] == "query"
    }
    records = _records(schema, schemas)
    size = next((name for name in _SIZES if name in query and _is_integer(query[name])), None)
    if operation.source.method != "get" or records is None or size is None:
        return None
    total = _path(schemas.shape(schema), _TOTALS, "integer", schemas)
    facts = _ListFacts(input_key(query[size][0]["name"]), _size(operation, query[size]), records, total)
    if any(name in query for name in _CURSORS) or ("offset" in query and not _is_integer(query["offset"])):
        return _by_cursor(facts, query, schemas.shape(schema), schemas)
    counted = _by_count(facts, query, operation)
    if counted is None and operation.has_link and records == "$.data":
        return GuessedPages("link", facts.size_input, facts.size)
    return counted


class _ListFacts(NamedTuple):
    size_input: str
    size: int
    records: str
    total: str


def _by_cursor(facts: _ListFacts, query: Query, body: Schema, schemas: Schemas) -> GuessedPages | None:
    for name in (*_CURSORS, "offset"):
        # A service whose offset is a string takes it from the page before, as it does with a cursor.
        following = _path(body, ("offset",) if name == "offset" else _NEXT, "string", schemas)
        if name in query and following:
            key = input_key(query[name][0]["name"])
            return GuessedPages("cursor", facts.size_input, facts.size, key, facts.records, following, facts.total)
    return None


def _by_count(facts: _ListFacts, query: Query, operation: Translated) -> GuessedPages | None:
    styles: tuple[tuple[Literal["offset", "page"], tuple[str, ...]], ...] = (("offset", _OFFSETS), ("page", _PAGES))
    for style, names in styles:
        for name in names:
            first = _first_page(operation, query[name]) if name in query and _is_integer(query[name]) else None
            if name in query and _is_integer(query[name]) and (style == "offset" or first is not None):
                key = input_key(query[name][0]["name"])
                number = first if style == "page" and first is not None else 1
                return GuessedPages(style, facts.size_input, facts.size, key, facts.records, "", facts.total, number)
    return None


def _is_integer(parameter: tuple[Mapping[str, Any], Schema]) -> bool:
    return parameter[1].get("type") == "integer"


def _records(schema: Schema, schemas: Schemas) -> str | None:
    """Return where the records are: the body itself, or its only list."""
    body = schemas.shape(schema)
    if body.get("type") == "array":
        return "$.data"
    fields = {name: schemas.shape(part) for name, part in body.get("properties", {}).items()}
    lists = [name for name, part in fields.items() if part.get("type") == "array"]
    return f"$.data.{lists[0]}" if len(lists) == 1 and lists[0].isidentifier() else None


def _path(body: Schema, names: tuple[str, ...], kind: str, schemas: Schemas) -> str:
    """Return the JSONPath of a field of the body, or of an object in it, that has one of these names and a type."""
    paths: list[str] = []
    for name, part in body.get("properties", {}).items():
        shape = schemas.shape(part)
        if _flat(name) in names and shape.get("type") == kind and name.isidentifier():
            paths.append(f"$.data.{name}")
        for inner, inner_part in shape.get("properties", {}).items() if name.isidentifier() else ():
            inner_shape = schemas.shape(inner_part)
            if _flat(inner) in names and inner_shape.get("type") == kind and inner.isidentifier():
                paths.append(f"$.data.{name}.{inner}")
    return paths[0] if len(paths) == 1 else ""


def _size(operation: Translated, size: tuple[Mapping[str, Any], Schema]) -> int:
    """Return the largest page that the document states, else its default, else a small one."""
    stated = size[1].get("maximum", operation.defaults.get(size[0]["name"]))
    return max(1, min(200, stated)) if isinstance(stated, int) and not isinstance(stated, bool) else 20


def _first_page(operation: Translated, page: tuple[Mapping[str, Any], Schema]) -> int | None:
    stated = (page[1].get("minimum"), operation.defaults.get(page[0]["name"]))
    return next((int(value) for value in stated if value in (0, 1)), None)


def _flat(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
