"""The inputs of a step that choose its connection and its branches."""

from __future__ import annotations

from typing import Any

from connector.common.yaml_source import Document, Place
from connector.component.definitions import Action
from connector.flows.file.model import Step
from connector.flows.values.expressions import ConfigVariable, Literal, Pair, Template

CONNECTION_INPUTS = ("connectionInput", "connection")
"""Usual keys of connection inputs, unless the action has its own input with that key."""


def connection_of(step: Step, action: Action[Any]) -> tuple[str | None, str | None]:
    """Return the key of the connection input of a step, and the config variable that it names, if any.

    An input is a connection input, whatever its key, if its value is a connection. The usual keys serve for an input
    whose value should be a connection, but is not.
    """
    own = action.inputs.definitions()
    for key in (*step.connections, *CONNECTION_INPUTS):
        expression = step.inputs.get(key)
        if expression is not None and key not in own:
            return key, expression.key or None if isinstance(expression, ConfigVariable) else None
    return None, None


def item_place(document: Document, step: Step, place: Place, index: int) -> Place:
    """Return the path of an item of a complex expression, below the step.

    The list of an expression is its `value`; a list in a list is written by itself.
    """
    inner = (*place, "value")
    return (*(inner if (*step.place, *inner) in document.lines else place), index)


def name_of(entry: Pair) -> str:
    """Return the branch that an entry names."""
    name = entry.name
    return str(name.value) if isinstance(name, Literal) else name.text if isinstance(name, Template) else ""
