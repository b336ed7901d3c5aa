"""Reads the query strings of every client of the API: brackets, dots, JSON, repeated and numbered keys."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from connector.sandbox_kit.errors import ApiError

from .errors import problem

DEFAULT_COUNT = 200
MAX_COUNT = 1000

_NUMBERED = re.compile(r"(\w+)(?:\.(\d{1,9})|\[(\d{0,9})\])")
_NESTED = re.compile(r"pagination(?:\.(\w+)|\[(\w+)\])")


class Query:
    """The query of one request.

    Attributes:
        raw: Each key as sent, with its values.
    """

    def __init__(self, text: str) -> None:
        self.raw: dict[str, list[str]] = {}
        for key, value in parse_qsl(text, keep_blank_values=True):
            self.raw.setdefault(key, []).append(value)

    def text(self, name: str) -> str | None:
        """The last value of a key, or None."""
        values = self.raw.get(name)
        return values[-1] if values else None

    def texts(self, name: str) -> list[str]:
        """The values of a list: `name=`, `name.0=`, `name[0]=`, `name[]=` or a JSON list, in their order."""
        found: list[tuple[int, str]] = []
        for key, values in self.raw.items():
            match = _NUMBERED.fullmatch(key)
            if key == name:
                found += [(0, each) for value in values for each in _spread(value)]
            elif match and match[1] == name:
                found += [(int(match[2] or match[3] or 0), value) for value in values]
        return [value for _, value in sorted(found, key=lambda item: item[0])]

    def pagination(self) -> tuple[int, str | None]:
        """The page asked for: how many records, and the cursor.

        Raises:
            ApiError: 422; `count` is missing or no whole number from 1 to 1000, or the object is malformed.
        """
        given: dict[str, Any] = {}
        whole = self.text("pagination")
        if whole:
            given.update(_json_object(whole))
        for key, values in self.raw.items():
            if match := _NESTED.fullmatch(key):
                given[match[1] or match[2]] = values[-1]
        if not given and whole is None:
            return DEFAULT_COUNT, None
        return _checked(given)


def _spread(value: str) -> list[str]:
    if value.startswith("["):
        try:
            found = from_json(value)
        except ValueError:
            return [value]
        if isinstance(found, list) and all(isinstance(each, str) for each in found):
            return found
    return [value]


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = from_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(422, [problem("pagination", "must be an object")])
    return found


def _checked(given: dict[str, Any]) -> tuple[int, str | None]:
    errors = []
    count, cursor = given.get("count"), given.get("cursor")
    if count is None:
        errors.append(problem("pagination.count", "is required"))
    elif isinstance(count, bool) or not re.fullmatch(r"\d{1,9}", str(count), re.ASCII):
        errors.append(problem("pagination.count", "must be a whole number"))
    elif not 1 <= int(count) <= MAX_COUNT:
        errors.append(problem("pagination.count", f"must be from 1 to {MAX_COUNT}"))
    if cursor is not None and not isinstance(cursor, str):
        errors.append(problem("pagination.cursor", "must be a string"))
    if errors:
        raise ApiError(422, errors)
    return int(str(count)), cursor or None
