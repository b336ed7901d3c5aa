"""From what went wrong on the wire to the error that says what to do."""

from __future__ import annotations

import re

from requests import exceptions as failed
from urllib3 import exceptions as lower

from connector.errors import (
    ApiErrorDetail,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidResponseError,
    NoResponseError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadTooLargeError,
    RateLimitError,
    RejectedError,
    RequestError,
    RequestSummary,
    ServerError,
    TLSError,
    UnprocessableError,
    UnreachableError,
)
from connector.rest.endpoint import Endpoint
from connector.rest.http_messages import Request, Response

BY_STATUS: dict[int, tuple[type[RequestError], str]] = {
    400: (BadRequestError, "the API cannot do what was asked (400)"),
    401: (AuthenticationError, "the API does not accept the token for this request (401)"),
    403: (ForbiddenError, "the token may not do this (403)"),
    404: (NotFoundError, "not found (404)"),
    409: (ConflictError, "the request collides with something that exists (409)"),
    413: (PayloadTooLargeError, "the request is too large (413)"),
    422: (UnprocessableError, "the API rejected the input (422)"),
}


def facts_of(endpoint: Endpoint, request: Request) -> RequestSummary:
    """The request as errors show it; the query is left out, it can be long and hold personal data."""
    return RequestSummary(request.method, endpoint.redact(request.path.partition("?")[0]), endpoint.host)


def connection_error(endpoint: Endpoint, request: Request, error: Exception) -> RequestError:
    """The error for a request that got no answer, or only a part of one."""
    facts = facts_of(endpoint, request)
    cause = _root_of(error)
    if isinstance(error, failed.SSLError) or isinstance(cause, lower.SSLError):
        return TLSError(f"no safe connection to {endpoint.host}: {_words(cause)}", request=facts)
    if isinstance(cause, lower.NameResolutionError | lower.LocationParseError):
        return UnreachableError(f"the name of the host {endpoint.host} cannot be found", request=facts)
    if isinstance(error, failed.ProxyError):
        return UnreachableError(f"the proxy for {endpoint.host} cannot be used: {_words(cause)}", request=facts)
    if isinstance(cause, lower.NewConnectionError | lower.ConnectTimeoutError):
        return UnreachableError(f"no connection to {endpoint.host}: {_words(cause)}", request=facts)
    timed_out = isinstance(cause, lower.ReadTimeoutError) or isinstance(error, failed.ReadTimeout)
    what = "no answer in time" if timed_out else f"the answer broke off: {_words(cause)}"
    if request.is_safe:
        return NoResponseError(what, request=facts)
    return OutcomeUnknownError(f"{what}; the change may or may not have been made", request=facts)


def status_error(endpoint: Endpoint, request: Request, reply: Response, wait: float | None = None) -> RequestError:
    """The error for an answer whose status says that it did not work."""
    facts = facts_of(endpoint, request)
    faults = _faults(endpoint, reply)
    hint = endpoint.hints.get(reply.status, "")
    status = reply.status
    if status == 429:
        when = "later" if wait is None else f"in {wait:.0f} s"
        told = f"Repeat it {when}, or allow a longer max_wait."
        return RateLimitError(
            "too many requests (429)",
            retry_after=wait,
            request=facts,
            status=status,
            api_errors=faults,
            hint=hint or told,
        )
    if status in BY_STATUS:
        kind, text = BY_STATUS[status]
        return kind(text, request=facts, status=status, api_errors=faults, hint=hint)
    if status >= 500:
        unsure = "" if request.is_safe else "Look whether the change was made, then try again later."
        text = f"the API failed ({status} {reply.reason})".replace(" )", ")")
        return ServerError(text, request=facts, status=status, api_errors=faults, hint=hint or unsure)
    if status >= 400:
        text = f"the API refused ({status} {reply.reason})".replace(" )", ")")
        return RejectedError(text, request=facts, status=status, api_errors=faults, hint=hint)
    text = f"the API answered with a redirect ({status}), which is not followed"
    return InvalidResponseError(text, request=facts, status=status, hint="Check the host name of the connection.")


def invalid_body_error(endpoint: Endpoint, request: Request, reply: Response, reason: str) -> InvalidResponseError:
    """The error for a successful answer whose body is not the JSON that it should be."""
    done = "" if request.is_safe else f" The change was accepted with {reply.status}: look at it before repeating."
    facts = facts_of(endpoint, request)
    seen = f" It begins: {excerpt}" if (excerpt := _excerpt(endpoint, reply)) else ""
    hint = f"Check that {endpoint.host} is the service itself and not a proxy or a login page.{done}"
    return InvalidResponseError(
        f"the answer ({reply.status}) is {reason}.{seen}", request=facts, status=reply.status, hint=hint
    )


def _faults(endpoint: Endpoint, reply: Response) -> list[ApiErrorDetail]:
    try:
        told = endpoint.read_faults(reply.json())
        found = [ApiErrorDetail(*map(endpoint.redact, (f.message, f.type, f.field, f.data))) for f in told]
    except (ValueError, RecursionError):
        found = []
    excerpt = "" if found else _excerpt(endpoint, reply)
    return [ApiErrorDetail(message=excerpt)] if excerpt else found


def _excerpt(endpoint: Endpoint, reply: Response) -> str:
    """The first words of a body that is no known error: an HTML page's title, or the beginning of a text."""
    text = reply.content[:4096].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        text = f"an HTML page titled {title.group(1).strip()!r}" if title else "an HTML page"
    words = " ".join(text.split())
    words = str(endpoint.redact(words))
    return words if len(words) <= 200 else f"{words[:200]}…"


def _root_of(error: BaseException) -> BaseException:
    """The innermost of the libraries' errors, which wrap one another as `reason` or first argument."""
    inner = [getattr(error, "reason", None), *error.args[:1]]
    wrapped = next((part for part in inner if isinstance(part, lower.HTTPError)), None)
    return error if wrapped is None else _root_of(wrapped)


def _words(cause: BaseException) -> str:
    """The last, most telling part of a library's message, without its addresses."""
    text = str(cause.args[-1] if cause.args else cause) if isinstance(cause, lower.HTTPError) else str(cause)
    if "IncompleteRead" in text:
        return "it is shorter than announced"
    return text.rpartition(": ")[2].strip("()'\" ") or type(cause).__name__
