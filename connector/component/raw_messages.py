"""The bodies of raw requests and of their responses."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic_core import from_json

from connector.rest import Request, Response, invalid_body_error, json_bytes
from connector.rest.multipart import OCTETS, TEXT

if TYPE_CHECKING:
    from connector.component.context import Context


def with_query(path: str, query: dict[str, Any]) -> str:
    """Return the path with further query parameters; a list sends its parameter several times, null none."""
    if not query:
        return path
    pairs = [
        (name, entry if isinstance(entry, str | bytes) else json_bytes(entry).decode())
        for name, value in query.items()
        for entry in (value if isinstance(value, list) else [value])
        if entry is not None
    ]
    return f"{path}{'&' if '?' in path else '?'}{urlencode(pairs)}" if pairs else path


def body_of(data: Any) -> tuple[bytes, str]:
    """Return bytes and content type: JSON, or a string with JSON, is sent as JSON, other strings as text."""
    if isinstance(data, bytes):
        return data, OCTETS
    if not isinstance(data, str):
        return json_bytes(data), "application/json"
    try:
        from_json(data, allow_inf_nan=False)
    except ValueError:
        return data.encode(), TEXT
    return data.encode(), "application/json"


def body_from(context: Context, request: Request, response: Response, response_type: str) -> Any:
    """Return the body of a response in the requested form.

    Raises:
        InvalidResponseError: If JSON was requested and the body is not JSON.
    """
    kind = response.headers.get("Content-Type", "")
    if response_type == "arraybuffer":
        return {"data": base64.b64encode(response.content).decode(), "contentType": kind}
    if response_type in {"text", "document"}:
        return response.text()
    if not response.content:
        return None
    try:
        return response.json()
    except (ValueError, RecursionError):
        error = invalid_body_error(context.endpoint, request, response, "not JSON")
    error.hint = "Set responseType to text, or to arraybuffer for binary data."
    raise error
