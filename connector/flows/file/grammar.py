"""The grammar of integration files: what each of their objects may hold.

The parser (`parse`) and the JSON Schema for editors (`connector.flows.schema`) are both made from it, so a key, a
choice or a limit is written down once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VERSIONS = (6, 7)
"""Values of `definitionVersion` that are read."""

SCALAR = {"type": ["string", "number", "boolean", "null"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text, which may be absent or null unless it is required."""

    required: bool = False
    description: str = ""
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """True or false; false when absent."""

    required = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number within limits, the lower one when absent."""

    low: float
    high: float
    whole: bool = False
    required = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some texts; None when absent."""

    choices: tuple[str, ...]
    required = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of objects of one shape, or of scalars; empty when absent, which a required one may not be."""

    shape: str = ""
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """An object of a shape; None when absent.

    Attributes:
        shape: Name of the shape.
        required: It must be there.
        short: Key of the shape that a bare text stands for.
    """

    shape: str
    required: bool = False
    short: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Expressions by input key."""

    required = False


@dataclass(frozen=True, slots=True)
class Unread:
    """What the parser passes on as it is; the schema says what editors may expect there."""

    schema: Any
    required: bool = False


Field = Text | Flag | Number | Choice | ListOf | Part | Inputs | Unread


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of the format.

    Attributes:
        noun: What a message calls it.
        fields: What it holds, by key; other keys are kept and not read.
    """

    noun: str
    fields: Mapping[str, Field] = field(default_factory=dict)

    @property
    def required(self) -> list[str]:
        """Keys that must be there."""
        return [key for key, entry in self.fields.items() if entry.required]

    def other_keys(self, value: Any) -> dict[str, Any]:
        """The keys of an object of which the grammar says nothing."""
        return {key: part for key, part in value.items() if key not in self.fields} if isinstance(value, dict) else {}


_VERSION = {"enum": [*VERSIONS, *map(str, VERSIONS)], "description": "Version of this format."}
_PAGES = {"type": ["array", "null"], "description": "Pages of the config wizard; not executed."}
_DATA_TYPES = ("string", "date", "timestamp", "picklist", "schedule", "code", "boolean", "number", "connection")

INTEGRATION = Shape(
    "an object with `definitionVersion`, `name` and `flows`",
    {
        "definitionVersion": Unread(_VERSION, required=True),
        "name": Text(required=True),
        "description": Text(),
        "flows": ListOf("flow", required=True),
        "requiredConfigVars": ListOf("configVar"),
        "configPages": Unread(_PAGES),
    },
)

SHAPES = {
    "flow": Shape(
        "a flow",
        {
            "name": Text(required=True),
            "description": Text(),
            "isSynchronous": Flag(description="The caller waits for the flow's result."),
            "steps": ListOf("step", required=True, description="The first is the trigger."),
        },
    ),
    "step": Shape(
        "a step",
        {
            "name": Text(required=True, description="References name the step in camel case."),
            "description": Text(),
            "action": Part("action", required=True),
            "inputs": Inputs(),
            "isTrigger": Flag(),
            "steps": ListOf("step", description="Steps of a loop."),
            "branches": ListOf("branch", description="Branches of a branching step; the last is Else."),
            "errorConfig": Part("errorConfig"),
        },
    ),
    "branch": Shape("a branch with a name and steps", {"name": Text(required=True), "steps": ListOf("step")}),
    "action": Shape(
        "an object with `key` and `component`",
        {"key": Text(required=True), "component": Part("component", required=True, short="key")},
    ),
    "component": Shape(
        "an object with the component's `key`",
        {"key": Text(required=True), "isPublic": Unread({"type": "boolean"})},
    ),
    "errorConfig": Shape(
        "an object with `errorHandlerType`",
        {
            "errorHandlerType": Choice(("fail", "ignore", "retry")),
            "maxAttempts": Number(0, 5, whole=True),
            "delaySeconds": Number(0, 60),
            "usesExponentialBackoff": Flag(),
            "ignoreFinalError": Flag(),
        },
    ),
    "configVar": Shape(
        "a config variable",
        {
            "key": Text(required=True),
            "dataType": Text(suggestions=_DATA_TYPES),
            "defaultValue": Unread(True),
            "pickList": ListOf(),
            "collectionType": Choice(("valuelist", "keyvaluelist")),
            "connection": Part("action"),
            "inputs": Inputs(),
            "useScopedConfigVar": Unread({"type": "string"}),
        },
    ),
}
"""The shapes by the name that the JSON Schema gives them."""

EXPRESSIONS: Mapping[str, Text | Unread] = {
    "value": Unread({"type": ["string", "number", "boolean", "null", "object", "array"]}),
    "reference": Text(description="Such as listThings.results.data.0.id"),
    "configVar": Text(description="Key of a config variable; empty for an unset one."),
    "template": Text(description="Text with {{$step.path}} and {{#Config Variable}}"),
    "complex": Unread({"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/entry"}}, {"enum": ["", None]}]}),
}
"""What `value` holds in each type of expression."""
