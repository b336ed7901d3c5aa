"""The shapes that the steps of a flow expect of one another, from the references in their inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json

from connector.common.value_paths import Path, parse_path
from connector.flows.file.model import FlowDefinition, Step
from connector.flows.values.expressions import Complex, Expression, Literal, Pair, Reference, Template, parts_of

NUMBER_OPERATORS = ("greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual")
DATE_OPERATORS = ("dateTimeAfter", "dateTimeBefore", "dateTimeSame")
EXACT_OPERATORS = ("equal", "exactlyMatches", "in", "startsWith", "endsWith")
DATE = "2026-01-31T12:00:00Z"

PARTS: dict[str, Path] = {"filter": (), "first": ("0",), "last": ("0",)}
"""Actions that return a list again, or one of its items."""

FORMATS = {"deserializeFromJson": "json", "deserializeFromXml": "xml", "parse": "csv", "deserializeFormData": "form"}
"""Formats of the strings that an action parses."""

_IN_CODE = r"stepResults((?:\.[A-Za-z_]\w*|\[\d+\]|\[\"[^\"\]]*\"\]|\['[^'\]]*'\])+)"
_DESTRUCTURED = re.compile(rf"\{{([\w\s,:$]*)\}}\s*=\s*{_IN_CODE}")
_ITERATED = re.compile(rf"\bof\s+{_IN_CODE}")
_REFERRED = re.compile(_IN_CODE)


@dataclass(slots=True)
class _Node:
    """What the flow expects at one path.

    Attributes:
        fields: What it expects below.
        item: What it expects of the items of a list.
        sample: A value that serves the steps that use it; None if they say nothing about it.
        parsed: What it expects of the value that a string holds, by its format: `json`, `xml`, or `csv`.
    """

    fields: dict[str, _Node] = field(default_factory=dict)
    item: _Node | None = None
    sample: Any = None
    parsed: tuple[str, _Node] | None = None

    def at(self, path: Path) -> _Node:
        """Return the node at a path below, which is created if it is not there."""
        node = self
        for segment in path:
            if segment.isdecimal():
                node.item = node.item or _Node()
                node = node.item
            else:
                node = node.fields.setdefault(segment, _Node())
        return node

    def value(self, name: str, default: Any = None) -> Any:
        """Return a value with all that is expected; `name` is for the values of which nothing is."""
        if self.parsed is not None:
            return _text(*self.parsed, name)
        if self.fields:
            return {key: node.value(key) for key, node in self.fields.items()}
        if self.item is not None:
            return [self.item.value(name)]
        if self.sample is not None:
            return self.sample
        return f"example {name}" if default is None else default


class ReferencedShapes:
    """The shapes of the results of the steps of a flow, as its other steps refer to them."""

    def __init__(self, flow: FlowDefinition) -> None:
        self._steps = {step.variable: step for step in flow.walk()}
        self._nodes: dict[str, _Node] = {}
        for step in flow.walk():
            for key, expression in step.inputs.items():
                self._add(step, key, expression)

    def has(self, step: Step) -> bool:
        """Return True if any step refers to the results of a step."""
        return step.variable in self._nodes

    def value(self, step: Step, default: Any) -> Any:
        """Return results of a step with the fields that other steps refer to; the default if they refer to none."""
        return self._node(step.variable).at(("results",)).value(step.variable, default)

    def _node(self, variable: str) -> _Node:
        return self._nodes.setdefault(variable, _Node())

    def _at(self, variable: str, path: Path) -> _Node | None:
        """Return the node that a reference leads to: the item of a loop is one of the list that it goes over."""
        step = self._steps.get(variable)
        if step is None or not path:
            return None
        if step.is_trigger and path == ("results", "body"):
            path = (*path, "data")
        if step.component == "loop" and path[0] == "currentItem":
            items = step.inputs.get("items")
            listed = self._at(items.variable, items.path) if isinstance(items, Reference) else None
            return None if listed is None else listed.at(("0", *path[1:]))
        if step.component == "loop" and path[0] == "results" and step.steps:
            return self._at(step.steps[-1].variable, ("results", *path[2:]))
        if step.kind == "branch.selectExecutedStepResult":
            parts = [part for each in step.inputs.values() for part in parts_of(each) if isinstance(part, Reference)]
            nodes = [self._at(part.variable, (*part.path, *path[1:])) for part in parts]
            return next((node for node in nodes if node is not None), None)
        passed_on = self._passed_on(step)
        if passed_on is not None and path[0] == "results":
            source, inner = passed_on
            return self._at(source.variable, (*source.path, *inner, *path[1:]))
        return self._node(variable).at(path)

    def _passed_on(self, step: Step) -> tuple[Reference, Path] | None:
        """Return the reference whose value a step returns, in another form or in part, and the path of that part."""
        inner: Path = ()
        if step.component == "change-data-format" and step.action not in FORMATS:
            sources = [step.inputs.get(key) for key in ("data", "value")]
        elif step.component == "collection-tools" and step.action in PARTS:
            sources, inner = [step.inputs.get("listInput")], PARTS[step.action]
        else:
            return None
        return next(((source, inner) for source in sources if isinstance(source, Reference)), None)

    def _add(self, step: Step, key: str, expression: Expression) -> None:
        if step.kind == "branch.branchOnExpression":
            self._add_conditions(expression)
        for part in parts_of(expression):
            node = self._at(part.variable, part.path) if isinstance(part, Reference) else None
            if node is not None and step.component == "math":
                node.sample = 1
            elif node is not None and isinstance(expression, Reference):
                self._use(node, step, key)
            elif node is not None and isinstance(part, Reference) and isinstance(expression, Template):
                node.sample = node.sample or f"example {_last(part)}"
        if step.component == "code" and isinstance(expression, Literal | Template):
            self._add_code(expression.value if isinstance(expression, Literal) else expression.text)

    def _use(self, node: _Node, step: Step, key: str) -> None:
        """Note what a step expects of a whole input."""
        if step.kind == "loop.loopOverItems" or key in ("listInput", "strings", "numbers"):
            node.item = node.item or _Node()
        elif key == "inputArray":
            node.item = node.item or _Node(sample={"name": "example"})
        elif step.action == "validateJsonSchema":
            _add_schema(node, _literal_json(step.inputs.get("jsonSchema")))
        elif step.action == "branchOnValue":
            node.sample = _first_mapping(step) or node.sample
        elif key == "url":
            node.sample = f"https://example.com/{step.variable}"
        elif key == "iterationCount":
            node.sample = "1"
        elif step.component == "datetime":
            node.sample = DATE
        elif step.action in FORMATS:
            node.parsed = (FORMATS[step.action], self._node(step.variable).at(("results",)))

    def _add_conditions(self, expression: Expression) -> None:
        for condition in _conditions(expression):
            operator, *terms = condition
            for term in terms:
                node = self._at(term.variable, term.path) if isinstance(term, Reference) else None
                others = [other.value for other in terms if isinstance(other, Literal)]
                if node is not None and node.sample is None:
                    node.sample = _sample(str(operator), others)

    def _add_code(self, code: str) -> None:
        for match in _DESTRUCTURED.finditer(code):
            for name in filter(None, (part.partition(":")[0].strip() for part in match[1].split(","))):
                self._refer(f"{match[2]}.{name}")
        for match in _ITERATED.finditer(code):
            self._refer(f"{match[1]}[0]")
        for match in _REFERRED.finditer(code):
            self._refer(match[1])

    def _refer(self, text: str) -> None:
        variable, *path = parse_path(text.removeprefix("."))
        self._at(variable, tuple(path))


def _literal_json(expression: Expression | None) -> Any:
    try:
        return from_json(expression.value) if isinstance(expression, Literal) else None
    except (TypeError, ValueError):
        return None


def _add_schema(node: _Node, schema: Any) -> None:
    """Add what a JSON Schema requires."""
    if not isinstance(schema, dict):
        return
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    properties: dict[str, Any] = schema.get("properties") or {}
    for name in dict.fromkeys([*properties, *schema.get("required", [])]):
        _add_schema(node.at((name,)), properties.get(name))
    if kind == "array":
        _add_schema(node.at(("0",)), schema.get("items"))
    elif schema.get("enum"):
        node.sample = schema["enum"][0]
    elif kind in ("number", "integer", "boolean"):
        node.sample = True if kind == "boolean" else schema.get("minimum", 1)


def _text(form: str, node: _Node, name: str) -> str:
    """Return a string in a format whose content has what is expected."""
    value = node.value(name, {})
    if form == "json":
        return json.dumps(value)
    if form == "form":
        return urlencode(value if isinstance(value, dict) and value else {"name": "example"})
    if form == "csv":
        row = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {"name": "example"}
        return f"{','.join(row)}\n{','.join(map(str, row.values()))}\n"
    return _xml("root", value) if not isinstance(value, dict) or len(value) != 1 else _xml(*next(iter(value.items())))


def _xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_xml(key, part) for key, part in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_xml(name, part) for part in [*value, *value])
    return f"<{name}>{value}</{name}>"


def _conditions(expression: Expression) -> Iterator[list[Any]]:
    """Yield every comparison of an expression: its operator, and its terms."""
    match expression:
        case Pair(_, value):
            yield from _conditions(value)
        case Complex((Literal(operator), *terms)) if not any(isinstance(term, Complex) for term in terms):
            yield [operator, *terms]
        case Complex(items):
            for item in items:
                yield from _conditions(item)


def _sample(operator: str, others: list[Any]) -> Any:
    if operator in EXACT_OPERATORS and others:
        return others[0]
    if operator in NUMBER_OPERATORS:
        return 1
    if operator in DATE_OPERATORS:
        return DATE
    if operator in ("isEmpty", "isNotEmpty"):
        return "example"
    return True if operator in ("isTrue", "isFalse") else None


def _first_mapping(step: Step) -> Any:
    mappings = step.inputs.get("branchValueMappings")
    for entry in mappings.items if isinstance(mappings, Complex) else ():
        if isinstance(entry, Pair) and isinstance(entry.value, Literal):
            return entry.value.value
    return None


def _last(part: Reference) -> str:
    names = [segment for segment in part.path if not segment.isdecimal()]
    return part.variable if names[-1:] == ["results"] else names[-1]
