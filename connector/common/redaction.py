"""Redaction of secrets in strings and values."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

REDACTED = "***"

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|credential|authorization|private.?key|api.?key|write.?key|access.?key",
    re.IGNORECASE,
)
_MIN_LENGTH = 4
"""Shorter strings of an input are never searched for, since that would shred every text."""

_MIN_LENGTH_OF_UNNAMED = 8
"""The same for strings whose name does not sound like a secret: they may be ordinary words."""

_MIN_LENGTH_OF_BASE64 = 6
"""Shorter strings leave too few characters of base64 that depend on them alone."""

_MAX_DEPTH = 100


class Redactor:
    """Replaces secrets by `***`: in strings, in JSON values, and by the names of values.

    A secret is replaced in every form in which a service may echo it: plain, URL-encoded, JSON-escaped,
    HTML-escaped, and in base64, there also as a part of a longer string.

    Args:
        secrets: Strings that are secret wherever they occur.
        names: Keys whose values `record` redacts as a whole, beside those that sound like secrets.
    """

    def __init__(self, secrets: Iterable[str] = (), names: Collection[str] = ()) -> None:
        self._secrets = {secret for secret in secrets if secret}
        self._leaves: set[Any] = set()
        self._names = frozenset(names)
        self._forms: frozenset[str] | None = None

    def extended(self) -> Redactor:
        """Return a copy that can learn more without changing this one."""
        copy = Redactor(self._secrets, self._names)
        copy._leaves = set(self._leaves)
        return copy

    def learn(self, value: Any, name: str = "") -> None:
        """Redact the strings of a secret value from now on, wherever they occur."""
        for leaf_name, leaf in _named_leaves(value, name):
            shortest = _MIN_LENGTH if _SECRET_NAME.search(leaf_name) else _MIN_LENGTH_OF_UNNAMED
            if isinstance(leaf, str) and len(leaf) >= shortest:
                self._add(leaf)

    def learn_leaves(self, value: Any) -> None:
        """Redact from now on whatever equals a leaf of a secret value, numbers included, and its strings anywhere."""
        for _, leaf in _named_leaves(value, ""):
            self._leaves.add(leaf)
            if isinstance(leaf, str) and len(leaf) >= _MIN_LENGTH:
                self._add(leaf)

    def text(self, text: str) -> str:
        """Return the string with every secret in it replaced."""
        if self._forms is None:
            self._forms = frozenset(form for secret in self._secrets for form in _forms(secret))
        spans = [span for form in self._forms if form in text for span in _spans(form, text)]
        return _replace(text, spans) if spans else text

    def value(self, value: Any) -> Any:
        """Return a copy of a JSON value with every secret in its keys and strings replaced."""
        match value:
            case dict():
                return {self.value(key): self.value(part) for key, part in value.items()}
            case list():
                return [self.value(part) for part in value]
            case bool() | None:
                return value
            case _ if self._leaves and value in self._leaves:
                return REDACTED
            case str():
                return self.text(value)
        return value

    def record(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """Return a copy for a file: also without what is stored under the name of a secret, and cut when very deep."""
        if depth > _MAX_DEPTH:
            return "..."
        match value:
            case Mapping() if _is_pair(value):
                pair_name = f"{name} {value['key']}"
                return {"key": value["key"], "value": self.record(value["value"], pair_name, depth + 1)}
            case Mapping():
                return {str(key): self._member(part, str(key), depth + 1) for key, part in value.items()}
            case list() | tuple():
                return [self.record(part, name, depth + 1) for part in value]
            case str():
                return REDACTED if value and _SECRET_NAME.search(name) else self.text(value)
        return value

    def _member(self, value: Any, name: str, depth: int) -> Any:
        if name in self._names and value not in (None, "", [], {}):
            return masked(value)
        return self.record(value, name, depth)

    def _add(self, secret: str) -> None:
        self._secrets.add(secret)
        self._forms = None


def masked(value: Any) -> Any:
    """Return the shape of a value that is secret as a whole: its keys, with `***` for each leaf."""
    match value:
        case Mapping() if _is_pair(value):
            return {"key": value["key"], "value": REDACTED}
        case Mapping():
            return {str(key): masked(part) for key, part in value.items()}
        case list() | tuple():
            return [masked(part) for part in value]
        case None | bool() | "":
            return value
    return REDACTED


def _is_pair(value: Mapping[Any, Any]) -> bool:
    return len(value) == 2 and "key" in value and "value" in value


def _named_leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    match value:
        case Mapping() if _is_pair(value):
            yield from _named_leaves(value["value"], f"{name} {value['key']}")
        case Mapping():
            for key, part in value.items():
                yield from _named_leaves(part, f"{name} {key}")
        case list() | tuple():
            for part in value:
                yield from _named_leaves(part, name)
        case str() | int() | float() if not isinstance(value, bool) and value != "":
            yield name, value
        case _ if hasattr(value, "get_secret_value"):
            yield from _named_leaves(value.get_secret_value(), name)


def _forms(secret: str) -> Iterator[str]:
    import html  # the names of all characters that it loads are only for texts with errors

    yield secret
    escaped = json.dumps(secret)[1:-1]
    yield from (escaped, json.dumps(secret, ensure_ascii=False)[1:-1], escaped.replace("/", "\\/"))
    yield from (html.escape(secret), html.escape(secret, quote=False))
    content = secret.encode("utf-8", "surrogatepass")
    for encoded in (quote(content, safe=""), quote(content), quote_plus(content)):
        yield from (encoded, re.sub("%..", lambda match: match[0].lower(), encoded))
    if len(content) >= _MIN_LENGTH_OF_BASE64:
        yield from _base64_forms(content)


def _base64_forms(content: bytes) -> Iterator[str]:
    # In base64 of a longer string, a secret may begin at any of three offsets in a group of three bytes. Its first and
    # last characters then depend on its neighbors too, so only those between them are searched for.
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + content).decode()
        first = (0, 2, 3)[offset]
        length = (offset + len(content)) * 8 // 6
        yield from (encoded[first:length], encoded[first:length].translate({43: "-", 47: "_"}))


def _spans(form: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + 1)


def _replace(text: str, spans: list[tuple[int, int]]) -> str:
    """Replace the spans; those that overlap become one, so that no end of a secret remains."""
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += [text[end:start], REDACTED]
        end = max(end, stop)
    return "".join(parts) + text[end:]
