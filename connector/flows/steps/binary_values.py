"""Binary values between steps: JSON, so that journals and stubs can hold them.

A binary value is `{"data": ..., "contentType": ...}`: text for a content type of text, base64 for any other. The body
of a trigger has the same form.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from connector.errors import UsageError
from connector.rest import json_bytes

OCTETS = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"

_IS_TEXT = re.compile(r"text/|[^;]*\b(json|xml|x-www-form-urlencoded|javascript|csv|yaml)\b", re.IGNORECASE)


def binary_value(content: bytes, content_type: str) -> dict[str, str]:
    """Return the value of some bytes with a content type."""
    if _IS_TEXT.match(content_type):
        try:
            return {"data": content.decode(), "contentType": content_type}
        except UnicodeDecodeError:
            content_type = OCTETS
    return {"data": base64.b64encode(content).decode(), "contentType": content_type or OCTETS}


def is_binary_value(value: Any) -> bool:
    """Return True for `{"data", "contentType"}`, and for a Buffer of Node.js in JSON."""
    return isinstance(value, Mapping) and (value.keys() == {"data", "contentType"} or _is_buffer(value))


def _is_buffer(value: Mapping[str, Any]) -> bool:
    return value.keys() == {"type", "data"} and value["type"] == "Buffer"


def as_content(value: Any) -> tuple[bytes, str]:
    """Return bytes and content type of a value of a step; a value that is not binary is written as JSON.

    Raises:
        UsageError: If it has no such form, or its base64 is invalid.
    """
    if isinstance(value, bytes):
        return value, OCTETS
    if isinstance(value, str):
        return value.encode("utf-8", "replace"), TEXT
    if is_binary_value(value):
        kind = str(value.get("contentType") or OCTETS)
        return _buffer(value["data"]) if _is_buffer(value) else _decoded(value["data"], kind), kind
    try:
        return json_bytes(value), "application/json"
    except ValueError as error:
        raise UsageError(f"value cannot be written as JSON: {error}") from None


def as_string(value: Any) -> str:
    """Return the text of a value that a step reads as a document.

    Raises:
        UsageError: See `as_content`.
    """
    return value if isinstance(value, str) else as_content(value)[0].decode("utf-8", "replace")


def _decoded(data: Any, kind: str) -> bytes:
    if not isinstance(data, str) or _IS_TEXT.match(kind):
        return as_content(data)[0]
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f'"data" of a value of type "{kind}" must be base64') from None


def _buffer(data: Any) -> bytes:
    """Return the bytes of a Buffer of Node.js in JSON: `{"type": "Buffer", "data": [1, 2]}`."""
    try:
        return bytes(data)
    except (TypeError, ValueError):
        raise UsageError('"data" of a Buffer must be a list of bytes') from None
