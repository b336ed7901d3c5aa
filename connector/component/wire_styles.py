"""How the values of parameters and forms are written: the styles of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json

_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}


def pairs_of(name: str, value: Any, style: str, *, explode: bool) -> Iterator[tuple[str, str]]:
    """Yield a value of a query or a form as pairs of a name and a string; see `Parameter` for the styles."""
    if style == "json" or not isinstance(value, Mapping | list):
        yield name, _json(value) if style == "json" else text_of(value)
    elif style == "indexed":
        yield from _nested(name, value, "{}.{}")
    elif style == "deepObject":
        yield from _nested(name, value, "{}[{}]")
    elif isinstance(value, list):
        texts = [text_of(part) for part in value]
        delimiter = "," if style == "form" else _DELIMITERS.get(style, ",")
        yield from ((name, text) for text in texts) if explode else [(name, delimiter.join(texts))]
    elif explode:
        yield from ((key, text_of(part)) for key, part in value.items())
    else:
        yield name, simple(value, explode=False)


def simple(value: Any, *, explode: bool) -> str:
    """Return a value of a path or a header, in the style `simple`."""
    if isinstance(value, list):
        return ",".join(text_of(part) for part in value)
    if isinstance(value, Mapping):
        sign = "=" if explode else ","
        return ",".join(f"{key}{sign}{text_of(part)}" for key, part in value.items())
    return text_of(value)


def text_of(value: Any) -> str:
    """Return a value as the text of one parameter: booleans in lower case, objects and lists as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    return _json(value) if value is None or isinstance(value, Mapping | list) else str(value)


def _nested(name: str, value: Any, form_of_list: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _nested(f"{name}[{key}]", part, form_of_list)
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from _nested(form_of_list.format(name, position), part, form_of_list)
    else:
        yield name, text_of(value)


def _json(value: Any) -> str:
    return to_json(value).decode()
