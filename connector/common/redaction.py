"""Redaction of secrets in strings and values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|credential|authorization|private.?key|api.?key|write.?key|access.?key",
    re.IGNORECASE,
)
_MIN_LENGTH = 4
_MAX_DEPTH = 100


class Redactor:
    """Masks values by where they came from, by the name they stand under, and by their text.

    Args:
        secrets: Texts that are masked wherever they stand.
        keys: Names whose values are masked, beside those that sound like secrets.
    """

    def __init__(self, secrets: Collection[str] = (), keys: Collection[str] = ()) -> None:
        self._secrets = {secret for secret in secrets if len(secret) >= _MIN_LENGTH}
        self._keys = set(keys)

    def learn(self, value: Any) -> None:
        """Mask the texts of a secret value from now on, wherever they stand."""
        match value:
            case str() if len(value) >= 2 * _MIN_LENGTH:
                self._secrets.add(value)
            case Mapping():
                for part in value.values():
                    self.learn(part)
            case list() | tuple():
                for part in value:
                    self.learn(part)

    def value(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """A copy without secrets; what is nested very deeply is left out."""
        if depth > _MAX_DEPTH:
            return "..."
        match value:
            case Mapping() if "key" in value and "value" in value and len(value) == 2:
                return {"key": value["key"], "value": self.value(value["value"], f"{name} {value['key']}", depth + 1)}
            case Mapping():
                return {str(key): self._member(part, str(key), depth + 1) for key, part in value.items()}
            case list() | tuple():
                return [self.value(part, name, depth + 1) for part in value]
            case str():
                return STARS if value and _SECRET_NAME.search(name) else self.text(value)
        return value

    def text(self, text: str) -> str:
        """A text without secrets."""
        return hide(text, self._secrets)

    def _member(self, value: Any, name: str, depth: int) -> Any:
        if name in self._keys and value not in (None, "", [], {}):
            return self.masked(value)
        return self.value(value, name, depth)

    def masked(self, value: Any) -> Any:
        """The shape of a value that is secret as a whole: its keys, and stars."""
        match value:
            case Mapping() if "key" in value and "value" in value and len(value) == 2:
                return {"key": value["key"], "value": STARS}
            case Mapping():
                return {str(key): self.masked(part) for key, part in value.items()}
            case list() | tuple():
                return [self.masked(part) for part in value]
            case None | bool() | "":
                return value
        return STARS


STARS = "***"


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text with stars for each secret in it: the longest first, since one may be a part of another."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, STARS)
    return text
