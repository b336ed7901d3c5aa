"""Multipart forms (RFC 7578): fields and files in one body."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from connector.rest.http_messages import json_bytes

OCTETS = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"


class File:
    """A file to send, and the type of an input that takes one.

    As an input it comes as bytes, as a string, as an object `{"data": BASE64, "contentType": ..., "name": ...}`, or as
    a `File`. Type and name are optional.

    Attributes:
        content: Bytes of the file.
        content_type: Media type.
        name: File name, without a folder; empty to use the name of the form's field.

    Raises:
        ValueError: If the media type has characters that would break the form.
    """

    __slots__ = ("content", "content_type", "name")

    def __init__(self, content: bytes, content_type: str = OCTETS, name: str = "") -> None:
        if not (content_type.isascii() and content_type.isprintable()):
            raise ValueError("invalid media type")
        self.content = content
        self.content_type = content_type
        self.name = name

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Return the file that a value of an input holds; a value of another kind is written as JSON.

        Raises:
            ValueError: If it is not base64, not valid Unicode, or not JSON, or if its media type is invalid.
        """
        match value:
            case cls():
                return value
            case {"data": str(data)}:
                kind, name = value.get("contentType"), value.get("name")
                return cls(base64.b64decode(data, validate=True), str(kind or OCTETS), str(name or ""))
            case bytes():
                return cls(value)
            case str():
                return cls(value.encode(), TEXT)
        return cls(json_bytes(value), "application/json")

    def to_value(self) -> dict[str, str]:
        """Return the file as JSON, in the form that `from_value` accepts."""
        value = {"data": base64.b64encode(self.content).decode(), "contentType": self.content_type}
        return value | ({"name": self.name} if self.name else {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, File) and self.to_value() == other.to_value()

    def __hash__(self) -> int:
        return hash((self.content, self.content_type, self.name))

    def __repr__(self) -> str:
        return f"File({len(self.content)} bytes, {self.content_type!r}, {self.name!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate the forms of `from_value`, and write the object of `to_value` as JSON."""
        as_json = core_schema.plain_serializer_function_ser_schema(cls.to_value, when_used="json")
        return core_schema.no_info_plain_validator_function(_validated, serialization=as_json)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the forms that JSON has."""
        text = {"type": "string"}
        encoded = {**text, "contentEncoding": "base64"}
        properties = {"data": encoded, "contentType": text, "name": text}
        return {"anyOf": [text, {"type": "object", "properties": properties, "required": ["data"]}]}


def _validated(value: Any) -> File:
    if isinstance(value, str | bytes | File) or (isinstance(value, dict) and isinstance(value.get("data"), str)):
        try:
            return File.from_value(value)
        except ValueError:
            text = "contains invalid base64, invalid Unicode, or an invalid media type"
            raise PydanticCustomError("file", text) from None
    raise PydanticCustomError("file", 'must be a string, bytes, or an object {"data": BASE64, "contentType": ...}')


def multipart(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return body and content type of a form.

    Args:
        fields: Values by name. A `File` is sent as a file, a string unchanged, and any other value as JSON.

    Raises:
        ValueError: If a value cannot be written as JSON.
    """
    from urllib3 import encode_multipart_formdata

    return encode_multipart_formdata({name: _part(name, value) for name, value in fields.items()})


def _part(name: str, value: Any) -> Any:
    if isinstance(value, File):
        return value.name or name, value.content, value.content_type
    return value if isinstance(value, str) else json_bytes(value)
