"""Tables: as wide as their content in a pipe, as wide as the terminal on a terminal, without cutting a word."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from connector.cli.output import has_colors, one_line, print_output, write

GAP = "  "

Row = Sequence[str]


def write_table(headers: Row, rows: Iterable[Row]) -> None:
    """Write a table to standard output."""
    lines = [headers, *(tuple(one_line(cell) for cell in row) for row in rows)]
    if not sys.stdout.isatty():
        _write_lines(lines, _natural_widths(lines))
        return
    width = shutil.get_terminal_size().columns
    widths = _fitting_widths(lines, width)
    if widths is None:
        _write_records(lines, width)
    else:
        _write_lines(lines, widths)


def _natural_widths(lines: Sequence[Row]) -> list[int]:
    return [max(map(_length, column)) for column in zip(*lines, strict=True)]


def _fitting_widths(lines: Sequence[Row], width: int) -> list[int] | None:
    """Return the widths of the columns in a terminal; None if the longest words alone are too wide for it."""
    widths = _natural_widths(lines)
    least = [max(_length(word) for cell in column for word in (cell.split() or [""])) for column in zip(*lines)]  # noqa: B905 - rows are equally long
    room = width - len(GAP) * (len(widths) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max((n for n in range(len(widths)) if widths[n] > least[n]), key=lambda n: widths[n])
        widths[widest] = max(least[widest], widths[widest] - (sum(widths) - room))
    return widths


def _write_lines(lines: Sequence[Row], widths: Sequence[int]) -> None:
    headers, *rows = lines
    for row in (headers, *rows):
        cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            text = GAP.join(part + " " * (width - _length(part)) for part, width in zip(parts, widths, strict=True))
            _write_line(text.rstrip(), bold=row is headers)


def _write_records(lines: Sequence[Row], width: int) -> None:
    """Write one field per line, with an empty line between records."""
    headers, *rows = lines
    indent = max(map(_length, headers)) + len(GAP)
    for number, row in enumerate(rows):
        if number:
            print_output("")
        for header, cell in zip(headers, row, strict=True):
            first, *rest = _wrapped(cell, max(20, width - indent))
            print_output(f"{header.ljust(indent)}{first}".rstrip())
            for part in rest:
                print_output(" " * indent + part)


def _wrapped(text: str, width: int) -> list[str]:
    if _length(text) <= width:
        return [text]
    start = text[: len(text) - len(text.lstrip())]
    lines = textwrap.wrap(
        text.lstrip(),
        width,
        initial_indent=start,
        subsequent_indent=start,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [""]


def _write_line(text: str, *, bold: bool) -> None:
    if bold and text and has_colors(sys.stdout):
        sys.stdout.flush()
        sys.stdout.buffer.write(f"\x1b[1m{text}\x1b[0m\n".encode())
        sys.stdout.buffer.flush()
    else:
        write(text.encode("utf-8", "backslashreplace") + b"\n")


def _length(text: str) -> int:
    """Return how many cells of a terminal a string takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
