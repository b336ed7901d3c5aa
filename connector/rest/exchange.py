"""One request and its response over one connection, which always knows its phase."""

from __future__ import annotations

import http.client
import io
import re
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from urllib3.exceptions import HTTPError
from urllib3.util.proxy import connection_requires_http_tunnel

from connector.errors import UsageError
from connector.rest.http_messages import Request, Response

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

Phase = Literal["setup", "connecting", "sending", "waiting", "reading"]
"""`setup` and `connecting` come before the first byte of the request; `reading` begins with the response's body."""

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0

_BUFFER = 65536
_MAX_INTERIM_RESPONSES = 20
_MAX_HEAD_BYTES = 2**20
_ENCODINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[!-~]+")
_FIELD_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that only this module sets, since they decide where a request ends."""


class TooLargeError(Exception):
    """A response body exceeds the limit."""


class DecompressionError(Exception):
    """A response body cannot be decompressed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An exchange that failed.

    Attributes:
        phase: How far it came.
        cause: The library's exception. It may hold the request with its token, so it is never raised or chained.
        response: The response with an empty body, if its headers came.
    """

    phase: Phase
    cause: Exception
    response: Response | None = None


@dataclass(slots=True)
class Timeouts:
    """Bounds of one exchange: seconds for each operation, and the end of all."""

    read: float = READ_TIMEOUT
    deadline: float | None = None

    def of(self, seconds: float) -> float:
        """Return the seconds that an operation may take now.

        Raises:
            TimeoutError: If the deadline has passed.
        """
        if self.deadline is None:
            return seconds
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return min(seconds, left)


@dataclass(frozen=True, slots=True)
class Line:
    """What every request of one host has in common.

    Attributes:
        prefix: What precedes the request's path in the request line: the path of the base URL, or all of it for a
            proxy that forwards.
        headers: Header lines by lower-case name.
        query: Query parameters to add to each path.
    """

    prefix: str
    headers: Mapping[str, bytes]
    query: str = ""

    def target(self, path: str) -> str:
        """Return a request's path with the query parameters of every request."""
        return f"{path}{'&' if '?' in path else '?'}{self.query}" if self.query else path

    def head(self, request: Request) -> bytes:
        """Return request line and headers.

        Raises:
            UsageError: If the method, the path, or a header has characters that would break the request.
        """
        target = self.prefix + self.target(request.path)
        if not (_TOKEN.fullmatch(request.method) and _TARGET.fullmatch(target)):
            raise UsageError("invalid method or path of a request", hint="Percent-encode the path.")
        lines = self.headers
        if request.headers or request.body is not None:
            lines = {**lines, **{name.lower(): header_line(name, text) for name, text in request.headers.items()}}
            for name in _FRAMING:
                lines.pop(name, None)
            if request.body is not None:
                lines["content-length"] = b"Content-Length: %d\r\n" % len(request.body)
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (request.method.encode(), target.encode(), b"".join(lines.values()))


def header_line(name: str, text: str | bytes) -> bytes:
    """Return one header as a line.

    Raises:
        UsageError: If it has characters that would break the request.
    """
    value = text.decode("latin-1") if isinstance(text, bytes) else str(text)
    try:
        content = value.encode("latin-1")
    except UnicodeEncodeError:
        content = None
    if content is None or not (_TOKEN.fullmatch(name) and _FIELD_VALUE.fullmatch(value)):
        raise UsageError(f"invalid header {name!r}", hint="Use letters, digits, and hyphens, and no line breaks.")
    return b"%b: %b\r\n" % (name.encode(), content)


class _Receiver(io.RawIOBase):
    """The receiving side of a socket, bounded in time and size."""

    def __init__(self, sock: socket.socket, timeouts: Timeouts, max_bytes: int) -> None:
        self._sock = sock
        self._timeouts = timeouts
        self._left = max_bytes + _MAX_HEAD_BYTES
        self.is_done = False
        self.is_at_end = False
        sock.settimeout(timeouts.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.is_done:
            return 0
        if self._timeouts.deadline is not None:
            self._sock.settimeout(self._timeouts.of(self._timeouts.read))
        count = self._sock.recv_into(buffer)
        self.is_at_end = count == 0
        self._left -= count
        if self._left < 0:
            raise TooLargeError
        return count


class _Reader(io.BufferedReader):
    """What the standard library reads a response from.

    The library closes it at the end of a body, and looking for further bytes must still be possible then.
    """

    def close(self) -> None:
        pass


class _Source:
    """Stands for the socket, of which the standard library's response only wants a file."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> _Reader:
        return self._reader


def exchange(
    pool: HTTPConnectionPool,
    line: Line,
    request: Request,
    timeouts: Timeouts,
    max_bytes: int,
    *,
    before_send: Callable[[], None] | None = None,
) -> Response | Failure:
    """Send a request over a connection of the pool and read the whole response.

    The connection goes back to the pool only after a response that was understood to its last byte.

    Raises:
        UsageError: If the request cannot be written as HTTP.
    """
    head = line.head(request)
    phase: Phase = "connecting"
    connection: Any = None
    response: Response | None = None
    message: http.client.HTTPResponse | None = None
    is_reusable = False
    try:
        connection = pool._get_conn()  # noqa: SLF001 - the pool's own `urlopen` would hide the phases
        if connection.sock is None:
            _connect(pool, connection, timeouts)
        connection.sock.settimeout(timeouts.of(timeouts.read))
        if before_send is not None:
            before_send()
        phase = "sending"
        _send(connection.sock, head, request.body, before_send)
        phase = "waiting"
        receiver = _Receiver(connection.sock, timeouts, max_bytes)
        reader = _Reader(receiver, _BUFFER)
        message = http.client.HTTPResponse(cast("socket.socket", _Source(reader)), method=request.method)
        _begin(message)
        if receiver.is_at_end:  # the standard library takes headers that break off for whole ones
            raise http.client.IncompleteRead(b"")
        headers = cast("Mapping[str, str]", message.headers)
        response = Response(message.status, message.reason, headers, b"")
        phase = "reading"
        response.content = _body(message, max_bytes)
        receiver.is_done = True
        is_reusable = not (message.will_close or message.status == 408 or reader.peek(1))
    except (
        OSError,
        ValueError,
        OverflowError,
        http.client.HTTPException,
        TooLargeError,
        DecompressionError,
        HTTPError,
    ) as error:
        # OverflowError: the standard library reads a chunk of any size that the response claims.
        return Failure(phase, error, response)
    finally:
        if message is not None:
            # Else the garbage collector would flush it, maybe after its reader is gone, and warn.
            message.fp = None  # type: ignore[assignment]
        if connection is not None:
            if not is_reusable:
                connection.close()
            pool._put_conn(connection)  # noqa: SLF001
    return response


def _connect(pool: HTTPConnectionPool, connection: HTTPConnection, timeouts: Timeouts) -> None:
    connection.timeout = timeouts.of(CONNECT_TIMEOUT)
    if connection_requires_http_tunnel(pool.proxy, pool.proxy_config, pool.scheme):
        pool._prepare_proxy(connection)  # noqa: SLF001 - sets the tunnel with the proxy's credentials, and connects
    else:
        connection.connect()


def _send(sock: socket.socket, head: bytes, body: bytes | None, before_end: Callable[[], None] | None) -> None:
    try:
        if body is None:
            sock.sendall(head)
        elif len(body) <= _BUFFER:
            sock.sendall(head + body)  # one packet for most requests
        else:
            sock.sendall(head)
            sock.sendall(memoryview(body)[:-1])
            # A large body takes its time, and the server acts on none that has no end.
            if before_end is not None:
                before_end()
            sock.sendall(body[-1:])
    except (BrokenPipeError, ConnectionResetError):
        # A server may reject a large body before it has read it all, and then its response can still be read.
        pass


def _begin(message: http.client.HTTPResponse) -> None:
    """Read the head of the final response."""
    message.begin()
    # The standard library skips 100 alone. Any other interim response (RFC 9110, 15.2) would be taken for the final
    # one, and every later response on this connection for that of the request before.
    for _ in range(_MAX_INTERIM_RESPONSES):
        if not 100 <= message.status < 200 or message.status == 101:
            break
        message.headers = message.msg = None  # type: ignore[assignment]
        message.begin()
    lengths = message.headers.get_all("Content-Length", [])
    if message.status < 200 or len({length.strip() for length in lengths}) > 1:
        raise http.client.HTTPException("unexpected interim response or contradicting lengths")


def _body(message: http.client.HTTPResponse, max_bytes: int) -> bytes:
    if message.length is not None and message.length > max_bytes:
        raise TooLargeError
    is_delimited = message.chunked or message.length is not None
    content = message.read()
    if len(content) > max_bytes:
        raise TooLargeError
    encodings = message.headers.get("Content-Encoding")
    if encodings and content:
        content = decompress(content, encodings, max_bytes)
    if not is_delimited and _is_cut_off_json(message, content):
        raise http.client.IncompleteRead(content)
    return content


def _is_cut_off_json(message: http.client.HTTPResponse, content: bytes) -> bool:
    # Without a length, the end of the connection is the end of the body, whether or not the server meant it.
    if "json" not in message.headers.get("Content-Type", "").lower():
        return False
    try:
        Response(message.status, "", {}, content).json()
    except (ValueError, RecursionError):
        return True
    return False


def decompress(content: bytes, encodings: str, max_bytes: int) -> bytes:
    """Undo the encodings of a `Content-Encoding` header.

    Raises:
        TooLargeError: If the result exceeds the limit.
        DecompressionError: If the content or its encoding is invalid.
        IncompleteRead: If the content ends too early.
    """
    for encoding in reversed([part.strip().lower() for part in encodings.split(",")][:5]):
        if encoding in {"", "identity"}:
            continue
        if encoding not in _ENCODINGS:
            raise DecompressionError
        content = b"".join(_decompressed(content, encoding, max_bytes))
    return content


def _decompressed(content: bytes, encoding: str, max_bytes: int) -> Iterator[bytes]:
    window = _ENCODINGS[encoding]
    if encoding == "deflate" and not (len(content) > 1 and int.from_bytes(content[:2]) % 31 == 0):
        window = -zlib.MAX_WBITS  # some servers leave out the header of zlib
    left = max_bytes
    while content:
        decoder = zlib.decompressobj(window)
        try:
            part = decoder.decompress(content, left + 1)
        except zlib.error as error:
            raise DecompressionError from error
        if len(part) > left:
            raise TooLargeError
        if not decoder.eof:
            raise http.client.IncompleteRead(part)
        left -= len(part)
        yield part
        # A gzip file may have several members; anything else behind the end is padding.
        content = decoder.unused_data if decoder.unused_data[:2] == b"\x1f\x8b" else b""
