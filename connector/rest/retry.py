"""Which requests are repeated, after how long a wait."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, ResponseError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, Timeout

from connector.rest.endpoint import Endpoint
from connector.rest.http_messages import SAFE_METHODS, Request
from connector.rest.rate_limits import LONGEST_WAIT, RateLimitGate, WaitBudget, backoff, retry_after

REPEATED_STATUSES = frozenset({500, 502, 503, 504})
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
RETRIES = 3
CONNECT_RETRIES = 1


class RequestAttempt:
    """One request on its way: its limits, and what the service said when it refused."""

    def __init__(self, endpoint: Endpoint, request: Request, patience: WaitBudget, gate: RateLimitGate) -> None:
        self.endpoint = endpoint
        self.request = request
        self.patience = patience
        self.gate = gate
        self.retries = RETRIES if request.retries is None else request.retries
        self.failures = 0
        self.limited = 0
        self.status_error = b""

    def retry_delay(self, response: BaseHTTPResponse | None) -> float | None:
        """Seconds until this request may be repeated; None when it may not."""
        if response is not None and response.status == 429:
            wait = self.rate_limit_wait(response)
            self.gate.hold(wait)
        else:
            self.failures += 1
            if self.failures > self.retries:
                return None
            told = retry_after(response.headers) if response is not None else None
            wait = self._delay() if told is None else min(told, LONGEST_WAIT)
        return wait if self.patience.allows(wait) else None

    def rate_limit_wait(self, response: BaseHTTPResponse) -> float:
        """Seconds that a 429 asks for: `Retry-After`, else what the service's body or headers say, else backoff."""
        told, self.status_error = retry_after(response.headers), b""
        if told is None:
            self.status_error = _body_of(response)
            told = read_wait(self.endpoint, response.headers, self.status_error)
        least = min(5.0, 0.05 * 2.0**self.limited)
        self.limited += 1
        wait = self._delay() if told is None else told
        return min(max(wait, least), LONGEST_WAIT)

    def _delay(self) -> float:
        fixed = self.request.retry_delay
        return backoff(self.patience.waits) if fixed is None else fixed


def _body_of(response: BaseHTTPResponse) -> bytes:
    """What can be read of a refusal; one that breaks off is a refusal all the same."""
    try:
        return response.read(decode_content=True)
    except HTTPError:
        return b""


def read_wait(endpoint: Endpoint, headers: Any, content: bytes) -> float | None:
    """Seconds that the service's own way of saying it asks for, if it does."""
    from pydantic_core import from_json

    try:
        body = from_json(content)
    except ValueError:
        body = None
    return endpoint.read_wait(headers, body)


class RetryPolicy(Retry):
    """Repeats a 429 of any method, and other failures where repeating is safe, as long as the caller allows.

    It covers everything up to the headers; a body that breaks off is the transport's.
    """

    attempt: RequestAttempt
    retry_delay: float = 0.0

    @classmethod
    def of(cls, attempt: RequestAttempt) -> Self:
        """The first state of the retries of one request."""
        made = cls(
            total=None,
            connect=min(CONNECT_RETRIES, attempt.retries),
            read=attempt.retries,
            status=None,
            other=0,
            redirect=False,
            allowed_methods=SAFE_METHODS,
            status_forcelist=REPEATED_STATUSES,
            raise_on_status=False,
        )
        made.attempt = attempt
        return made

    def new(self, **changes: Any) -> Self:
        """The next state, of the same attempt."""
        later = super().new(**changes)
        later.attempt = self.attempt
        return later

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """True when an answer with this status is to be followed by another try."""
        if status_code == 429 or (self.attempt.request.retry_writes and status_code in REPEATED_STATUSES):
            return True
        return super().is_retry(method, status_code, has_retry_after=False)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Count a failed try.

        Raises:
            MaxRetryError: There is to be no other.
        """
        # before the body is read, so that the last refusal keeps its text
        later = super().increment(method, url, response, error, _pool, _stacktrace)
        wait = self.attempt.retry_delay(response)
        if wait is None:
            raise MaxRetryError(_pool, url, error or ResponseError("not repeated"))  # type: ignore[arg-type]
        later.retry_delay = wait
        return later

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait before the next try."""
        limited = response is not None and response.status == 429
        reason = "rate limit" if limited else "service failing" if response is not None else "no connection"
        self.attempt.patience.wait(self.retry_delay, reason)


class DeadlineTimeout(Timeout):
    """Time-outs that never reach beyond the deadline of the call: computed anew for each try."""

    patience: WaitBudget

    @classmethod
    def of(cls, patience: WaitBudget, read_timeout: float | None) -> Self:
        """Time-outs of one request, whose read time-out is given in seconds."""
        made = cls(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT if read_timeout is None else read_timeout)
        made.patience = patience
        return made

    def clone(self) -> Timeout:
        """The time-outs of the next try."""
        left = max(0.001, self.patience.limits.remaining())
        return Timeout(connect=min(CONNECT_TIMEOUT, left), read=min(float(self._read or READ_TIMEOUT), left))  # type: ignore[arg-type]
