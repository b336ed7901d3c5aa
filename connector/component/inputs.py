"""Typed inputs: what a form shows of a field, and how values are validated.

Values arrive as native Python or as flows send them, where every literal is a string: `"true"`, `"50"`, JSON in a
string and `[{"key": ..., "value": ...}]` lists are accepted. An empty string means "not set", because a flow sends one
for every untouched input; `EMPTY` is the empty string as a value.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
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

from connector.common.redaction import REDACTED
from connector.common.text import camel_case
from connector.component.coercion import json_text, key_value_pairs, value_list
from connector.errors import InputError, NoChangesError

InputType = Literal["string", "text", "password", "boolean", "code", "data"]
Collection = Literal["valuelist", "keyvaluelist"]


ValueT = TypeVar("ValueT")
DefaultT = TypeVar("DefaultT")


class _Empty(str):
    """The type of `EMPTY`: a string, so that it can be sent unchanged, whose only instance survives pickling."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "EMPTY"


EMPTY = _Empty()
"""The empty string as a value: `{"name": connector.EMPTY}` sends `""`, where `{"name": ""}` means "not set"."""


def value_or(value: ValueT | MISSING, default: DefaultT) -> ValueT | DefaultT:
    """Return the value of an optional input, or the default if the input is not set."""
    return default if value is MISSING else value


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogSettings:
    """Where the service describes the settings that an object input can hold.

    Attributes:
        key: Key of the input with the ID of an existing record.
        get: Action that returns such a record.
        options: Dotted path of the descriptions in its payload, which is also their path in the payload of a write.
        type_key: Key of the input with the ID of a type in the catalog.
        types: List action that returns the types, each with its `options`.
    """

    key: str
    get: str
    options: str
    type_key: str
    types: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Input:
    """What a form shows of one input; part of the field's `Annotated[...]`.

    Attributes:
        label: Label of the field.
        comments: Help: one or two sentences.
        placeholder: Text shown in the empty field.
        example: A valid value.
        choices: Closed choices, value to title, in form order.
        type: Prismatic's type of field.
        language: Language of a `code` field; a `json` field also accepts JSON in a string.
        collection: Prismatic's collection; a `keyvaluelist` becomes an object.
        key_label: Label of the keys of a `keyvaluelist`.
        data_source: Key of the data source that offers values.
        data_source_in_prismatic: False if Prismatic's component offers no choices for the input.
        depends_on: Keys of other inputs whose values the data source needs, as inputs of the same keys.
        settings: Where the service describes the keys of an object.
        default: Value that forms insert; validation never applies it.
        secret: Redacts the value wherever inputs are shown.
        hidden: Leaves the field out of forms.
        in_prismatic: False for an input that Prismatic's component lacks.
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
    data_source_in_prismatic: bool = True
    depends_on: Sequence[str] = ()
    settings: CatalogSettings | None = None
    default: str | None = None
    secret: bool = False
    hidden: bool = False
    in_prismatic: bool = True

    @property
    def is_secret(self) -> bool:
        """True if the value must never be shown."""
        return self.secret or self.type == "password"

    # pydantic calls these two hooks on every object in an Annotated[...]: the first adds the string forms of the value
    # to validation, the second puts label, help and choices into the JSON Schema.
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
        field_schema = handler(schema)
        extra: dict[str, Any] = {"title": self.label}
        if self.comments:
            extra["description"] = self.comments
        holder = field_schema.get("items", field_schema)
        if self.choices and "enum" in holder:
            holder.pop("enum")
            holder["oneOf"] = [{"const": value, "title": title} for value, title in self.choices.items()]
        if self.example is not None:
            extra["examples"] = [self.example]
        if self.type == "password":
            extra |= {"format": "password", "writeOnly": True}
        if self.data_source:
            extra["x-data-source"] = self.data_source
        if self.depends_on:
            extra["x-depends-on"] = list(self.depends_on)
        return {**field_schema, **extra}


class Inputs(BaseModel):
    """Base of the inputs of an action or data source, and of the fields of a connection.

    Fields are snake_case, their keys camelCase. An optional field is `X | MISSING = MISSING`; a field that the API can
    clear with null is `X | None | MISSING = MISSING`. Validation raises one `InputError` with every invalid input.
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
    """Sample value that Prismatic's forms insert; a list that starts with it is treated as not set."""

    update_fields: ClassVar[Sequence[str]] = ()
    """Fields of an update, of which at least one must be set: without any, nothing would be updated."""

    @model_validator(mode="before")
    @classmethod
    def _only_set_values(cls, raw_inputs: Any) -> Any:
        collections, required, nullable = cls._shape()
        values: dict[str, Any] = {}
        for key, value in raw_inputs.items():
            if value is None and key not in nullable:
                continue
            if (value == "" and value is not EMPTY) or (value == [] and key in collections):
                if collections.get(key) == "keyvaluelist" and key in required:
                    values[key] = {}
                continue
            # A list of one value may come as that value alone.
            first = value[:1] if isinstance(value, list) else [value] if key in collections else []
            if cls.sample_prefix is not None and first == [cls.sample_prefix]:
                continue
            values[key] = value
        return values

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
        """Return the inputs by key, in the order of declaration.

        Raises:
            TypeError: If a field has no `Input(...)` in its annotation.
        """
        markers = {}
        for name, info in cls.model_fields.items():
            parts = (*info.metadata, *_annotated_in(info.annotation))
            marker = next((part for part in parts if isinstance(part, Input)), None)
            if marker is None:
                msg = f"{cls.__module__}.{cls.__qualname__}.{name} has no Input(...) in its annotation"
                raise TypeError(msg)
            markers[info.alias or name] = marker
        return markers

    @classmethod
    def required_keys(cls) -> frozenset[str]:
        """Return the keys of the required inputs."""
        return cls._shape()[1]

    @classmethod
    def nullable_keys(cls) -> frozenset[str]:
        """Return the keys of the inputs that can be null."""
        return cls._shape()[2]

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Validate inputs and return a model instance.

        Raises:
            InputError: If some inputs are invalid; every one of them is listed.
            NoChangesError: If the inputs are those of an update, and none of its fields is set.
        """
        if not isinstance(values, Mapping):
            raise InputError(f"inputs must be a dict, not a {type(values).__name__}")
        try:
            inputs = cls.model_validate(values)
        except ValidationError as error:
            from connector.component.input_problems import problem_of

            problems = [problem_of(cls.definitions(), dict(entry)) for entry in error.errors(include_url=False)]
        else:
            inputs.check_update()
            return inputs
        # Raised outside of the handler: pydantic's error holds all values, secret ones too, and must not hang on ours.
        count = "invalid input" if len(problems) == 1 else f"{len(problems)} invalid inputs"
        raise InputError(count, problems=problems)

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
        """Return the named inputs that are set, as a JSON body.

        The values are those of the inputs themselves, which may be large: change nothing inside of them.
        """
        fields = type(self).model_fields
        values = {fields[name].serialization_alias or name: getattr(self, name) for name in fields if name in names}
        return {key: value for key, value in values.items() if value is not MISSING}

    def check_update(self) -> None:
        """Raise NoChangesError if these are the inputs of an update, and none of its fields is set."""
        if self.update_fields and all(getattr(self, name) is MISSING for name in self.update_fields):
            keys = ", ".join(type(self).model_fields[name].alias or name for name in self.update_fields)
            raise NoChangesError("nothing to update: no field is set", hint=f"Set at least one of: {keys}.")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        secret = self.secret_keys()
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not MISSING:
                yield name, REDACTED if info.alias in secret else value


# As strings, as the annotations of this module are, pydantic would evaluate these two again for each subclass. That
# would be a sixth of the time that importing the modules of a component takes.
Inputs.__annotations__ |= {"sample_prefix": ClassVar[str | None], "update_fields": ClassVar[Sequence[str]]}


def _path_segment(value: str) -> str:
    # IDs come from files and command substitutions, whose last newline would end up in the URL and look like a 404.
    segment = value.strip()
    if segment in {"", ".", ".."}:
        raise PydanticCustomError("path_segment", "must be an ID, not empty or a relative path")
    return segment


wire_shape = with_config(ConfigDict(extra="allow", coerce_numbers_to_str=True))
"""Decorates a `TypedDict` that describes a part of a JSON input: keys that it does not name pass through."""

PathSegment = AfterValidator(_path_segment)
"""Marks a string that becomes one segment of a URL's path: trims it, and rejects `.` and `..`."""


def _annotated_in(annotation: Any) -> Iterator[Any]:
    for part in (annotation, *typing.get_args(annotation)):
        yield from getattr(part, "__metadata__", ())
