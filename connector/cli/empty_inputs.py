"""Notes about inputs that the command line passes but that are not sent, since they are empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connector.component.inputs import EMPTY
from connector.errors import InputError

if TYPE_CHECKING:
    from connector.component.definitions import Action


def empty_input_notes(action: Action[Any], raw_inputs: Mapping[str, Any], assignments: Sequence[str]) -> list[str]:
    """Return a sentence about each assigned input that counts as not set: what it is, and how to send it.

    Inputs of a file are left out: the forms of engines save an empty string for each empty field.
    """
    assigned = {text.partition("=")[0].removesuffix(":") for text in assignments}
    return [
        _note(action, raw_inputs, key)
        for key, value in raw_inputs.items()
        if key in assigned and _is_unset(action, key, value)
    ]


def _is_unset(action: Action[Any], key: str, value: Any) -> bool:
    if value is None:
        return key not in action.inputs.nullable_keys()
    return bool(value == "" and value is not EMPTY)


def _note(action: Action[Any], raw_inputs: Mapping[str, Any], key: str) -> str:
    state = "null" if raw_inputs[key] is None else "empty"
    ways = "; ".join(_ways_to_send(action, raw_inputs, key))
    return f"{key} is {state}, so it is not sent" + (f"; {ways}" if ways else "")


def _ways_to_send(action: Action[Any], raw_inputs: Mapping[str, Any], key: str) -> Iterator[str]:
    try:
        action.inputs.from_values({**raw_inputs, key: EMPTY})
    except InputError as error:
        accepts_empty = all(problem.location != key for problem in error.problems)
    else:
        accepts_empty = True
    if accepts_empty:
        yield f"to send an empty string, write {key}:='\"\"'"
    if key in action.inputs.nullable_keys():
        yield f"to send null, write {key}:=null"
