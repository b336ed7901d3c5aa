"""Queries as every kind of client writes them: repeated, numbered and bracketed keys, and JSON."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote_plus

from pydantic_core import from_json

from connector.sandbox_kit.errors import invalid

_NUMBERED = re.compile(r"(\w+)(?:\.(\d{1,9})|\[(\d{0,9})\])")


class Query:
    """The query of one request.

    Attributes:
        raw: Each key as sent, with its values.
    """

    def __init__(self, text: str) -> None:
        self.raw: dict[str, list[str]] = {}
        for key, value in parse_qsl(text, keep_blank_values=True):
            self.raw.setdefault(key, []).append(value)

    def string(self, name: str) -> str | None:
        """Return the last value of a key, or None."""
        values = self.raw.get(name)
        return values[-1] if values else None

    def integer(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return the last value of a key as an integer.

        Raises:
            ApiError: 422, if it is not one, or out of bounds.
        """
        text = self.string(name)
        if text is None:
            return default
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least or int(text) > (most or int(text)):
            bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise invalid(name, f"must be an integer {bounds}")
        return int(text)

    def strings(self, name: str, *, delimiter: str | None = None) -> list[str]:
        """Return the values of a list, in order.

        Args:
            name: The key. `name=`, `name.0=`, `name[0]=`, `name[]=` and a JSON list are read.
            delimiter: What separates several values in one `name=`.
        """
        numbered: list[tuple[int, str]] = []
        for key, values in self.raw.items():
            match = _NUMBERED.fullmatch(key)
            if key == name:
                numbered += [(0, each) for value in values for each in _spread(value, delimiter)]
            elif match and match[1] == name:
                numbered += [(int(match[2] or match[3] or 0), value) for value in values]
        return [value for _, value in sorted(numbered, key=lambda pair: pair[0])]

    def objects(self, name: str) -> list[dict[str, str]]:
        """Return the objects of a list: `name.0[key]=`, `name[0][key]=`, `name.0.key=` or JSON, in order."""
        whole = self.string(name)
        if whole is not None:
            return _parse_objects(whole)
        form = re.compile(rf"{re.escape(name)}(?:\.(\d{{1,9}})|\[(\d{{1,9}})\])(?:\.(\w+)|\[(\w+)\])")
        numbered: dict[int, dict[str, str]] = {}
        for key, values in self.raw.items():
            if match := form.fullmatch(key):
                numbered.setdefault(int(match[1] or match[2]), {})[match[3] or match[4]] = values[-1]
        return [numbered[number] for number in sorted(numbered)]


def without_parameter(query: str, name: str) -> str:
    """Return a query, as sent, without one parameter."""
    return "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) != name)


def _parse_objects(text: str) -> list[dict[str, str]]:
    try:
        value = from_json(text)
    except ValueError:
        return []
    objects = value if isinstance(value, list) else [value]
    return [{key: str(each) for key, each in item.items()} for item in objects if isinstance(item, dict)]


def _spread(value: str, delimiter: str | None) -> list[str]:
    if value.startswith("["):
        try:
            values = from_json(value)
        except ValueError:
            return [value]
        if isinstance(values, list) and all(isinstance(each, str) for each in values):
            return values
    return [part.strip() for part in value.split(delimiter)] if delimiter else [value]
