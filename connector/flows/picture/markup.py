"""Elements of HTML and SVG, in which every text is escaped."""

from __future__ import annotations

import re
from html import escape
from typing import Any

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What XML does not allow, and what changes the direction of the text around it."""


_MAX_LENGTH = 400


class Markup(str):
    """A string that is markup already; template engines escape it no more."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the markup, as jinja2 asks for it."""
        return str(self)


def text(value: object) -> Markup:
    """Return a value as escaped text, cut to a length that no page breaks at."""
    return Markup(escape(_UNSAFE.sub("\N{REPLACEMENT CHARACTER}", shortened(str(value), _MAX_LENGTH))))


def shortened(value: str, limit: int) -> str:
    """Return a string, with an ellipsis in place of what is beyond a limit."""
    return value if len(value) <= limit else f"{value[: limit - 1]}…"


def tag(name: str, *content: Any, **attributes: Any) -> Markup:
    """Return an element. Strings in it are escaped, unless they are markup; attributes that are None are left out."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    written = "".join(f' {key}="{text(_number(value))}"' for key, value in pairs)
    return Markup(f"<{name}{written}>{''.join(map(_escaped, content))}</{name}>")


def joined(*parts: Any) -> Markup:
    """Return the parts one after the other."""
    return Markup("".join(map(_escaped, parts)))


def _escaped(part: Any) -> str:
    return part if isinstance(part, Markup) else text(part)


def _number(value: Any) -> Any:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
