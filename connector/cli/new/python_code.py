"""Python code in the form that a formatter gives it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence

WIDTH = 120


def call(function: str, arguments: Mapping[str, str], *, indent: int) -> str:
    """Return a call with keyword arguments: on one line if that is short, else one argument per line.

    Args:
        function: What is called.
        arguments: Code of each argument by name; an empty name is for an argument by position.
        indent: Spaces before the line that the call is in.
    """
    parts = [f"{name}={code}" if name else code for name, code in arguments.items()]
    line = f"{function}({', '.join(parts)})"
    if "\n" not in line and len(line) + indent <= WIDTH - 40:
        return line
    inner = " " * (indent + 4)
    return f"{function}(\n" + "".join(f"{inner}{part},\n" for part in parts) + " " * indent + ")"


def string(text: str, *, indent: int) -> str:
    """Return a string literal, on several lines if it is long.

    Args:
        text: The text.
        indent: Spaces before the line that the literal is in.
    """
    if len(text) <= WIDTH - indent - 20:
        return json.dumps(text, ensure_ascii=False)
    lines = textwrap.wrap(text, WIDTH - indent - 10, drop_whitespace=False, break_on_hyphens=False)
    inner = " " * (indent + 4)
    return "(\n" + "".join(f"{inner}{json.dumps(line, ensure_ascii=False)}\n" for line in lines) + " " * indent + ")"


def bracketed(opening: str, parts: Sequence[str], closing: str, *, indent: int) -> str:
    """Return a list of parts in brackets: on one line if that is short, else one part per line."""
    line = f"{opening}{', '.join(parts)}{closing}"
    if len(line) + indent <= WIDTH - 40:
        return line
    inner = " " * (indent + 4)
    return f"{opening}\n" + "".join(f"{inner}{part},\n" for part in parts) + " " * indent + closing
