"""The rows of a JSON Lines or CSV file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import IO, Any

from pydantic_core import from_json

from connector.cli.assignments import field_value
from connector.cli.files import STANDARD_INPUT, name_of
from connector.common.private_files import reason_of
from connector.errors import UsageError

LARGEST_CELL = 64 * 1024 * 1024


def read_rows(path: str) -> Iterator[dict[str, Any]]:
    """Iterate over the rows of a file: JSON Lines if it begins with `{`, else CSV with a line of names.

    Raises:
        UsageError: If the file cannot be read, or is neither.
    """
    try:
        with _open_file(path) as lines:
            first = next((line for line in lines if line.strip()), "")
            if not first and path.lower().endswith(".csv"):
                # Perhaps the output of a command that failed; an empty file of JSON Lines has no rows.
                raise UsageError(f"{name_of(path)} is empty", hint="A CSV file without rows has a line of names.")
            rest = chain([first] if first else [], lines)
            if first.lstrip().startswith("["):
                hint = "Pass one JSON object per line, as --format jsonl prints them."
                raise UsageError(f"{name_of(path)} holds a JSON list, not JSON Lines or CSV", hint=hint)
            yield from _json_rows(path, rest) if first.lstrip().startswith("{") else _csv_rows(path, rest)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {reason_of(error)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {path}: not UTF-8{_line_of_bad_byte(path)}", hint="Save it as UTF-8.") from None


def _line_of_bad_byte(path: str) -> str:
    if not Path(path).expanduser().is_file():
        return ""
    with Path(path).expanduser().open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f" (line {number})"
    return ""


def _open_file(path: str) -> Any:
    if path == STANDARD_INPUT:
        from connector.cli.files import take_standard_input

        take_standard_input()
        text: IO[str] = io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", newline="")
        return nullcontext(text)
    return Path(path).expanduser().open(encoding="utf-8-sig", newline="")


def _json_rows(path: str, lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = from_json(line)
        except ValueError as error:
            reason = str(error)
        else:
            if isinstance(row, dict):
                yield row
                continue
            reason = "not an object"
        raise UsageError(f"line {number} of {name_of(path)} is not a JSON object: {reason}")


def _csv_rows(path: str, lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(lines, strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not header:
                header = [name.strip() for name in cells]
                _check_header(path, header)
            elif len(cells) == len(header):
                yield {name: field_value(name, cell) for name, cell in zip(header, cells, strict=True)}
            elif any(cells):
                place = f"line {reader.line_num} of {name_of(path)}"
                raise UsageError(f"{place} has {len(cells)} cells, but the header has {len(header)}")
    except csv.Error as error:
        raise UsageError(f"line {reader.line_num} of {name_of(path)} is not CSV: {error}") from None


def _check_header(path: str, header: Sequence[str]) -> None:
    for separator, noun in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and separator in header[0]:
            raise UsageError(f"{name_of(path)} has {noun} between its columns", hint="Save it as CSV with commas.")
    for name in header:
        if not name or header.count(name) > 1:
            problem = f'column "{name}" twice' if name else "a column without a name"
            raise UsageError(f"{name_of(path)} has {problem}", hint="Correct the first line.")
