"""The five types of expressions in step inputs, and their values in a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.common.value_paths import UNDEFINED, Path, get_path, parse_path
from connector.errors import UsageError
from connector.flows.values.javascript import as_text

_SLOT = re.compile(r"\{\{\s*([$#])\s*(.+?)\s*\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal string. The format has no other literals."""

    value: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A dotted path into the results of an earlier step: `listThings.results.0.id`.

    Attributes:
        text: The whole path.
        variable: Name of the step in references.
        path: The segments after the name of the step.
    """

    text: str
    variable: str
    path: Path

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Parse a reference.

        Raises:
            ValueError: If the text is not a path.
        """
        variable, *path = parse_path(text.strip())
        return cls(text, variable, tuple(path))


@dataclass(frozen=True, slots=True)
class ConfigVariable:
    """The value of a config variable. An empty key means that the input is not set."""

    key: str


@dataclass(frozen=True, slots=True)
class Template:
    """A string with slots: `{{$step.path}}` and `{{#Config Variable}}`."""

    text: str
    parts: tuple[str | Reference | ConfigVariable, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Parse a template.

        Raises:
            ValueError: If a slot has an invalid path.
        """
        parts: list[str | Reference | ConfigVariable] = []
        position = 0
        for slot in _SLOT.finditer(text):
            parts.append(text[position : slot.start()])
            parts.append(Reference.parse(slot[2]) if slot[1] == "$" else ConfigVariable(slot[2]))
            position = slot.end()
        parts.append(text[position:])
        return cls(text, tuple(part for part in parts if part != ""))


@dataclass(frozen=True, slots=True)
class Complex:
    """A list of expressions: values, pairs of key and value, or a condition."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry with a name. The name can be an expression."""

    name: Expression
    value: Expression


Expression = Literal | Reference | ConfigVariable | Template | Complex | Pair


@dataclass(slots=True)
class Scope:
    """The values that expressions can use.

    Attributes:
        steps: Values of each step by its name in references: `{"results": ...}`, `{"currentItem": ..., "index": ...}`.
        config: Values of the config variables by key.
        connections: Keys of the config variables that are connections. Their fields are never available.
    """

    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    connections: frozenset[str] = frozenset()


def evaluate(expression: Expression, scope: Scope) -> Any:
    """Return the value of an expression, or `UNDEFINED` if a reference has no value.

    Raises:
        UsageError: If the expression uses a connection as a value: no value may contain its secrets.
    """
    match expression:
        case Literal(value):
            return value
        case Reference(_, variable, path):
            return get_path(scope.steps.get(variable, UNDEFINED), path)
        case ConfigVariable(key):
            return _config(key, scope)
        case Template(_, parts):
            return "".join([part if isinstance(part, str) else as_text(evaluate(part, scope)) for part in parts])
        case Complex(items):
            return [_defined(evaluate(item, scope)) for item in items]
        case Pair(name, value):
            return {"key": _defined(evaluate(name, scope)), "value": _defined(evaluate(value, scope))}


def _defined(value: Any) -> Any:
    return None if value is UNDEFINED else value


def _config(key: str, scope: Scope) -> Any:
    if key in scope.connections:
        raise UsageError(
            f'connection "{key}" cannot be used as a value', hint="Use it only as the connection of a step."
        )
    if key in scope.config:
        return scope.config[key]
    name, dot, rest = key.partition(".")
    return get_path(scope.config[name], parse_path(rest)) if dot and rest and name in scope.config else UNDEFINED


def parts_of(expression: Expression) -> Iterator[Reference | ConfigVariable]:
    """Yield every reference and config variable in an expression."""
    match expression:
        case Reference() | ConfigVariable():
            yield expression
        case Template(_, parts):
            yield from (part for part in parts if not isinstance(part, str))
        case Complex(items):
            for item in items:
                yield from parts_of(item)
        case Pair(name, value):
            yield from parts_of(name)
            yield from parts_of(value)


def is_static(expression: Expression) -> bool:
    """Return whether the value is the same in every run."""
    return next(parts_of(expression), None) is None


def is_unset(expression: Expression | None) -> bool:
    """Return whether an input is not set."""
    match expression:
        case None | Literal("" | None) | ConfigVariable("") | Template("") | Complex(()):
            return True
    return False
