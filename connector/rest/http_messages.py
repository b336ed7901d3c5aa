"""The request and the reply as hooks see them: no credentials in either."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from pydantic_core import from_json, to_json

from connector.errors import UsageError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1; TRACE is not offered)."""


_QUERY_SAFE = "/?%:@!$&'()*+,;=~[]"


@dataclass(slots=True)
class Request:
    """One HTTP request, without credentials.

    Attributes:
        method: Upper-case HTTP method.
        path: Percent-encoded path below the endpoint's base URL, with a leading slash; query included.
        headers: Headers of this request.
        body: Bytes of the body, or None for no body.
        read_timeout: Seconds to wait for the answer, or None for the default.
        retries: How often a failed request may be repeated where that is safe, or None for the default.
        retry_delay: Seconds between the tries, or None for exponential backoff with jitter.
        retry_writes: Repeat a write, too, when the service answers it with 5xx.
    """

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    read_timeout: float | None = None
    retries: int | None = None
    retry_delay: float | None = None
    retry_writes: bool = False

    @property
    def is_safe(self) -> bool:
        """True when the request changes nothing."""
        return self.method in SAFE_METHODS


@dataclass(slots=True)
class Response:
    """One HTTP answer, read whole.

    Attributes:
        status: HTTP status.
        reason: Reason phrase.
        headers: Headers; looking one up ignores case.
        content: Bytes of the body, decompressed.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The body read as JSON.

        Raises:
            ValueError: The body is not JSON.
        """
        try:
            return from_json(self.content, cache_strings="keys")
        except ValueError:
            import json

            # lone surrogates, a byte order mark and deep nesting: the slower reader takes them
            return json.loads(self.content.decode(json.detect_encoding(self.content), "surrogatepass"))

    def text(self) -> str:
        """The body as text, in the charset that the answer names, else in UTF-8; what cannot be read is marked."""
        found = re.search(r"charset=\"?([\w-]+)", self.headers.get("Content-Type", ""), re.IGNORECASE)
        try:
            return self.content.decode(found.group(1) if found else "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


def json_bytes(value: Any) -> bytes:
    """A value as JSON for the body of a request.

    Raises:
        ValueError: JSON in UTF-8 cannot hold it: NaN, infinity, half a surrogate pair, a cycle, an object of Python.
    """
    content = to_json(value)
    if b"NaN" in content or b"Infinity" in content:  # perhaps inside of a text
        try:
            from_json(content, allow_inf_nan=False)
        except ValueError:
            raise ValueError("NaN and infinity are no JSON") from None
    return content


def path_of(segments: tuple[str, ...], query: Mapping[str, Any] | None = None) -> str:
    """`/a/b?x=1` from raw segments, each percent-encoded, and query parameters.

    Raises:
        UsageError: A segment is empty, `.` or `..`, so that the path would mean another resource.
    """
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise UsageError(f'"{segment}" cannot be a part of a URL\'s path.', hint="Give the id of the resource.")
    path = "/" + "/".join([quote(segment, safe="") for segment in segments])
    return f"{path}?{urlencode(query)}" if query else path


def relative_path(text: str) -> str:
    """The percent-encoded path, query included, of a URL that names no host.

    Raises:
        ValueError: It names a host or a scheme, leads upwards, or holds what no path holds.
    """
    path, _, query = text.partition("?")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) or text.startswith(("//", "\\")):
        raise ValueError("must be a path below the service, such as /sources, without a host")
    if "#" in text or "\\" in text or not text.isprintable() or text != text.strip():
        raise ValueError("must not hold #, backslashes, control characters or spaces at its ends")
    decoded = unquote(path)
    if any(part in {".", ".."} for part in re.split(r"[/\\]", decoded)) or not decoded.isprintable():
        raise ValueError("must not hold the segments . and .., plain or encoded")
    encoded = "/" + quote(path.lstrip("/"), safe="/%:@!$&'()*+,;=~")
    return f"{encoded}?{quote(query, safe=_QUERY_SAFE)}" if query else encoded
