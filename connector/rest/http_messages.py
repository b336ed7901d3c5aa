"""The request and the response as hooks see them, without credentials."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from pydantic_core import from_json, to_json

from connector.errors import UsageError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1; TRACE is not offered)."""

IDEMPOTENT_METHODS = frozenset({"PUT", "DELETE"})
"""Writes that may be sent twice (RFC 9110, 9.2.2)."""

_QUERY_SAFE = "/?%:@!$&'()*+,;=~"


class NonFiniteError(ValueError):
    """A text has NaN, infinity, or a number that a float cannot hold, and so is not JSON.

    The message has the number and its place.
    """

    def __init__(self, number: str, text: str) -> None:
        match = re.search(rf'(?<![\w."-]){re.escape(number)}(?![\w."])', text)
        before = text[: match.start()] if match else ""
        shortened = number if len(number) <= _MAX_NUMBER else f"{number[:_MAX_NUMBER]}…"
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        super().__init__(f"{shortened} at line {line} column {column}")


_MAX_NUMBER = 20


@dataclass(slots=True)
class Request:
    """One HTTP request, without credentials.

    Attributes:
        method: Upper-case HTTP method.
        path: Percent-encoded path below the endpoint's base URL, with a leading slash; query included.
        headers: Headers of this request.
        body: Bytes of the body, or None for no body.
        read_timeout: Seconds to wait for the response, or None for the default.
        retries: Number of retries of a failed request where that is safe, or None for the default.
        retry_delay: Seconds between attempts, or None for exponential backoff with jitter.
        retry_all_errors: Retry reads and idempotent writes after any error, not only after a temporary one.
        idempotent: True if sending it twice leaves the same state as once; None decides by the method.
        own_limit: Returns the key of the operation if it has a rate limit of its own, or an empty string.
        secret_values: Returns values of the call that must not be shown, such as its secret inputs.
    """

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    read_timeout: float | None = None
    retries: int | None = None
    retry_delay: float | None = None
    retry_all_errors: bool = False
    idempotent: bool | None = None
    own_limit: Callable[[], str] = field(default=str, repr=False, compare=False)
    secret_values: Callable[[], Iterable[Any]] | None = field(default=None, repr=False, compare=False)

    @property
    def is_safe(self) -> bool:
        """True if the request is a read."""
        return self.method in SAFE_METHODS

    @property
    def is_repeatable(self) -> bool:
        """True if sending the request twice leaves the same state as once."""
        return self.is_safe or (self.method in IDEMPOTENT_METHODS if self.idempotent is None else self.idempotent)


@dataclass(slots=True)
class Response:
    """One HTTP response with its whole body.

    Attributes:
        status: HTTP status.
        reason: Reason phrase.
        headers: Headers; a lookup ignores case.
        content: Bytes of the body, decompressed.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Return the parsed JSON body.

        Raises:
            NonFiniteError: If it has NaN, infinity, or a number that a float cannot hold, which are not JSON.
            ValueError: If the body is not JSON.
        """
        try:
            value = from_json(self.content, cache_strings="keys", allow_inf_nan=False)
        except ValueError:
            pass
        else:
            if not (_may_overflow(self.content) and _contains(to_json(value), b"Infinity")):
                return value
        import json

        # The fast parser rejects lone surrogates, a byte order mark, and deep nesting; this one accepts them.
        text = self.content.decode(json.detect_encoding(self.content), "surrogatepass")

        def finite(number: str) -> float:
            if math.isfinite(float(number)):
                return float(number)
            raise NonFiniteError(number, text)

        return json.loads(text, parse_constant=finite, parse_float=finite)

    def text(self) -> str:
        """Return the body as a string, in the charset that the response names, else in UTF-8."""
        charset = re.search(r"charset=\"?([\w-]+)", self.headers.get("Content-Type", ""), re.IGNORECASE)
        try:
            return self.content.decode(charset.group(1) if charset else "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


_SHAPE = bytes.maketrans(b"123456789+E", b"0000000000e")


def _may_overflow(content: bytes) -> bool:
    """Return True if the text may have a number that a float cannot hold, which the fast parser makes infinity.

    Such a number has an exponent of three digits, or more than 308 digits. A plus sign counts for a digit. This check
    costs an eighth of the parsing.
    """
    shape = content.translate(_SHAPE)
    return _contains(shape, b"0e000") or _contains(shape, b"0" * 309)


def _contains(content: bytes, part: bytes) -> bool:
    """Return `part in content`; from the end, CPython searches in a half to a third of the time."""
    return content.rfind(part) >= 0


def header_problem(name: str, text: str) -> str:
    """Return what is wrong with a header that a caller passes, as a predicate; an empty string if nothing is."""
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        return "contains an invalid header name"
    if not (text.isprintable() and text.isascii()):
        return f"contains invalid characters in header {name}"
    return ""


def header_values(headers: Mapping[str, str], name: str) -> list[str]:
    """Return the values of a header that may come several times."""
    get_all = getattr(headers, "get_all", None)  # the standard library's headers return the first one only
    values = get_all(name) if get_all else [headers[name]] if name in headers else []
    return list(values or [])


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON for the body of a request.

    Raises:
        ValueError: If JSON in UTF-8 cannot hold it: NaN, infinity, half a surrogate pair, a cycle, a Python object.
    """
    content = to_json(value)
    if _contains(content, b"NaN") or _contains(content, b"Infinity"):  # perhaps only inside of a string
        try:
            from_json(content, allow_inf_nan=False)
        except ValueError:
            raise ValueError("NaN and infinity are not allowed") from None
    return content


def path_of(segments: tuple[str, ...], query: Mapping[str, Any] | None = None) -> str:
    """Return `/a/b?x=1` for raw segments, each percent-encoded, and query parameters.

    Raises:
        UsageError: If a segment is empty, `.` or `..`, so that the path would lead to another resource.
    """
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise UsageError(f'invalid path segment "{segment}"', hint="Pass the ID of the resource.")
    path = "/" + "/".join([quote(segment, safe="") for segment in segments])
    return f"{path}?{urlencode(query)}" if query else path


def relative_path(text: str) -> str:
    """Return the percent-encoded path, query included, of a URL without a host.

    Raises:
        ValueError: If it names a host or a scheme, leads upwards, or has characters that a path cannot have.
    """
    path, _, query = text.partition("?")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) or text.startswith(("//", "\\")):
        raise ValueError("must be a path such as /sources, without a host")
    if "#" in text or "\\" in text or not text.isprintable() or text != text.strip():
        raise ValueError("must not contain #, backslashes, control characters, or spaces at its ends")
    decoded = unquote(path)
    if any(part in {".", ".."} for part in re.split(r"[/\\]", decoded)) or not decoded.isprintable():
        raise ValueError("must not contain the segments . and .., plain or encoded")
    encoded = "/" + quote(path.lstrip("/"), safe="/%:@!$&'()*+,;=~")
    return f"{encoded}?{quote(query, safe=_QUERY_SAFE)}" if query else encoded
