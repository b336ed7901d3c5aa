"""Taking values of a known shape out of a YAML document, noting every one that has another shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.common.yaml_source import Document, Place
from connector.errors import Problem


class Reader:
    """Reads parts of a document; `problems` collects what does not fit."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def problem(self, place: Place, message: str, hint: str) -> None:
        """Note that something does not fit."""
        path = dotted(place)
        self.problems.append(Problem(self.document.location(place), f"{path} {message}", hint=hint))

    def mapping(self, value: Any, place: Place, noun: str, *, filled: bool = True) -> Mapping[str, Any]:
        """An object, which must hold something if it is to be `filled`; an empty one in place of anything else."""
        if isinstance(value, Mapping) and (value or not filled):
            return value
        self.problem(place, f"must be {noun}, not {kind_of(value)}.", "Write it as indented `key: value` lines.")
        return {}

    def listing(self, holder: Mapping[str, Any], key: str, place: Place) -> list[Any]:
        """A list that may be absent; an empty one in place of anything else."""
        value = holder.get(key)
        if value is None or isinstance(value, list):
            return value or []
        self.problem((*place, key), f"must be a list, not {kind_of(value)}.", "Begin each entry with a dash.")
        return []

    def text(self, holder: Mapping[str, Any], key: str, place: Place, *, required: bool = True) -> str:
        """A text; an empty one in place of anything else."""
        value = holder.get(key)
        if isinstance(value, str) and (value or not required):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if required:
            message = "is missing." if value in (None, "") else f"must be a text, not {kind_of(value)}."
            self.problem((*place, key), message, f"Give it a text: `{key}: ...`.")
        elif value is not None:
            self.problem((*place, key), f"must be a text, not {kind_of(value)}.", "Put it in quotes.")
        return ""

    def flag(self, holder: Mapping[str, Any], key: str, place: Place) -> bool:
        """True or false; false when absent."""
        value = holder.get(key)
        if value in (True, "true"):
            return True
        if value not in (None, False, "", "false"):
            self.problem((*place, key), f"must be true or false, not {kind_of(value)}.", "Write `true` or `false`.")
        return False

    def number(self, holder: Mapping[str, Any], key: str, place: Place, low: float, high: float) -> float:
        """A number within limits; `low` when absent."""
        value = holder.get(key)
        if value in (None, ""):
            return low
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if isinstance(value, bool) or not low <= number <= high:
            self.problem((*place, key), f"must be a number from {low:g} to {high:g}.", "Change the number.")
            return low
        return number

    def choice(self, holder: Mapping[str, Any], key: str, place: Place, choices: Collection[str]) -> str | None:
        """One of some texts, or None when absent."""
        value = holder.get(key)
        if value in (None, ""):
            return None
        if isinstance(value, str) and value in choices:
            return value
        near = did_you_mean(str(value), choices) or f"Use one of {', '.join(choices)}."
        self.problem((*place, key), f'is "{value}", which is none of {", ".join(choices)}.', near)
        return None


def dotted(place: Place) -> str:
    """`flows.0.steps.2.name`, or a word for the whole file."""
    return ".".join(map(str, place)) or "the file"


def kind_of(value: Any) -> str:
    """What a value is, in the words of YAML."""
    if value == {}:
        return "an empty object"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")
