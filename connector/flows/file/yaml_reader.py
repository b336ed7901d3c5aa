"""Take values of a known type out of a YAML document, and note every value of another type."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from connector.common.text import did_you_mean
from connector.common.yaml_source import Document, Place
from connector.errors import Problem
from connector.flows.values.javascript import json_type


class Reader:
    """Reads parts of a document; `problems` collects the values of a wrong type."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def problem(self, place: Place, message: str, hint: str = "") -> None:
        """Note a problem of a part."""
        path = ".".join(map(str, place))
        location = self.document.location(place)
        self.problems.append(Problem(location, f"{path}: {message}" if path else message, hint=hint))

    def mapping(self, value: Any, place: Place, required: Collection[str] = ()) -> Mapping[str, Any]:
        """Return an object, which must not be empty if it has required fields; else an empty object."""
        if isinstance(value, Mapping) and (value or not required):
            return value
        hint = f"Add the fields {', '.join(required)}." if required else ""
        self.problem(place, "is empty" if value == {} else f"must be an object, not {json_type(value)}", hint)
        return {}

    def listing(self, holder: Mapping[str, Any], key: str, place: Place, *, required: bool = False) -> list[Any]:
        """Return a list; an empty list if the value is absent or has another type."""
        value = holder.get(key)
        if required and holder and value is None:
            self._missing(holder, key, place)
        if value is None or isinstance(value, list):
            return value or []
        self.problem((*place, key), f"must be a list, not {json_type(value)}", "Start each entry with a dash.")
        return []

    def text(self, holder: Mapping[str, Any], key: str, place: Place, *, required: bool = True) -> str:
        """Return a string; an empty string if the value is absent or has another type."""
        value = holder.get(key)
        if isinstance(value, str) and (value or not required):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if required and value in (None, ""):
            self._missing(holder, key, place)
        elif value is not None:
            hint = "Put the value in quotes." if isinstance(value, bool) else ""
            self.problem((*place, key), f"must be a string, not {json_type(value)}", hint)
        return ""

    def _missing(self, holder: Mapping[str, Any], key: str, place: Place) -> None:
        """Note a missing field; one with a similar name may be meant."""
        others = [other for other in holder if isinstance(other, str) and other != key]
        similar = get_close_matches(key, others, n=1, cutoff=0.75)
        hint = f"Rename `{similar[0]}` to `{key}`." if similar else f"Add `{key}: ...`."
        self.problem((*place, *similar), f'missing field "{key}"', hint)

    def flag(self, holder: Mapping[str, Any], key: str, place: Place) -> bool:
        """Return a boolean; False if it is absent."""
        value = holder.get(key)
        if value in (True, "true"):
            return True
        if value not in (None, False, "", "false"):
            self.problem((*place, key), f"must be a boolean, not {json_type(value)}", "Write `true` or `false`.")
        return False

    def number(self, holder: Mapping[str, Any], key: str, place: Place, low: float, high: float) -> float:
        """Return a number within limits; `low` if it is absent."""
        value = holder.get(key)
        if value in (None, ""):
            return low
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if isinstance(value, bool) or not low <= number <= high:
            self.problem((*place, key), f"must be a number from {low:g} to {high:g}, {received(value)}")
            return low
        return number

    def choice(self, holder: Mapping[str, Any], key: str, place: Place, choices: Collection[str]) -> str | None:
        """Return one of some strings, or None if the value is absent."""
        value = holder.get(key)
        if value in (None, ""):
            return None
        if isinstance(value, str) and value in choices:
            return value
        hint = did_you_mean(str(value), choices)
        self.problem((*place, key), f"must be one of {', '.join(choices)}, {received(value)}", hint)
        return None


def received(value: Any) -> str:
    """Return the end of a message about a value: `got "x"` for a short scalar, else the type."""
    if isinstance(value, dict | list) or value is None:
        return f"got {json_type(value)}"
    return f'got "{str(value)[:60]}"'
