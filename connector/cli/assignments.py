"""Inputs from assignments such as `name=value`, and from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.cli.files import read_json_object, read_text, read_text_or_file
from connector.errors import InputError, Problem, UsageError

EXPECTED = "expected NAME=VALUE"


def read_inputs(file: str | None, assignments: Sequence[str]) -> dict[str, Any]:
    """Return inputs by key: those of the file, with the assignments put in.

    Raises:
        InputError: If assignments are invalid; the error lists all of them.
        UsageError: If the file cannot be read.
    """
    inputs: dict[str, Any] = {} if file is None else read_json_object(file, "inputs")
    put_inputs(inputs, parse_assignments(assignments))
    return inputs


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Return the values of assignments by name, which can have dots; a repeated name makes a list.

    Raises:
        InputError: If assignments are invalid; the error lists all of them.
    """
    assigned: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        key = name.removesuffix(":")
        if not (equals and all(key.split("."))):
            problems.append(Problem(assignment, EXPECTED))
            continue
        try:
            is_json = name.endswith(":")
            is_file = text.startswith("@") and not is_json
            value = read_text_or_file(text[1:]) if is_file else read_value(text, as_json=is_json)
            assigned.setdefault(key, []).append(field_value(key, value) if value is text else value)
        except UsageError as error:
            problems.append(Problem(key, error.message, hint=error.hint))
        except ValueError as error:
            hint = f"For a string, use {key}=... without the colon."
            problems.append(Problem(key, f"invalid JSON: {error}", hint=hint))
    if problems:
        raise _error(problems)
    return {key: values[0] if len(values) == 1 else values for key, values in assigned.items()}


def field_value(name: str, text: Any) -> Any:
    """Return the value of a text: in a field of an object, whose type is unknown, true and false are booleans."""
    return {"true": True, "false": False}.get(text, text) if "." in name and isinstance(text, str) else text


def put_inputs(inputs: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Set inputs, and by a name with dots a field of an object in an input.

    Raises:
        InputError: If a field is set of an input that is not an object.
    """
    problems: list[Problem] = []
    for key, value in sorted(values.items(), key=lambda pair: pair[0].count(".")):
        problems += _put(inputs, key, value)
    if problems:
        raise _error(problems)


def _put(inputs: dict[str, Any], key: str, value: Any) -> Iterator[Problem]:
    *path, name = key.split(".")
    for depth, part in enumerate(path, 1):
        inner = inputs.setdefault(part, {})
        if isinstance(inner, str):
            inner = inputs[part] = _object_in(inner)
        if not isinstance(inner, dict):
            yield Problem(key, f'"{".".join(path[:depth])}" is set to a value that is not an object')
            return
        inputs = inner
    inputs[name] = value


def _object_in(text: str) -> Any:
    """Return the object that a string holds as JSON, or the string."""
    from pydantic_core import from_json

    try:
        value = from_json(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) else text


def _error(problems: Sequence[Problem]) -> InputError:
    if len(problems) > 1:
        return InputError(f"{len(problems)} invalid -i options", problems=problems)
    (problem,) = problems
    return InputError(f'invalid -i "{problem.location}": {problem.message}', hint=problem.hint)


def read_value(text: str, *, as_json: bool) -> Any:
    """Return the value of `name=TEXT` or `name:=TEXT`, read from a file if it begins with `@`.

    An empty string means "not set", except as `name:=""`, which asks for it by name.

    Raises:
        UsageError: If the file cannot be read.
        ValueError: If the value is not JSON.
    """
    from pydantic_core import from_json

    from connector.component.inputs import EMPTY

    content = read_text(text[1:]) if text.startswith("@") else text
    if not as_json:
        return content
    value = from_json(content)
    return EMPTY if value == "" else value
