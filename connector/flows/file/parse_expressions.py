"""Parse the five types of expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.common.yaml_source import Place
from connector.flows.file.grammar import EXPRESSIONS
from connector.flows.file.yaml_reader import Reader
from connector.flows.values.expressions import Complex, ConfigVariable, Expression, Literal, Pair, Reference, Template
from connector.flows.values.javascript import json_type

UNREADABLE = Literal("")


class ExpressionReader(Reader):
    """Parses expressions. An invalid expression is noted as a problem and replaced by an empty literal."""

    def expressions(self, holder: Mapping[str, Any], key: str, place: Place) -> dict[str, Expression]:
        """Return the expressions of a step or a connection, by input key."""
        value = holder.get(key)
        if value is None:
            return {}
        place = (*place, key)
        inputs = self.mapping(value, place)
        return {name: self.expression(part, (*place, name)) for name, part in inputs.items()}

    def expression(self, value: Any, place: Place) -> Expression:
        """Return one expression, written as `{type, value}`."""
        if not isinstance(value, Mapping) or "type" not in value:
            hint = "Write `type: value` and `value: ...`."
            self.problem(place, f'must be an expression with "type" and "value", not {json_type(value)}', hint)
            return UNREADABLE
        kind, content = value["type"], value.get("value")
        if kind == "value":
            return Literal(literal_text(content))
        if kind == "configVar":
            return ConfigVariable(self.text(value, "value", place, required=False))
        if kind == "complex":
            return self._complex(content, (*place, "value"))
        if kind in ("reference", "template"):  # A tuple, because `kind` may be a list, which no set can look up.
            return self._parsed(Reference if kind == "reference" else Template, content, place)
        hint = did_you_mean(str(kind), EXPRESSIONS) or f"Use one of {', '.join(EXPRESSIONS)}."
        self.problem((*place, "type"), f'unknown expression type "{kind}"', hint)
        return UNREADABLE

    def _parsed(self, kind: type[Reference] | type[Template], content: Any, place: Place) -> Expression:
        if content in (None, ""):
            return UNREADABLE
        if not isinstance(content, str):
            self.problem((*place, "value"), f"must be a string, not {json_type(content)}")
            return UNREADABLE
        try:
            return kind.parse(content)
        except ValueError as error:
            hint = "Write the step name in camel case and a path, such as `listThings.results.data.0.id`."
            self.problem((*place, "value"), f'invalid {kind.__name__.lower()} "{content[:60]}": {error}', hint)
        return UNREADABLE

    def _complex(self, content: Any, place: Place) -> Expression:
        if content in (None, ""):
            return Complex(())
        if not isinstance(content, list):
            self.problem(place, f"must be a list, not {json_type(content)}", "Start each entry with a dash.")
            return UNREADABLE
        return Complex(tuple(self._entry(entry, (*place, index)) for index, entry in enumerate(content)))

    def _entry(self, entry: Any, place: Place) -> Expression:
        if isinstance(entry, list):
            return self._complex(entry, place)
        if not isinstance(entry, Mapping):
            return Literal(literal_text(entry))
        value = self.expression(entry, place)
        if "name" not in entry:
            return value
        name = entry["name"]
        named = self.expression(name, (*place, "name")) if isinstance(name, Mapping) else Literal(literal_text(name))
        return Pair(named, value)


def literal_text(value: Any) -> Any:
    """Return the value of a literal: the format has only strings, so a bare number or boolean becomes a string."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    return value
