"""Steps of the component csv, and the CSV of change-data-format."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.errors import UsageError
from connector.flows.steps.binary_values import as_string
from connector.flows.steps.built_in import BuiltIn, Inputs, pure
from connector.flows.steps.step_values import flag_in, list_in, text_in
from connector.flows.values.javascript import as_text

MAX_CELLS = 5_000_000
"""Cells of the largest table."""

MAX_CELL = 131_072
"""Characters of the largest cell. The standard library has one limit for the whole process, which may raise it."""


def _parse(inputs: Inputs) -> dict[str, Any]:
    delimiter = _delimiter(inputs)
    rows = list(_rows(as_string(inputs.get("csv")), delimiter))
    return {"data": rows, "errors": [], "meta": {"delimiter": delimiter, "aborted": False, "truncated": False}}


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    cells = 0
    try:
        for row in reader:
            cells += len(row)
            if max(map(len, row), default=0) > MAX_CELL:
                message = f"invalid CSV in line {reader.line_num}: field larger than field limit ({MAX_CELL})"
                raise UsageError(message)
            if cells > MAX_CELLS:
                raise UsageError(f"the table has more than {MAX_CELLS} cells", hint="Split the file.")
            yield row
    except csv.Error as error:
        raise UsageError(f"invalid CSV in line {reader.line_num}: {error}") from None


def _generate(inputs: Inputs) -> str:
    header = flag_in(inputs, "includeHeader", default=True)
    return _table(list_in(inputs, "inputArray"), "inputArray", _delimiter(inputs), has_header=header)


def _table(records: list[Any], key: str, delimiter: str, *, has_header: bool) -> str:
    names = list(records[0]) if records and isinstance(records[0], Mapping) else []
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    if has_header and names:
        writer.writerow(names)
    writer.writerows(_cells(records, names, key))
    return file.getvalue().removesuffix("\r\n")


def _cells(records: Iterable[Any], names: list[str], key: str) -> Iterator[list[str]]:
    for position, record in enumerate(records):
        if isinstance(record, Mapping):
            yield [as_text(record.get(name)) for name in names]
        elif isinstance(record, list | tuple) and not names:
            yield [as_text(cell) for cell in record]
        else:
            raise UsageError(f'"{key}[{position}]" must be {"an object" if names else "a list or an object"}')


def _delimiter(inputs: Inputs) -> str:
    delimiter = {"\\t": "\t"}.get(text_in(inputs, "delimiter"), text_in(inputs, "delimiter")) or ","
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UsageError(f'"delimiter" must be one character, got "{delimiter}"')
    return delimiter


def parse_records(inputs: Inputs) -> list[dict[str, str]]:
    """Return the rows of a table as objects; the first row has the keys."""
    header, *rows = list(_rows(as_string(inputs.get("data")), ",")) or [[]]
    return [dict(zip(header, row, strict=False)) for row in rows]


def write_records(inputs: Inputs) -> str:
    """Return a list of objects as a table whose first row has the keys."""
    return _table(list_in(inputs, "data"), "data", ",", has_header=True)


STEPS: dict[str, BuiltIn] = {
    "csv.parse": pure(_parse, "parses CSV into rows", "csv", "delimiter"),
    "csv.generateFromObject": pure(
        _generate, "writes a list of objects as CSV", "inputArray", "delimiter includeHeader"
    ),
}
