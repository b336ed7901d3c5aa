"""Typed inputs: what a designer shows of a field, and how the values that flows send are read.

Values come as native Python or the way a flow sends them, where every literal is text: `"true"`, `"50"`, JSON
text and `[{"key": ..., "value": ...}]` lists are read. An empty text is never a value: it means "not given".
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import (
    MISSING,
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
    with_config,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from connector.common.text import camel_case, did_you_mean
from connector.component.coercion import json_text, key_value_pairs, value_list
from connector.errors import InputError, Problem

InputType = Literal["string", "text", "password", "boolean", "code", "data"]
Collection = Literal["valuelist", "keyvaluelist"]


GivenT = TypeVar("GivenT")
DefaultT = TypeVar("DefaultT")


def value_or(value: GivenT | MISSING, default: DefaultT) -> GivenT | DefaultT:
    """The value of an optional input, or the default when it was not given."""
    return default if value is MISSING else value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Input:
    """What a designer shows of one input; it stands in the field's `Annotated[...]`.

    Attributes:
        label: Name shown to people.
        comments: One or two sentences of help.
        placeholder: Text shown in the empty field.
        example: A value that would be right.
        choices: Closed choices, value to title, in the order shown.
        type: The designer's kind of field.
        language: Language of a `code` field; `json` fields take JSON text.
        collection: The designer's collection; `keyvaluelist` becomes an object.
        key_label: Label of the keys of a `keyvaluelist`.
        data_source: Key of the data source that offers values.
        default: What the designer fills in; never applied by validation.
        secret: The value must not be shown.
        shown: False hides the field from designers.
        in_prismatic: False for an input that the platform's own component lacks.
    """

    label: str
    comments: str = ""
    placeholder: str = ""
    example: Any = None
    choices: Mapping[str, str] = field(default_factory=dict)
    type: InputType = "string"
    language: str | None = None
    collection: Collection | None = None
    key_label: str = ""
    data_source: str | None = None
    default: str | None = None
    secret: bool = False
    shown: bool = True
    in_prismatic: bool = True

    @property
    def is_secret(self) -> bool:
        """True if the value must not be shown."""
        return self.secret or self.type == "password"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        expected = "list" if typing.get_origin(source) is list else "object"
        if self.collection == "keyvaluelist":
            return core_schema.no_info_before_validator_function(key_value_pairs, schema)
        if self.collection == "valuelist":
            return core_schema.no_info_before_validator_function(value_list, schema)
        if self.language == "json":
            return core_schema.no_info_before_validator_function(lambda v: json_text(v, expected), schema)
        return schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        out = handler(schema)
        extra: dict[str, Any] = {"title": self.label}
        if self.comments:
            extra["description"] = self.comments
        holder = out.get("items", out)
        if self.choices and "enum" in holder:
            holder.pop("enum")
            holder["oneOf"] = [{"const": value, "title": title} for value, title in self.choices.items()]
        if self.example is not None:
            extra["examples"] = [self.example]
        if self.type == "password":
            extra |= {"format": "password", "writeOnly": True}
        if self.data_source:
            extra["x-data-source"] = self.data_source
        return {**out, **extra}


class Inputs(BaseModel):
    """Base of the inputs of an action, a data source or a connection.

    Fields are snake_case, their keys camelCase. An optional field is `X | MISSING = MISSING`; a field that the
    API can clear with null is `X | None | MISSING = MISSING`. Reading fails with one `InputError` that names
    every input that does not fit.
    """

    model_config = ConfigDict(
        alias_generator=camel_case,
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        defer_build=True,
    )

    sample_prefix: ClassVar[str | None] = None
    """A list that starts with this text was never touched by its user and counts as not given."""

    @model_validator(mode="before")
    @classmethod
    def _only_what_was_given(cls, given: Any) -> Any:
        collections, required, nullable = cls._shape()
        kept: dict[str, Any] = {}
        for key, value in given.items():
            if value is None and key not in nullable:
                continue
            if value == "" or (value == [] and key in collections):
                if collections.get(key) == "keyvaluelist" and key in required:
                    kept[key] = {}
                continue
            if cls.sample_prefix is not None and isinstance(value, list) and value[:1] == [cls.sample_prefix]:
                continue
            kept[key] = value
        return kept

    @classmethod
    @cache
    def _shape(cls) -> tuple[dict[str, Collection], frozenset[str], frozenset[str]]:
        fields = {info.alias or name: info for name, info in cls.model_fields.items()}
        collections = {key: marker.collection for key, marker in cls.definitions().items() if marker.collection}
        required = frozenset(key for key, info in fields.items() if info.is_required())
        nullable = frozenset(key for key, info in fields.items() if type(None) in typing.get_args(info.annotation))
        return collections, required, nullable

    @classmethod
    @cache
    def definitions(cls) -> dict[str, Input]:
        """The inputs by key, in the order of declaration.

        Raises:
            TypeError: A field has no `Input(...)` in its annotation.
        """
        found = {}
        for name, info in cls.model_fields.items():
            marker = next((m for m in (*info.metadata, *_annotated_in(info.annotation)) if isinstance(m, Input)), None)
            if marker is None:
                msg = f"{cls.__module__}.{cls.__qualname__}.{name} has no Input(...) in its annotation"
                raise TypeError(msg)
            found[info.alias or name] = marker
        return found

    @classmethod
    def required_keys(cls) -> frozenset[str]:
        """Keys of the inputs that must be given."""
        return cls._shape()[1]

    @classmethod
    def from_values(cls, given: Mapping[str, Any]) -> Self:
        """Validate what a caller gave.

        Raises:
            InputError: Some inputs do not fit; every one of them is listed.
        """
        if not isinstance(given, Mapping):
            raise InputError(f"inputs are an object by key, not a {type(given).__name__}.")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = [cls._problem(dict(found)) for found in error.errors(include_url=False, include_input=False)]
        count = "one input does" if len(problems) == 1 else f"{len(problems)} inputs do"
        raise InputError(f"{count} not fit.", problems=problems)

    @classmethod
    def _problem(cls, found: dict[str, Any]) -> Problem:
        path = [part for part in found["loc"] if not str(part).startswith(("function-", "nullable", "constrained"))]
        if not path:
            return Problem("", _message(found, None))
        key = str(path[0])
        definition = cls.definitions().get(key)
        if definition is None:
            return Problem(key, "unknown input.", hint=did_you_mean(key, cls.definitions()))
        location = key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:])
        return Problem(location, _message(found, definition), label=definition.label)

    @classmethod
    @cache
    def secret_keys(cls) -> frozenset[str]:
        """Return the keys of the inputs that must not be shown."""
        return frozenset(key for key, marker in cls.definitions().items() if marker.is_secret)

    def secret_values(self) -> list[Any]:
        """Return the values of the secret inputs that are set."""
        fields = type(self).model_fields.items()
        secret = [getattr(self, name) for name, info in fields if (info.alias or name) in self.secret_keys()]
        return [value for value in secret if value is not MISSING]

    def body(self, *names: str) -> dict[str, Any]:
        """The named fields that were given, by key, ready to be sent as JSON."""
        return self.model_dump(include=set(names))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        secret = self.secret_keys()
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not MISSING:
                yield name, "***" if info.alias in secret else value


def _path_segment(value: str) -> str:
    if value in {".", ".."}:
        raise PydanticCustomError("path_segment", "must be an id, not a relative path")
    return value


wire_shape = with_config(ConfigDict(extra="allow", coerce_numbers_to_str=True))
"""Decorates a `TypedDict` that describes a part of a JSON input: what it does not name passes through."""

PathSegment = AfterValidator(_path_segment)
"""Marks a text that becomes one segment of a URL's path: `.` and `..` are refused."""


_WORDS = {
    "bool_parsing": "must be true or false.",
    "bool_type": "must be true or false.",
    "extra_forbidden": "is unknown here.",
    "int_parsing": "must be a whole number.",
    "int_from_float": "must be a whole number.",
    "int_type": "must be a whole number.",
    "float_parsing": "must be a number.",
    "float_type": "must be a number.",
    "string_type": "must be text.",
    "list_type": "must be a list.",
    "dict_type": "must be an object.",
}


def _annotated_in(annotation: Any) -> Iterator[Any]:
    for part in (annotation, *typing.get_args(annotation)):
        yield from getattr(part, "__metadata__", ())


def _message(found: dict[str, Any], definition: Input | None) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if kind == "missing":
        return "is required."
    if kind == "literal_error" and definition and definition.choices and len(found["loc"]) <= 2:
        return "must be one of " + ", ".join(_choice(*pair) for pair in definition.choices.items()) + "."
    if kind in _WORDS:
        return _WORDS[kind]
    limits = {
        "greater_than_equal": "must be at least {ge}.",
        "less_than_equal": "must be at most {le}.",
        "string_too_short": "must have at least {min_length} characters.",
        "string_too_long": "must have at most {max_length} characters.",
        "too_long": "must have at most {max_length} entries, has {actual_length}.",
    }
    if kind in limits:
        return limits[kind].format(**context)
    text = str(found["msg"]).replace("Input should be", "must be")
    return text if text.endswith(".") else f"{text}."


def _choice(value: str, title: str) -> str:
    return value if title in {"", value} else f"{value} ({title})"
