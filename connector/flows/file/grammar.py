"""The grammar of integration files: the fields of each object.

The parser (`parse`) and the JSON Schema for editors (`connector.flows.schema`) are both built from it, so each key,
choice, and limit is written down once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSIONS = (6, 7)
"""Supported values of `definitionVersion`."""

SCALAR = {"type": ["string", "number", "boolean", "null"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string. Unless it is required, it may be absent or null."""

    required: bool = False
    description: str = ""
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A boolean. Default: false."""

    required = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number within limits. Default: the lower limit."""

    low: float
    high: float
    whole: bool = False
    required = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several strings. Default: None."""

    choices: tuple[str, ...]
    required = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of objects of one shape, or of scalars. Default: empty, which a required list must not be."""

    shape: str = ""
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """An object of a shape. Default: None.

    Attributes:
        shape: Name of the shape.
        required: Whether the object must be present.
        short: Field of the shape that a bare string stands for.
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
    """A value that the parser passes on unchanged; the schema describes it for editors."""

    schema: Any
    required: bool = False


Field = Text | Flag | Number | Choice | ListOf | Part | Inputs | Unread


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of the format.

    Attributes:
        fields: Its fields by key. The parser keeps other keys without reading them.
    """

    fields: Mapping[str, Field]

    @property
    def required(self) -> list[str]:
        """Keys of the required fields."""
        return [key for key, entry in self.fields.items() if entry.required]

    def other_keys(self, value: Any) -> dict[str, Any]:
        """Return the entries of an object whose keys the grammar does not know."""
        return {key: part for key, part in value.items() if key not in self.fields} if isinstance(value, dict) else {}


_VERSION = {"enum": [*VERSIONS, *map(str, VERSIONS)], "description": "Version of the format."}
_PAGES = {"type": ["array", "null"], "description": "Pages of the config wizard. Ignored locally."}
_DATA_TYPES = ("string", "date", "timestamp", "picklist", "schedule", "code", "boolean", "number", "connection")

INTEGRATION = Shape(
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
        {
            "name": Text(required=True),
            "description": Text(),
            "isSynchronous": Flag(description="Whether the caller waits for the result of the flow."),
            "steps": ListOf("step", required=True, description="The first step is the trigger."),
        },
    ),
    "step": Shape(
        {
            "name": Text(required=True, description="References use this name in camel case."),
            "description": Text(),
            "action": Part("action", required=True),
            "inputs": Inputs(),
            "isTrigger": Flag(),
            "steps": ListOf("step", description="Steps of a loop."),
            "branches": ListOf("branch", description="Branches of a branching step. The last one is Else."),
            "errorConfig": Part("errorConfig"),
        },
    ),
    "branch": Shape({"name": Text(required=True), "steps": ListOf("step")}),
    "action": Shape(
        {"key": Text(required=True), "component": Part("component", required=True, short="key")},
    ),
    "component": Shape(
        {"key": Text(required=True), "isPublic": Unread({"type": "boolean"})},
    ),
    "errorConfig": Shape(
        {
            "errorHandlerType": Choice(("fail", "ignore", "retry")),
            "maxAttempts": Number(0, 5, whole=True),
            "delaySeconds": Number(0, 60),
            "usesExponentialBackoff": Flag(),
            "ignoreFinalError": Flag(),
        },
    ),
    "configVar": Shape(
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
"""The shapes by their name in the JSON Schema."""

EXPRESSIONS: Mapping[str, Text | Unread] = {
    "value": Unread({"type": ["string", "number", "boolean", "null", "object", "array"]}),
    "reference": Text(description="A path such as listThings.results.data.0.id."),
    "configVar": Text(description="Key of a config variable. Empty: not set."),
    "template": Text(description="A string with {{$step.path}} and {{#Config Variable}}."),
    "complex": Unread({"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/entry"}}, {"enum": ["", None]}]}),
}
"""The field `value` of each type of expression."""
