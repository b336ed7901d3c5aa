"""Python values as TypeScript, formatted as Prettier does."""

from __future__ import annotations

import json
import re
from typing import Any

WIDTH = 120

_SHORT_KEY = 5
"""Behind a shorter key, a long string stays on the line of the key."""


class Code(str):
    """An expression of TypeScript, such as the name of a constant."""

    __slots__ = ()


def constant(head: str, value: Any) -> str:
    """Return the declaration of a constant, such as `const name: Type`."""
    return f"{head} = {_literal(value, before=len(head) + 3)};\n"


def rows(head: str, values: list[dict[str, Any]]) -> str:
    """Return the declaration of a list of objects, with each of their members on lines of its own."""
    text = "".join(f"  {_on_lines(value, 2)},\n" for value in values)
    return f"{head} = [\n{text}];\n" if values else f"{head} = [];\n"


def _literal(value: Any, *, indent: int = 0, before: int = 0) -> str:
    """Return a value: on one line if it fits, else each entry on a line of its own.

    Args:
        value: A JSON value, or code.
        indent: Spaces before the line on which it ends.
        before: Characters before it on its first line.
    """
    line = _on_one_line(value)
    fits = before + len(line) < WIDTH and not _always_breaks(value)
    is_simple = not value or not isinstance(value, dict | list)
    return line if is_simple or fits else _on_lines(value, indent)


def _always_breaks(value: Any) -> bool:
    """Return True for a list of several objects or lists with several entries each, which Prettier always breaks."""
    if isinstance(value, dict):
        return any(map(_always_breaks, value.values()))
    if not isinstance(value, list):
        return False
    is_table = len(value) > 1 and len({type(part) for part in value}) == 1 and isinstance(value[0], dict | list)
    return (is_table and all(len(part) > 1 for part in value)) or any(map(_always_breaks, value))


def _on_one_line(value: Any) -> str:
    match value:
        case Code():
            return str(value)
        case dict():
            members = ", ".join(_member(key, part, _on_one_line(part)) for key, part in value.items())
            return f"{{ {members} }}" if members else "{}"
        case list():
            return f"[{', '.join(map(_on_one_line, value))}]"
        case str():
            return _quoted(value)
    return json.dumps(value)


def _on_lines(value: dict[str, Any] | list[Any], indent: int) -> str:
    inner = indent + 2
    margin = " " * inner
    if isinstance(value, list):
        entries = [_literal(part, indent=inner, before=inner) for part in value]
        return "[\n" + "".join(f"{margin}{entry},\n" for entry in entries) + f"{' ' * indent}]"
    members = "".join(f"{margin}{_member_on_lines(key, part, inner)},\n" for key, part in value.items())
    return f"{{\n{members}{' ' * indent}}}"


def _member_on_lines(key: str, value: Any, indent: int) -> str:
    head = f"{_key(key)}: "
    text = _literal(value, indent=indent, before=indent + len(head))
    if isinstance(value, str) and len(_key(key)) >= _SHORT_KEY and indent + len(head) + len(text) >= WIDTH:
        return f"{head.rstrip()}\n{' ' * indent}  {text}"
    return _member(key, value, text)


def _member(key: str, value: Any, text: str) -> str:
    return key if isinstance(value, Code) and value == key else f"{_key(key)}: {text}"


def _key(key: Any) -> str:
    text = str(key)
    return text if re.fullmatch(r"[A-Za-z_$][\w$]*|0|[1-9]\d*", text) else _quoted(text)


def _quoted(text: str) -> str:
    """Return a string in the quotes that need fewer escapes."""
    quoted = json.dumps(text, ensure_ascii=False)
    if text.count('"') <= text.count("'"):
        return quoted
    return "'" + quoted[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
