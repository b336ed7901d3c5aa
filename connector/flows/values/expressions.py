"""The five kinds of expressions that an input of a step can hold, and their values while a flow runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.errors import UsageError
from connector.flows.values.javascript import as_text
from connector.flows.values.paths import UNDEFINED, Path, get_path, parse_path

_SLOT = re.compile(r"\{\{\s*([$#])\s*(.+?)\s*\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text that stands for itself; the format has no other literals."""

    value: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A dotted path into what an earlier step gave: `listThings.results.0.id`.

    Attributes:
        text: The path as it is written.
        variable: Name of the step, in the form that references use.
        path: The segments after it.
    """

    text: str
    variable: str
    path: Path

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference.

        Raises:
            ValueError: It is no path.
        """
        variable, *path = parse_path(text.strip())
        return cls(text, variable, tuple(path))


@dataclass(frozen=True, slots=True)
class ConfigVariable:
    """The value of a config variable; an empty key is an input that was left unset."""

    key: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text with slots: `{{$step.path}}` and `{{#Config Variable}}`."""

    text: str
    parts: tuple[str | Reference | ConfigVariable, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template.

        Raises:
            ValueError: A slot holds no path.
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
    """A list of expressions: values, pairs of key and value, or the parts of a condition."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry with a name, which may itself be an expression."""

    name: Expression
    value: Expression


Expression = Literal | Reference | ConfigVariable | Template | Complex | Pair


@dataclass(slots=True)
class Scope:
    """What expressions can see.

    Attributes:
        steps: What each step gave so far, by its variable: `{"results": ...}`, `{"currentItem": ..., "index": ...}`.
        config: Values of the config variables by key.
        connections: Keys of the config variables that are connections; nothing of them can be seen.
    """

    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    connections: frozenset[str] = frozenset()


def evaluate(expression: Expression, scope: Scope) -> Any:
    """The value of an expression; `UNDEFINED` for what is not there.

    Raises:
        UsageError: It asks for a connection, whose secrets no value may hold.
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
            f'the config variable "{key}" is a connection, and its secrets cannot become a value.',
            hint="Use it as the connection of a step only.",
        )
    if key in scope.config:
        return scope.config[key]
    name, dot, rest = key.partition(".")
    return get_path(scope.config[name], parse_path(rest)) if dot and rest and name in scope.config else UNDEFINED


def parts_of(expression: Expression) -> Iterator[Reference | ConfigVariable]:
    """Every reference and config variable in an expression."""
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
    """True when the value does not depend on the run."""
    return next(parts_of(expression), None) is None


def is_unset(expression: Expression | None) -> bool:
    """True for an input that nobody filled in."""
    match expression:
        case None | Literal("" | None) | ConfigVariable("") | Template("") | Complex(()):
            return True
    return False
