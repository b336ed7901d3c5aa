"""Steps of the component text-manipulation."""

from __future__ import annotations

from typing import Any

from connector.errors import UsageError
from connector.flows.steps.built_in import BuiltIn, Inputs, pure
from connector.flows.steps.step_values import list_in, number_in, text_in
from connector.flows.values.javascript import as_text

MAX_CHARACTERS = 64 * 2**20
"""Longest text that a step makes."""


def _split(inputs: Inputs) -> list[str]:
    text, separator = text_in(inputs, "text"), text_in(inputs, "separator")
    return text.split(separator) if separator else list(text)


def _join(inputs: Inputs) -> str:
    return text_in(inputs, "separator").join(map(as_text, list_in(inputs, "strings")))


def _join_lines(inputs: Inputs) -> str:
    count = number_in(inputs, "numberOfNewlines", 1)
    newline = text_in(inputs, "newlineType") or "\n"
    strings = [as_text(part) for part in list_in(inputs, "strings")]
    _check_length(len(newline) * max(count, 0) * len(strings))
    return (newline * int(count)).join(strings)


def _replace(inputs: Inputs) -> str:
    text, old, new = (text_in(inputs, key) for key in ("text", "find", "replace"))
    if not old:
        return text
    _check_length(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _slice(inputs: Inputs) -> str:
    text, start = text_in(inputs, "text"), number_in(inputs, "sliceStart", 0)
    stop = number_in(inputs, "sliceStop", len(text))
    return text[int(start) : int(stop)]


def _check_length(length: float) -> None:
    if length > MAX_CHARACTERS:
        raise UsageError(f"the text would have more than {MAX_CHARACTERS} characters")


def _converted(method: str) -> Any:
    return lambda inputs: getattr(text_in(inputs, "text"), method)()


STEPS: dict[str, BuiltIn] = {
    "text-manipulation.split": pure(_split, "splits a string into a list", "text", "separator"),
    "text-manipulation.join": pure(_join, "joins a list of strings", "strings", "separator"),
    "text-manipulation.joinLines": pure(_join_lines, "joins lines", "strings", "newlineType numberOfNewlines"),
    "text-manipulation.replace": pure(_replace, "replaces every occurrence of a string", "text find", "replace"),
    "text-manipulation.slice": pure(_slice, "returns a part of a string", "text", "sliceStart sliceStop"),
    "text-manipulation.upperCase": pure(_converted("upper"), "converts a string to upper case", "text"),
    "text-manipulation.lowerCase": pure(_converted("lower"), "converts a string to lower case", "text"),
}
