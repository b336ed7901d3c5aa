"""Dotted paths into values: `results.data.0.id`, `data[0].Id`, `file[".tag"]`, `webhookUrls.My Flow`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

Path = tuple[str, ...]

MAX_SEGMENTS = 100

_SEGMENT = re.compile(
    r"""\.?\[\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<index>\d+))\s*\]  # ["x"]  ['x']  [0]
      | (?P<dot>\.)?(?P<plain>[^.\[\]]+)                                          # .x""",
    re.VERBOSE,
)


class Undefined:
    """The type of `UNDEFINED`, the value of a path without a value. It is falsy."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


def parse_path(text: str) -> Path:
    """Return the segments of a path.

    Raises:
        ValueError: If the text is not a path.
    """
    segments: list[str] = []
    position = 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        first = not segments
        if match is None or (match["plain"] is not None and (match["dot"] is not None) == first):
            raise ValueError(f'unexpected "{text[position : position + 20]}"')
        position = match.end()
        segments.append(next(part for part in match.group("double", "single", "index", "plain") if part is not None))
    if not segments or len(segments) > MAX_SEGMENTS:
        raise ValueError("path is empty" if not segments else f"path has more than {MAX_SEGMENTS} segments")
    return tuple(segments)


def get_path(value: Any, path: Sequence[str]) -> Any:
    """Return the value at a path, or `UNDEFINED` if there is none."""
    for segment in path:
        if isinstance(value, Mapping):
            value = value.get(segment, UNDEFINED)
        elif isinstance(value, list | tuple) and _is_index(segment, value):
            value = value[int(segment)]
        else:
            return UNDEFINED
    return value


def _is_index(segment: str, value: Sequence[Any]) -> bool:
    return len(segment) < 10 and segment.isdecimal() and int(segment) < len(value)
