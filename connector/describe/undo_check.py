"""The rule that the undo of an action can be performed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connector.common.text import did_you_mean
from connector.common.value_paths import UNDEFINED, get_path, parse_path
from connector.component.component import Component
from connector.component.definitions import Action
from connector.errors import ComponentError, Problem

_MAX_PATHS = 5


def undo_can_be_performed(component: Component, action: Action[Any]) -> Iterator[Problem]:
    """The undo of an action names an action, and each of its inputs is in the inputs or the example payload."""
    assert action.undo is not None  # noqa: S101 - the rule applies to actions with an undo only
    undoing = component.find_action(action.undo.action)
    if undoing is None:
        hint = did_you_mean(action.undo.action, component.actions) or "Correct Undo(action=...)."
        yield Problem(action.key, f'its undo names unknown action "{action.undo.action}"', hint=hint)
        return
    keys = undoing.inputs.definitions()
    for key in action.undo.inputs:
        if key not in keys:
            text = f'its undo passes unknown input "{key}" to {undoing.key}'
            yield Problem(action.key, text, hint=f"Available inputs: {', '.join(keys)}.")
    for key in sorted(undoing.inputs.required_keys() - action.undo.inputs.keys()):
        text = f'its undo does not pass the required input "{key}" of {undoing.key}'
        yield Problem(action.key, text, hint="Add it to Undo(inputs=...).")
    yield from _missing_values(action, action.undo.inputs.items())


def _missing_values(action: Action[Any], paths: Any) -> Iterator[Problem]:
    """Report each path of an undo that leads to nothing."""
    try:
        payload = action.example
    except ComponentError:
        return  # example_payload_is_json reports it
    results = payload.get("data") if isinstance(payload, dict) else None
    values = {"inputs": dict.fromkeys(action.inputs.definitions(), "any"), "results": results}
    for key, path in paths:
        try:
            root, *segments = parse_path(path)
        except ValueError as error:
            text = f'its undo has the path "{path}" for "{key}": {error}'
            yield Problem(action.key, text, hint="Write a path such as results.data.id.")
            continue
        if root == "results" and results is None:
            continue  # without an example, nothing is known of the results
        if root not in values:
            text = f'its undo has the path "{path}" for "{key}"'
            yield Problem(action.key, text, hint='Begin the path with "results." or "inputs.".')
        # What is inside an input is not known: only its key is checked.
        elif not segments or get_path(values[root], segments[:1] if root == "inputs" else segments) is UNDEFINED:
            of = "inputs" if root == "inputs" else "example payload"
            listed = ", ".join(_similar_paths(values[root], root, segments)) or "no value"
            text = f'its undo needs "{path}" for "{key}", which is not in the {of}'
            yield Problem(action.key, text, hint=f"Correct Undo(inputs=...). Available values: {listed}.")


def _similar_paths(value: Any, root: str, segments: list[str]) -> list[str]:
    """Return some paths of a value, first those that end like the wanted one."""
    paths = list(_paths(value, root))
    last = segments[-1] if segments else ""
    return sorted(paths, key=lambda path: (path.rpartition(".")[2] != last, path.count(".")))[:_MAX_PATHS]


def _paths(value: Any, prefix: str) -> Iterator[str]:
    """Yield the path of each value that is neither an object nor a list."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in pairs:
        if isinstance(part, dict | list):
            yield from _paths(part, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}"
