"""Output: the payload on standard output, everything else on standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

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
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


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
    """Print a line to standard error."""
    click.echo(plain(text).encode("utf-8", "backslashreplace"), err=True)


def print_output(text: str) -> None:
    """Print a line to standard output."""
    write(plain(text).encode("utf-8", "backslashreplace") + b"\n")


def write_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Write a table to standard output: drawn on a terminal, in columns elsewhere."""
    cells = [tuple(one_line(cell) for cell in row) for row in rows]
    if has_colors(sys.stdout):
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*headers, title=title, title_justify="left", box=None, pad_edge=False)
        for row in cells:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    lines = [tuple(headers), *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    if title:
        print_output(title)
    for line in lines:
        print_output("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


class Progress(Protocol):
    """Counts finished things."""

    def __call__(self, done: int, /) -> object:
        """Add to the count."""


@contextmanager
def progress(noun: str) -> Iterator[Progress]:
    """Show a running count on standard error, if that is a terminal and the payload goes elsewhere."""
    if not has_colors(sys.stderr) or sys.stdout.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:.0f}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(noun, total=None)
        yield lambda done: bar.advance(task, done)
