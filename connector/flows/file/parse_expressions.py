"""Reading the five kinds of expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.common.text import did_you_mean
from connector.common.yaml_source import Place
from connector.flows.file.grammar import EXPRESSIONS
from connector.flows.file.yaml_reader import Reader, kind_of
from connector.flows.values.expressions import Complex, ConfigVariable, Expression, Literal, Pair, Reference, Template

UNREADABLE = Literal("")


class ExpressionReader(Reader):
    """Reads expressions; what does not fit is noted, and an empty literal stands in for it."""

    def expressions(self, holder: Mapping[str, Any], key: str, place: Place) -> dict[str, Expression]:
        """The expressions of a step or a connection, by input key."""
        value = holder.get(key)
        if value is None:
            return {}
        place = (*place, key)
        inputs = self.mapping(value, place, "an object of inputs by key", filled=False)
        return {name: self.expression(part, (*place, name)) for name, part in inputs.items()}

    def expression(self, value: Any, place: Place) -> Expression:
        """One expression: `{type, value}`."""
        if not isinstance(value, Mapping) or "type" not in value:
            hint = "Write it as `type: value` and `value: ...`."
            self.problem(place, f"must be an expression with `type` and `value`, not {kind_of(value)}.", hint)
            return UNREADABLE
        kind, content = value["type"], value.get("value")
        if kind == "value":
            return Literal(literal_text(content))
        if kind == "configVar":
            return ConfigVariable(self.text(value, "value", place, required=False))
        if kind == "complex":
            return self._complex(content, (*place, "value"))
        if kind in ("reference", "template"):  # it may be a list
            return self._parsed(Reference if kind == "reference" else Template, content, place)
        near = did_you_mean(str(kind), EXPRESSIONS) or f"Use one of {', '.join(EXPRESSIONS)}."
        self.problem((*place, "type"), f'is "{kind}", which is no type of expression.', near)
        return UNREADABLE

    def _parsed(self, kind: type[Reference] | type[Template], content: Any, place: Place) -> Expression:
        if content in (None, ""):
            return UNREADABLE
        if not isinstance(content, str):
            self.problem((*place, "value"), f"must be a text, not {kind_of(content)}.", "Put it in quotes.")
            return UNREADABLE
        try:
            return kind.parse(content)
        except ValueError as error:
            hint = "Write the step's name in camel case, then its path, such as `listThings.results.data.0.id`."
            self.problem((*place, "value"), f'"{content[:60]}" {error}.', hint)
        return UNREADABLE

    def _complex(self, content: Any, place: Place) -> Expression:
        if content in (None, ""):
            return Complex(())
        if not isinstance(content, list):
            self.problem(place, f"must be a list, not {kind_of(content)}.", "Begin each entry with a dash.")
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
    """Every literal of the format is a text; a number or a boolean that stands there bare is read as its text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    return value
