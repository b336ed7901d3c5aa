"""Records on standard output: JSON, JSON Lines, CSV, or a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from connector.cli.jsonpath import Condition, Selector
from connector.cli.output import json_bytes, print_line, write
from connector.cli.tables import write_table
from connector.common.text import did_you_mean
from connector.errors import UsageError

FORMATS = ("json", "jsonl", "csv", "table")


class RecordOptions(NamedTuple):
    """What to print of the records, and how.

    Attributes:
        output_format: One of `FORMATS`.
        columns: Dotted paths, such as `metadata.name`; empty for all fields.
        where: Condition that a record must meet.
        selector: Part of each record.
        raw: Print strings without quotes, one per line.
    """

    output_format: str
    columns: tuple[str, ...]
    where: Condition
    selector: Selector
    raw: bool

    @classmethod
    def of(cls, output_format: str, columns: str | None, where: str | None, select: str | None, raw: bool) -> Any:
        """Return the options of a command line.

        Raises:
            UsageError: If a JSONPath is invalid.
        """
        names = tuple(name.strip() for name in (columns or "").split(",") if name.strip())
        return cls(output_format, names, Condition(where), Selector(select), raw)

    @property
    def print_records(self) -> bool:
        """True if the format or the columns ask for records, and not for a payload."""
        return self.output_format != "json" or bool(self.columns)


class Writer(Protocol):
    """Writes the records of one command."""

    def write(self, records: Sequence[Any]) -> None:
        """Write the next records."""

    def close(self) -> None:
        """Write the end."""


class RecordPrinter:
    """Selects and prints records as they arrive; its end reports a path or a column that matched nothing."""

    def __init__(self, options: RecordOptions) -> None:
        self._options = options
        self._missing = set(options.columns)
        self._untested = options.where.fields(None)
        self._fields_tested: set[str] = set()
        self._fields: set[str] = set()
        self._records = self._matches = 0
        self._writer = _writer(options)

    def print(self, records: Sequence[Any]) -> None:
        """Print those of the records that are selected."""
        self._look_for_tested(records)
        values = [match for record in records if self._options.where(record) for match in self._selected(record)]
        self._writer.write([self._in_columns(value) for value in values])

    def close(self) -> None:
        """Print the end."""
        self._writer.close()
        for name in sorted(self._untested) if self._fields_tested else ():
            print_line(f'warning: no record has the field "{name}" of --where{_or_near(name, self._fields_tested)}')
        if self._records and not self._matches:
            print_line(f'warning: --select "{self._options.selector.path}" matched nothing')
        elif self._matches:
            for column in sorted(self._missing):
                print_line(f'warning: no record has the column "{column}"{_or_near(column, self._fields)}')

    def _look_for_tested(self, records: Sequence[Any]) -> None:
        for record in records if self._untested else ():
            self._untested -= self._options.where.fields(record)
            if self._untested:
                self._fields_tested.update(dict(_leaves(record)))

    def _selected(self, record: Any) -> list[Any]:
        matches = self._options.selector.matches(record)
        self._records += 1
        self._matches += len(matches)
        return matches

    def _in_columns(self, value: Any) -> Any:
        if not self._options.columns:
            return value
        cells = {column: value_at(value, column) for column in self._options.columns}
        if self._missing:
            self._check_has_fields(value)
            self._fields.update(dict(_leaves(value)))
            self._missing -= {column for column, cell in cells.items() if cell is not NOTHING}
        return {column: None if cell is NOTHING else cell for column, cell in cells.items()}

    def _check_has_fields(self, value: Any) -> None:
        """Check that a value has fields, unless one before it had some: else every row would be empty.

        Raises:
            UsageError: If it is a string, a number, or a boolean.
        """
        if value is None or isinstance(value, dict | list) or len(self._missing) < len(set(self._options.columns)):
            return
        path = self._options.selector.path
        subject = "the record" if path is None else f'the match of --select "{path}"'
        hint = "Leave out --columns." if path is None else "Leave out --columns, or --select."
        raise UsageError(f"--columns needs objects, but {subject} is {_json_type(value)}", hint=hint)


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    return "a string" if isinstance(value, str) else "a number"


def _or_near(name: str, known: set[str]) -> str:
    near = did_you_mean(name, known)
    return near and f"; {near[:1].lower()}{near[1:]}"


def records_in(payload: Any) -> list[Any]:
    """Return the records of a payload that is not one of a list action: the list or the object in it."""
    while isinstance(payload, dict) and len(payload) == 1:
        (inner,) = payload.values()
        if not isinstance(inner, dict | list):
            break
        payload = inner
    return payload if isinstance(payload, list) else [payload]


def raw_lines(value: Any) -> bytes:
    """Return a string without quotes, a list of strings one per line, and anything else as JSON."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return b"".join(map(raw_lines, value))
    content = value.encode("utf-8", "backslashreplace") if isinstance(value, str) else json_bytes(value, indent=None)
    return content + b"\n"


class _JsonWriter:
    def __init__(self) -> None:
        self._before = b"[\n"

    def write(self, records: Sequence[Any]) -> None:
        for record in records:
            write(self._before + json_bytes(record, indent=None))
            self._before = b",\n"

    def close(self) -> None:
        write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


class _LineWriter:
    def __init__(self, *, raw: bool) -> None:
        self._raw = raw

    def write(self, records: Sequence[Any]) -> None:
        for record in records:
            write(raw_lines(record) if self._raw else json_bytes(record, indent=None) + b"\n")

    def close(self) -> None:
        return


class _CsvWriter:
    """A column per field of the first records, unless the columns are named."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._named = columns
        self._header: Sequence[str] = ()
        self._left_out: set[str] = set()

    def write(self, records: Sequence[Any]) -> None:
        rows = [_row(record, self._named) for record in records]
        if not self._header and (rows or self._named):
            self._header = self._named or list(dict.fromkeys(name for row in rows for name in row))
            self._write_row(self._header)
        for row in rows:
            self._left_out.update(name for name in row.keys() - set(self._header) if row[name])
            self._write_row([row.get(column, "") for column in self._header])

    def close(self) -> None:
        self.write([])
        if self._left_out:
            print_line(f"warning: left out {', '.join(sorted(self._left_out))}; name them with --columns")

    def _write_row(self, cells: Sequence[str]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        write(line.getvalue().encode("utf-8", "backslashreplace"))


class _TableWriter:
    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._rows: list[Mapping[str, str]] = []

    def write(self, records: Sequence[Any]) -> None:
        self._rows += [_row(record, self._columns, nested=False) for record in records]

    def close(self) -> None:
        columns = self._columns or list(dict.fromkeys(name for row in self._rows for name in row))
        if columns:
            write_table(columns, [[row.get(column, "") for column in columns] for row in self._rows])


def _writer(options: RecordOptions) -> Writer:
    match options.output_format:
        case "csv":
            return _CsvWriter(options.columns)
        case "table":
            return _TableWriter(options.columns)
        case "json" if not options.raw:
            return _JsonWriter()
    return _LineWriter(raw=options.raw)


def _row(record: Any, columns: Sequence[str], *, nested: bool = True) -> dict[str, str]:
    if columns:
        return {column: cell_text(record[column]) for column in columns}
    if not isinstance(record, dict):
        return {"value": cell_text(record)}
    leaves = _leaves(record) if nested else ((key, value) for key, value in record.items() if not _is_nested(value))
    return {path: cell_text(value) for path, value in leaves}


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _leaves(record: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Iterate over the fields of a record by dotted path; a list is one value."""
    for key, value in record.items() if isinstance(record, dict) else ():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


NOTHING = object()
"""Stands for the value of a field that a record lacks."""


def value_at(record: Any, path: str) -> Any:
    """Return the value at a dotted path; a field whose own name has dots wins."""
    if isinstance(record, dict) and path in record:
        return record[path]
    for name in path.removeprefix("$.").split("."):
        if isinstance(record, list) and name.isdecimal() and int(name) < len(record):
            record = record[int(name)]
        elif isinstance(record, dict) and name in record:
            record = record[name]
        else:
            return NOTHING
    return record


def cell_text(value: Any) -> str:
    """Return a value as the text of a cell: a string unchanged, null as nothing, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json_bytes(value, indent=None).decode("utf-8", "backslashreplace")
