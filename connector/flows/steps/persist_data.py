"""Operations of persist-data: get, save, remove, lists, sets, and counters."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from connector.common.value_paths import UNDEFINED
from connector.errors import UsageError
from connector.flows.steps.persisted_values import SCOPES, Operation, Values
from connector.flows.steps.step_values import pairs_in
from connector.flows.values.javascript import as_text, number_of

_ACTION = re.compile(rf"(?P<verb>[a-z]+)(?P<scope>{'|'.join(SCOPES)})(?P<noun>[A-Z]\w*)\Z")

Inputs = Mapping[str, Any]


def scope_and_operation(action: str) -> tuple[str, Callable[[Inputs], Operation]] | None:
    """Return the scope and the operation of an action of persist-data; None for an unknown action."""
    match = _ACTION.match(action)
    operation = OPERATIONS.get(match["verb"] + match["noun"]) if match else None
    return (match["scope"], operation) if match and operation else None


def facts_of(action: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """Return what an action of persist-data does, the keys of its inputs, and those that are required."""
    match = _ACTION.match(action)
    label, optional = FACTS[match["verb"] + match["noun"]] if match else ("", "")
    required = frozenset() if action.endswith(("Keys", "State")) else frozenset({"keyInput"})
    return label, required | set(optional.split()), required


def _get(inputs: Inputs) -> Operation:
    default = inputs.get("defaultValueInput")
    return lambda values: values.get(_key(inputs), None if default is UNDEFINED else default)


def _save(inputs: Inputs) -> Operation:
    more = pairs_in(inputs, "dynamicValues")
    save = _updated(inputs, lambda _old: inputs.get("valueInput"))

    def operation(values: Values) -> Any:
        values.update(more)
        return save(values)

    return operation


def _save_time(inputs: Inputs) -> Operation:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _updated(inputs, lambda _old: now)


def _remove(inputs: Inputs) -> Operation:
    return lambda values: values.pop(_key(inputs), None)


def _append(inputs: Inputs) -> Operation:
    return _updated(inputs, lambda old: [*_list(old, inputs), inputs.get("valueInput")])


def _add(inputs: Inputs) -> Operation:
    def added(old: Any) -> list[Any]:
        items = _list(old, inputs)
        return items if inputs.get("valueInput") in items else [*items, inputs.get("valueInput")]

    return _updated(inputs, added)


def _drop(inputs: Inputs) -> Operation:
    return _updated(inputs, lambda old: [item for item in _list(old, inputs) if item != inputs.get("valueInput")])


def _increment(inputs: Inputs) -> Operation:
    return _updated(inputs, lambda old: _number(old, 0, inputs) + _number(inputs.get("amountInput"), 1, inputs))


def _decrement(inputs: Inputs) -> Operation:
    return _updated(inputs, lambda old: _number(old, 0, inputs) - _number(inputs.get("amountInput"), 1, inputs))


def _list_keys(_inputs: Inputs) -> Operation:
    return list


def _clear(_inputs: Inputs) -> Operation:
    return dict.clear


OPERATIONS: dict[str, Callable[[Inputs], Operation]] = {
    "getValue": _get,
    "saveValue": _save,
    "saveCurrentTime": _save_time,
    "removeValue": _remove,
    "removeState": _clear,
    "listKeys": _list_keys,
    "appendValueToList": _append,
    "removeValueFromList": _drop,
    "addValueToSet": _add,
    "removeValueFromSet": _drop,
    "incrementValue": _increment,
    "decrementValue": _decrement,
}

FACTS = {
    "getValue": ("returns a value", "defaultValueInput"),
    "saveValue": ("saves a value, and those of `dynamicValues`", "valueInput dynamicValues"),
    "saveCurrentTime": ("saves the current time", ""),
    "removeValue": ("removes a value and returns it", ""),
    "removeState": ("removes every value", ""),
    "listKeys": ("returns the keys of the values", ""),
    "appendValueToList": ("adds a value to a list", "valueInput"),
    "removeValueFromList": ("removes a value from a list", "valueInput"),
    "addValueToSet": ("adds a value to a set", "valueInput"),
    "removeValueFromSet": ("removes a value from a set", "valueInput"),
    "incrementValue": ("adds a number to a number", "amountInput"),
    "decrementValue": ("subtracts a number from a number", "amountInput"),
}
"""What each operation does, and the keys of its inputs beside `keyInput`."""

_PREFIXED = {"saveCurrentTime": "save{}CurrentTime", "removeState": "remove{}State", "listKeys": "list{}Keys"}


def actions() -> list[str]:
    """Return every action of persist-data."""
    patterns = [_PREFIXED.get(name) or name.replace("Value", "{}Value", 1) for name in OPERATIONS]
    return [pattern.format(scope) for scope in SCOPES for pattern in patterns]


def _updated(inputs: Inputs, change: Callable[[Any], Any]) -> Operation:
    def operation(values: Values) -> Any:
        key = _key(inputs)
        changed = change(values.get(key))
        values[key] = None if changed is UNDEFINED else changed
        return values[key]

    return operation


def _key(inputs: Inputs) -> str:
    key = as_text(inputs.get("keyInput"))
    if not key:
        raise UsageError('"keyInput" is empty', hint="Set the key of the persisted value.")
    return key


def _list(old: Any, inputs: Inputs) -> list[Any]:
    if old is None or isinstance(old, list):
        return list(old or [])
    raise UsageError(f'the value of "{_key(inputs)}" is not a list', hint="Use another key, or remove the value first.")


def _number(value: Any, default: int, inputs: Inputs) -> float:
    if value in (None, "", UNDEFINED):
        return default
    number = number_of(value)
    if number != number:  # noqa: PLR0124 - NaN
        raise UsageError(
            f'the value or the amount of "{_key(inputs)}" is not a number', hint="Use another key or amount."
        )
    return int(number) if float(number).is_integer() else number
