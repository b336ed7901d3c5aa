"""From what went wrong on the wire to the error that says what to do."""

from __future__ import annotations

import http.client
import re
import ssl
import sys
from typing import Any

from urllib3 import exceptions as urllib3_errors

from connector.common.redaction import Redactor
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
from connector.rest.exchange import DecompressionError, Failure, TooLargeError
from connector.rest.http_messages import Request, Response

BY_STATUS: dict[int, tuple[type[RequestError], str]] = {
    400: (BadRequestError, "bad request (400)"),
    401: (AuthenticationError, "unauthorized (401)"),
    403: (ForbiddenError, "forbidden (403)"),
    404: (NotFoundError, "not found (404)"),
    409: (ConflictError, "conflict (409)"),
    413: (PayloadTooLargeError, "request too large (413)"),
    422: (UnprocessableError, "unprocessable request (422)"),
}

REJECTIONS = frozenset({501, 505})
"""Statuses of 5xx that say that nothing happened, and that the same request will be rejected again."""

MAX_EXCERPT = 200
MAX_REASON = 300
REPEATABLE_HINT = "Run it again: the result is the same even if it was applied."


def redactor_for(endpoint: Endpoint, request: Request) -> Redactor:
    """Return a redactor for the secrets of the connection and of the call."""
    if request.secret_values is None:
        return endpoint.redactor
    redactor = endpoint.redactor.extended()
    for value in request.secret_values():
        redactor.learn(value, "secret")
    return redactor


def request_summary(endpoint: Endpoint, request: Request) -> RequestSummary:
    """Return the request as errors show it; the query is left out, since it can be long and hold personal data."""
    path = redactor_for(endpoint, request).text(endpoint.base_path + request.path.partition("?")[0])
    return RequestSummary(request.method, path, endpoint.host)


def rate_limit_hint(seconds: float | None) -> str:
    """Return the advice to wait."""
    return f"Retry {'later' if seconds is None else f'in {seconds:.0f} s'}, or raise max_wait."


def connection_error(endpoint: Endpoint, request: Request, failure: Failure, proxy: str) -> RequestError:
    """Return the error for a request without a response, or with a part of one."""
    summary = request_summary(endpoint, request)
    redactor = redactor_for(endpoint, request)
    cause = root_cause(failure.cause)
    reason = redactor.text(_reason(cause))[:MAX_REASON]
    if isinstance(cause, TooLargeError | DecompressionError) and failure.response is not None:
        return invalid_body_error(endpoint, request, failure.response, _body_problem(cause))
    if failure.phase == "connecting":
        return _not_connected(summary, failure.cause, cause, reason, proxy)
    timed_out = isinstance(cause, TimeoutError | urllib3_errors.TimeoutError) or _is_of_requests(cause, "Timeout")
    if timed_out:
        message = "request timed out"
    elif failure.phase == "reading":
        message = "response is incomplete"
    else:
        message = f"connection closed before the response: {reason}"
    if request.is_safe:
        return NoResponseError(message, request=summary)
    message += "; the write may have been applied"
    if request.is_repeatable:
        return NoResponseError(message, request=summary, hint=REPEATABLE_HINT)
    return OutcomeUnknownError(message, request=summary)


def _not_connected(
    summary: RequestSummary, error: Exception, cause: BaseException, reason: str, proxy: str
) -> RequestError:
    if is_unmatched(error):
        hint = "Nothing was sent. Register a response for this request."
        return UnreachableError(f"rejected by the test library: {reason}", request=summary, hint=hint)
    is_tls = isinstance(cause, ssl.SSLError | ssl.CertificateError | urllib3_errors.SSLError)
    if is_tls or _is_of_requests(cause, "SSLError"):
        return TLSError(f"TLS error for {summary.host}: {reason}", request=summary)
    # With a proxy, only the proxy's name is resolved here.
    host = proxy or re.sub(r":\d+$", "", summary.host)
    if isinstance(cause, urllib3_errors.NameResolutionError):
        noun = "proxy" if proxy else "host"
        return UnreachableError(f'cannot resolve {noun} "{host}"', request=summary)
    target = f"{summary.host} through the proxy {proxy}" if proxy else summary.host
    return UnreachableError(f"cannot connect to {target}: {reason}", request=summary)


def status_error(endpoint: Endpoint, request: Request, response: Response, wait: float | None = None) -> RequestError:
    """Return the error for a response that is not successful."""
    summary, status = request_summary(endpoint, request), response.status
    hint = endpoint.hints.get(status, "")
    entries = _api_errors(endpoint, request, response)
    details: dict[str, Any] = {"request": summary, "status": status, "api_errors": entries}
    if status == 429:
        return RateLimitError("rate limited (429)", retry_after=wait, hint=hint or rate_limit_hint(wait), **details)
    if status in BY_STATUS:
        kind, message = BY_STATUS[status]
        return kind(message, hint=hint, **details)
    phrase = redactor_for(endpoint, request).text(_clean(response.reason))[:MAX_EXCERPT]
    name = f"{status} {phrase}".strip()
    if status == 408 or (status >= 500 and status not in REJECTIONS):
        message = f"server error ({name})"
        if request.is_repeatable:
            return ServerError(message, hint=hint or "Try again later.", **details)
        return OutcomeUnknownError(f"{message}; the write may have been applied", **details)
    if status >= 400:
        return RejectedError(f"rejected ({name})", hint=hint, **details)
    hint = "Check the host name of the connection."
    return InvalidResponseError(f"unexpected redirect ({status})", request=summary, status=status, hint=hint)


def invalid_body_error(endpoint: Endpoint, request: Request, response: Response, reason: str) -> InvalidResponseError:
    """Return the error for a successful response whose body is invalid."""
    accepted = "" if request.is_safe else " The write was applied: check the record before you retry."
    excerpt = _excerpt(endpoint, request, response)
    hint = f"Check that {endpoint.host} is the API, not a proxy or a login page.{accepted}"
    return InvalidResponseError(
        f"response ({response.status}) is {reason}" + (f": {excerpt}" if excerpt else ""),
        request=request_summary(endpoint, request),
        status=response.status,
        hint=hint,
    )


def root_cause(error: BaseException) -> BaseException:
    """Return the innermost error of the libraries, which wrap one another as `reason` or argument."""
    parts = [getattr(error, "reason", None), *error.args]
    inner = next((part for part in parts if isinstance(part, urllib3_errors.HTTPError | OSError)), None)
    return error if inner is None or inner is error else root_cause(inner)


def is_unmatched(error: BaseException) -> bool:
    """Return True if a test library has no response for a request, so that nothing was sent."""
    is_unconnected = _is_of_requests(error, "ConnectionError")
    return is_unconnected and str(error).startswith("Connection refused by Responses")


def _is_of_requests(error: BaseException, name: str) -> bool:
    """Return True for an error of this class of requests, which only its adapter raises, and so is imported then."""
    requests_errors = sys.modules.get("requests.exceptions")
    return requests_errors is not None and isinstance(error, getattr(requests_errors, name))


def _body_problem(cause: BaseException) -> str:
    return "too large" if isinstance(cause, TooLargeError) else "not decompressible"


def _api_errors(endpoint: Endpoint, request: Request, response: Response) -> list[ApiErrorDetail]:
    redactor = redactor_for(endpoint, request)
    try:
        entries = endpoint.read_api_errors(response.json())
        details = [
            ApiErrorDetail(*[redactor.value(_clean(part)) for part in (e.message, e.type, e.field, e.data)])
            for e in entries
        ]
    except (ValueError, RecursionError):
        details = []
    excerpt = "" if details else _excerpt(endpoint, request, response)
    return [ApiErrorDetail(message=excerpt)] if excerpt else details


def _excerpt(endpoint: Endpoint, request: Request, response: Response) -> str:
    """Return the first words of a body that is not a known error: the title of an HTML page, or the text itself."""
    text = response.content.decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = re.search(r"<title[^>]*>(.*?)</title>", text[:MAX_HTML], re.IGNORECASE | re.DOTALL)
        text = f'HTML page titled "{title.group(1).strip()}"' if title else "HTML page"
    # Redacted before it is cut, so that no beginning of a secret remains at the end.
    words = redactor_for(endpoint, request).text(" ".join(text.split()))
    return words if len(words) <= MAX_EXCERPT else f"{words[:MAX_EXCERPT]}…"


MAX_HTML = 2**20


def _clean(value: Any) -> Any:
    """Return a JSON value without half surrogate pairs, which no file or terminal can hold."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case dict():
            return {_clean(key): _clean(part) for key, part in value.items()}
        case list():
            return [_clean(part) for part in value]
    return value


def _reason(cause: BaseException) -> str:
    """Return what an error of a library says, whole and on one line, without its addresses and error numbers."""
    if isinstance(cause, http.client.IncompleteRead):
        return "the response is incomplete"
    origin = cause.__cause__ if isinstance(cause, urllib3_errors.HTTPError) and cause.__cause__ else cause
    if isinstance(origin, ssl.SSLCertVerificationError):
        return origin.verify_message or "certificate verification failed"
    if isinstance(origin, TimeoutError | urllib3_errors.TimeoutError):
        return "timed out"
    text = getattr(origin, "strerror", None) or str(origin.args[-1] if origin.args else origin)
    text = re.sub(r"<[\w.]+(?: object)? at 0x[0-9a-f]+>:? ?|^\[Errno -?\d+\] ", "", text)
    text = " ".join(_clean(text).split()) or type(origin).__name__
    # The system's own words begin with a capital letter.
    return text[0].lower() + text[1:] if getattr(origin, "strerror", None) else text
