"""Output: the payload on standard output, everything else on standard error."""

from __future__ import annotations

import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any

import click

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 and C1 controls, line separators, bidirectional controls and lone surrogates."""


def has_colors(stream: IO[Any]) -> bool:
    """Return True if the stream is a terminal whose user has not asked for plain text (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def plain(text: str) -> str:
    r"""Return a string that cannot control a terminal: what could is written as `\u001b`, which JSON also reads."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def one_line(text: str) -> str:
    """Return a plain string without line breaks and tabs."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def counted(number: int, noun: str) -> str:
    """Return `1 problem` or `2,000 problems`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def wait_reason(reason: str) -> str:
    """Return the reason of a wait as an adjective or noun that a sentence can begin with."""
    return "rate limited" if reason == "rate limit" else reason


def json_bytes(value: Any, *, indent: int | None = 2) -> bytes:
    """Return the value as JSON in UTF-8, with escapes for what UTF-8 cannot hold."""
    from pydantic_core import to_json

    try:
        return to_json(value, indent=indent)
    except ValueError:
        import json

        # pydantic's to_json rejects lone surrogates, which a response can contain; json accepts them.
        return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace")


def write(content: bytes) -> None:
    """Write bytes to standard output and flush; a terminal gets no control characters."""
    sys.stdout.flush()
    if sys.stdout.isatty():
        content = plain(content.decode("utf-8", "backslashreplace")).encode()
    with _line_hidden():
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def _line_hidden() -> AbstractContextManager[None]:
    """Keep the line of `connector.cli.progress` off the screen, if there is one."""
    progress = sys.modules.get("connector.cli.progress")
    return progress.hidden() if progress else nullcontext()


def write_json(value: Any) -> None:
    """Write the value as JSON to standard output, colored on a terminal."""
    content = json_bytes(value)
    if has_colors(sys.stdout):
        from rich.console import Console
        from rich.highlighter import JSONHighlighter

        Console().print(JSONHighlighter()(plain(content.decode())), soft_wrap=True)
    else:
        write(content + b"\n")


def print_line(text: str) -> None:
    """Print a line to standard error, above the line that shows the progress."""
    with _line_hidden():
        click.echo(plain(text).encode("utf-8", "backslashreplace"), err=True)


def print_output(text: str) -> None:
    """Print a line to standard output."""
    write(plain(text).encode("utf-8", "backslashreplace") + b"\n")
