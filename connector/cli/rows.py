"""The inputs that the rows of a file make: by the names of columns, and by templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from connector.cli.assignments import field_value, parse_assignments, put_inputs
from connector.cli.files import STANDARD_INPUT
from connector.cli.record_writers import NOTHING, cell_text, value_at
from connector.cli.row_files import read_rows
from connector.common.text import did_you_mean
from connector.errors import InputError, Problem

if TYPE_CHECKING:
    from connector.component.definitions import Action

LONGEST_LABEL = 60

_JSON_TEMPLATE = re.compile(r"([^=]+):=\{([\w.$-]+)\}")
_TEMPLATE = re.compile(r"\{(\{[^{}]*\})\}|\{([\w.$-]+)\}")


class Rows:
    """The inputs of one call per row: from the columns with the name of an input, and from templates.

    Args:
        path: JSON Lines or CSV file; `-` is standard input.
        action: Action of the inputs.
        constants: Inputs of all rows by name.
        assignments: Assignments `name=TEMPLATE`, where `{column}` stands for the value of a column, or
            `name:={column}`, where the column holds JSON.

    Raises:
        InputError: If an assignment is invalid.
    """

    def __init__(
        self, path: str, action: Action[Any], constants: Mapping[str, Any], assignments: Sequence[str]
    ) -> None:
        self.path = path
        self._action = action
        # A file, such as the code of a function, can have braces of its own.
        is_file = [assignment.partition("=")[2].startswith("@") for assignment in assignments]
        files = [text for text, from_file in zip(assignments, is_file, strict=True) if from_file]
        others = [text for text, from_file in zip(assignments, is_file, strict=True) if not from_file]
        self._constants = {**constants, **parse_assignments(files)}
        in_json = [_JSON_TEMPLATE.fullmatch(assignment) for assignment in others]
        self._json_columns = {match[1]: match[2] for match in in_json if match}
        self._templates = parse_assignments([text for text, match in zip(others, in_json, strict=True) if not match])
        for name, value in self._templates.items():
            _check_braces(name, value)
        self._check_names()
        self.ignored: tuple[str, ...] = ()
        self._number: int | None = None

    @property
    def can_be_read_again(self) -> bool:
        """True for a file; False for standard input and pipes."""
        return self.path != STANDARD_INPUT and Path(self.path).expanduser().is_file()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the inputs of each row.

        Raises:
            UsageError: If the file cannot be read, or a row is invalid.
        """
        number = 0
        for number, row in enumerate(read_rows(self.path), 1):
            if number == 1:
                self.ignored = tuple(name for name in row if not self._is_input(name) and not self._in_template(name))
            yield self._inputs(number, row)
        self._number = number

    def __len__(self) -> int:
        """Return the number of rows of a file."""
        if self._number is None:
            self._number = sum(1 for _ in read_rows(self.path))
        return self._number

    def label(self, number: int) -> str:
        """Return the first plain input of a row, by which a person recognizes the row; empty for a pipe."""
        if not self.can_be_read_again:
            return ""
        row = next(islice(self, number - 1, None), {})
        secret = self._action.inputs.secret_keys()
        plain = [pair for pair in row.items() if pair[0] not in secret and isinstance(pair[1], str) and pair[1]]
        return f' ({plain[0][0]} "{plain[0][1][:LONGEST_LABEL]}")' if plain else ""

    def hint(self) -> str:
        """Return a sentence about the columns of the file that no input uses, and the inputs that may be meant."""
        columns = []
        for column in self.ignored:
            near = did_you_mean(column, self._action.inputs.definitions())
            columns.append(f"{column} ({near[:1].lower()}{near[1:]})" if near else column)
        return f"Ignored columns: {', '.join(columns)}." if columns else ""

    def _check_names(self) -> None:
        """Check once, and not for each row, that the action has the inputs that options set.

        Raises:
            InputError: If it lacks one.
        """
        known = self._action.inputs.definitions()
        names = [name.partition(".")[0] for name in (*self._constants, *self._templates, *self._json_columns)]
        unknown = [name for name in dict.fromkeys(names) if name not in known]
        problems = [Problem(name, f'unknown input "{name}"', hint=did_you_mean(name, known)) for name in unknown]
        if problems:
            text = "unknown input" if len(problems) == 1 else f"{len(problems)} unknown inputs"
            raise InputError(text, action=self._action.key, problems=problems)

    def _inputs(self, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        try:
            put_inputs(inputs, deepcopy({name: value for name, value in row.items() if self._is_input(name)}))
            put_inputs(inputs, deepcopy(self._constants))
            put_inputs(inputs, {name: self._value(name, row) for name in self._templates})
            put_inputs(inputs, {name: _json_cell(column, row) for name, column in self._json_columns.items()})
        except InputError as error:
            raise InputError(f"row {number}: {error.message}", hint=error.hint) from None
        return inputs

    def _value(self, name: str, row: Mapping[str, Any]) -> Any:
        value = self._templates[name]
        filled = _filled(value, row)
        return filled if filled == value else field_value(name, filled)

    def _is_input(self, name: str) -> bool:
        return name.split(".", maxsplit=1)[0] in self._action.inputs.definitions()

    def _in_template(self, name: str) -> bool:
        return name in self._json_columns.values() or any(
            f"{{{name}" in str(value) for value in self._templates.values()
        )


def _filled(value: Any, row: Mapping[str, Any]) -> Any:
    """Return a value with the templates in its strings filled; a template alone keeps the type of the column."""
    if isinstance(value, dict):
        return {key: _filled(part, row) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, row) for part in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    whole = _TEMPLATE.fullmatch(value)
    if whole and whole[2]:
        return deepcopy(_column(whole[2], row))
    return _TEMPLATE.sub(lambda match: match[1] or cell_text(_column(match[2], row)), value)


def _check_braces(name: str, value: Any) -> None:
    """Check that every brace in the strings of a value belongs to a template, or to JSON.

    Raises:
        InputError: If one does not: the brace itself would be sent.
    """
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_braces(name, part)
    elif isinstance(value, str) and re.search("[{}]", _TEMPLATE.sub("", value)) and not _is_json(value):
        hint = "Write {column} with a name as in the header, {{text}} for braces, or read the value with @FILE."
        raise InputError(f'invalid -i "{name}": a brace in "{value}" belongs to no template', hint=hint)


def _is_json(text: str) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _json_cell(name: str, row: Mapping[str, Any]) -> Any:
    cell = _column(name, row)
    try:
        return from_json(cell) if isinstance(cell, str) else deepcopy(cell)
    except ValueError as error:
        reason = str(error)
    raise InputError(f'column "{name}" must be JSON: {reason}', hint="Use = instead of := for a string.")


def _column(name: str, row: Mapping[str, Any]) -> Any:
    value = value_at(row, name)
    if value is NOTHING:
        hint = f"Available columns: {', '.join(row)}. For braces as text, write {{{{{name}}}}}."
        raise InputError(f'no column "{name}"', hint=hint)
    return value
