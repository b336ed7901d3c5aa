"""The bodies of raw requests and of their responses."""

import base64
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json

from connector import Context
from connector.rest import Request, Response, invalid_body_error, json_bytes, multipart


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
        return data, "application/octet-stream"
    if not isinstance(data, str):
        return json_bytes(data), "application/json"
    try:
        from_json(data, allow_inf_nan=False)
    except ValueError:
        return data.encode(), "text/plain; charset=utf-8"
    return data.encode(), "application/json"


def form_of(fields: dict[str, str], files: dict[str, Any], names: dict[str, str]) -> tuple[bytes, str]:
    """Return bytes and content type of a multipart form."""
    parts: dict[str, Any] = {key: (names.get(key, key), *file_of(file)) for key, file in files.items()}
    return multipart({**fields, **parts})


def file_of(value: Any) -> tuple[bytes, str]:
    """Return bytes and content type of a file: bytes, a string, a JSON value, or `{"data": BASE64, "contentType"}`.

    Raises:
        binascii.Error: If `data` is not base64.
    """
    if isinstance(value, dict) and isinstance(value.get("data"), str):
        kind = str(value.get("contentType") or "application/octet-stream")
        return base64.b64decode(value["data"], validate=True), kind
    if isinstance(value, bytes):
        return value, "application/octet-stream"
    if isinstance(value, str):
        return value.encode(), "text/plain; charset=utf-8"
    return json_bytes(value), "application/json"


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
