"""Writing: the payload to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

import click


def colours(stream: IO[Any]) -> bool:
    """True when the stream is a terminal whose user has not asked for plain text (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def json_bytes(value: Any, *, indent: int | None = 2) -> bytes:
    """The value as JSON in UTF-8; what UTF-8 cannot hold is escaped."""
    from pydantic_core import to_json

    try:
        return to_json(value, indent=indent)
    except ValueError:
        import json

        # lone surrogates, which an API can answer and UTF-8 cannot hold
        return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace")


def write(content: bytes) -> None:
    """Bytes to standard output, at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def write_json(value: Any) -> None:
    """The value as JSON on standard output, coloured on a terminal."""
    content = json_bytes(value)
    if colours(sys.stdout):
        from rich.console import Console

        Console().print_json(content.decode())
    else:
        write(content + b"\n")


def say(text: str) -> None:
    """A line on standard error."""
    click.echo(text, err=True)


def write_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """A table on standard output: drawn on a terminal, columns in a pipe."""
    if colours(sys.stdout):
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*headers, title=title, title_justify="left", box=None, pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    lines = [tuple(headers), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    if title:
        click.echo(title)
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


class Progress(Protocol):
    """Counts what was done."""

    def __call__(self, done: int, /) -> object:
        """Show that so many more are done."""


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A running count on standard error, when that is a terminal and the payload goes elsewhere."""
    if not colours(sys.stderr) or sys.stdout.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:.0f}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done: bar.advance(task, done)
