"""The one loop that sends the requests of a connection, waits, and retries."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from connector.errors import (
    CallCancelledError,
    DeadlineError,
    NoResponseError,
    OutcomeUnknownError,
    RateLimitError,
    RequestError,
    RequestSummary,
    UnreachableError,
)
from connector.rest import api_errors
from connector.rest.authorization import Renewal
from connector.rest.endpoint import Endpoint
from connector.rest.exchange import READ_TIMEOUT, Failure, Timeouts, exchange
from connector.rest.hosts import POOL_SIZE, Host, headers_of, open_host, uses_proxies
from connector.rest.http_messages import Request, Response
from connector.rest.rate_limits import (
    MAX_SINGLE_WAIT,
    MOMENT,
    CallLimits,
    Gate,
    RateLimitGate,
    WaitBudget,
    backoff,
    logger,
    new_ticket,
    retry_after,
)

if TYPE_CHECKING:
    from connector.rest.adapter import AdapterHost

RETRIED_STATUSES = frozenset({408, 500, 502, 503, 504, 507})
RETRIES = 3
CONNECT_RETRIES = 1

Attempt = Callable[[Request], Response]
"""Sends a request once and returns the response of whatever status; raises a `RequestError` without one."""


class Transport:
    """Sends requests; shared by the threads of one connection.

    Netrc files, cookies, and redirects never apply. Proxies and the CA bundle of the environment are honored and
    looked up once per host; loopback addresses bypass proxies.
    """

    def __init__(self) -> None:
        self.gate: Gate = RateLimitGate()
        self._hosts: dict[Endpoint, Host] = {}
        self._adapted_hosts: dict[Endpoint, AdapterHost] = {}
        self._renewals: dict[Endpoint, Renewal] = {}
        self._hosts_of_grants: dict[Endpoint, tuple[SecretStr, Host]] = {}
        self._grants: Transport | None = None
        self._cancelled = threading.Event()
        _TRANSPORTS.add(self)

    def send(
        self, endpoint: Endpoint, request: Request, limits: CallLimits, attempt: Attempt | None = None
    ) -> Response:
        """Send, wait, and retry within the limits, and return the response of whatever status.

        Args:
            endpoint: The service.
            request: The request.
            limits: Limits of the call.
            attempt: Sends the request once; by default `self.attempt`.

        Raises:
            DeadlineError: If the deadline passes before the request is sent.
            CallCancelledError: If the transport is closed, or the caller cancels the call, before the request is sent.
            RateLimitError: If another call was rate limited for longer than the limits allow.
            RequestError: If there is no response; the class says whether the request may have had an effect.
        """
        call = _Call(self, endpoint, request, limits, self._cancelled)
        try:
            while True:
                call.enter()
                outcome = call.perform(attempt)
                if not call.waits_to_retry(outcome):
                    break
        finally:
            call.leave()
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    def attempt(self, endpoint: Endpoint, request: Request, limits: CallLimits) -> Response:
        """Send a request once and return the response of whatever status.

        Raises:
            RequestError: If there is no whole response, unless its status is an error already.
        """
        began = time.perf_counter()
        host = self._hosts.get(endpoint) or self._open(endpoint, request)
        authorization = self.authorization(endpoint, limits)
        host = self._authorized(endpoint, host, authorization)
        timeouts = Timeouts(request.read_timeout or READ_TIMEOUT, limits.deadline)
        size, before_send = limits.max_response_bytes, limits.before_send
        if host.is_patched:
            if before_send is not None:
                before_send()
            adapted = self._adapted_hosts.get(endpoint) or self._adapt(endpoint)
            outcome = adapted.exchange(host.line, request, authorization, timeouts, size)
        else:
            outcome = exchange(host.pool, host.line, request, timeouts, size, before_send=before_send)
        if isinstance(outcome, Failure) and outcome.response is not None and outcome.response.status >= 400:
            outcome = outcome.response  # its status says enough, whatever became of the rest
        if isinstance(outcome, Response):
            _log(endpoint, request, f"{outcome.status}, {len(outcome.content)} B", began)
            return outcome
        # The library's exceptions hold the request with its token: nothing of theirs is chained to this error.
        error = api_errors.connection_error(endpoint, request, outcome, host.proxy)
        _log(endpoint, request, type(error).__name__, began)
        raise error

    def status_error(self, endpoint: Endpoint, request: Request, response: Response) -> RequestError:
        """Return the error for a response that is not successful."""
        wait = rate_limit_wait(endpoint, response) if response.status == 429 else None
        return api_errors.status_error(endpoint, request, response, wait)

    @property
    def is_closed(self) -> bool:
        """True if no request may be sent anymore."""
        return self._cancelled.is_set()

    def close(self) -> None:
        """Cancel the calls that wait, send no further request, and close the idle connections."""
        self._cancelled.set()
        hosts, self._hosts = self._hosts, {}
        for host in hosts.values():
            host.pool.close()
        for adapted in self._adapted_hosts.values():
            adapted.adapter.close()
        if self._grants is not None:
            self._grants.close()

    def forget_connections(self) -> None:
        """Drop the pool in a forked process, where it would share its connections with its parent."""
        self._hosts, self._adapted_hosts, self._hosts_of_grants = {}, {}, {}
        self._renewals, self._grants = {}, None
        was_closed = self._cancelled.is_set()
        self._cancelled = threading.Event()  # another thread may have held its lock
        if was_closed:
            self._cancelled.set()
        self.gate.reset()

    def authorization(
        self, endpoint: Endpoint, limits: CallLimits, rejected: SecretStr | None = None
    ) -> SecretStr | None:
        """Return the authorization of an endpoint that renews it, another one than the rejected one."""
        source = endpoint.authorization
        if source is None or isinstance(source, SecretStr):
            return None
        renewal = self._renewals.get(endpoint)
        if renewal is None:
            learn = endpoint.redactor.learn
            renewal = self._renewals.setdefault(endpoint, Renewal(source, lambda value: learn(value, "authorization")))
        # Calls that wait for their turn wait for this grant too, so that it must not queue behind them.
        transport = self._grants = self._grants or Transport()
        limits = replace(limits, gate=None, ticket=None)  # a grant counts for no limit of the API
        return renewal.current(lambda service, request: transport.send(service, request, limits), rejected)

    def _authorized(self, endpoint: Endpoint, host: Host, authorization: SecretStr | None) -> Host:
        if authorization is None:
            return host
        last = self._hosts_of_grants.get(endpoint)
        if last is None or last[0] is not authorization or last[1].pool is not host.pool:
            last = self._hosts_of_grants[endpoint] = (authorization, host.authorized(authorization))
        return last[1]

    def _open(self, endpoint: Endpoint, request: Request) -> Host:
        return self._hosts.setdefault(
            endpoint, open_host(endpoint, partial(api_errors.request_summary, endpoint, request))
        )

    def _adapt(self, endpoint: Endpoint) -> AdapterHost:
        from connector.rest.adapter import adapter_host

        host = adapter_host(endpoint, headers_of(endpoint), POOL_SIZE, use_proxies=uses_proxies(endpoint.base_url))
        return self._adapted_hosts.setdefault(endpoint, host)


_TRANSPORTS: weakref.WeakSet[Transport] = weakref.WeakSet()


def _forget_connections() -> None:
    for transport in _TRANSPORTS:
        transport.forget_connections()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)


class _Call:
    """One request with all its attempts."""

    def __init__(
        self, transport: Transport, endpoint: Endpoint, request: Request, limits: CallLimits, cancelled: threading.Event
    ) -> None:
        self.ticket = new_ticket() if limits.ticket is None else limits.ticket
        self._gate = limits.gate or transport.gate
        self._transport = transport
        self._endpoint = endpoint
        self._request = request
        self._budget = WaitBudget(limits, cancelled)
        self._retries = RETRIES if request.retries is None else request.retries
        self._attempts = 0
        self._authorization: SecretStr | None = None
        self._failures = 0
        self._rate_limits = 0

    def enter(self) -> None:
        """Wait at the gate until the request may be sent."""
        self._check_open(cancelled=self._budget.cancelled.is_set())
        gate, budget = self._gate, self._budget
        while seconds := gate.delay(self.ticket, self._request.own_limit):
            if seconds < MOMENT:
                self._check_open(cancelled=budget.wait_for_turn(seconds))
                continue
            if not budget.allows(seconds):
                raise RateLimitError(
                    "rate limited by an earlier call",
                    retry_after=seconds,
                    request=self._summary(),
                    hint=api_errors.rate_limit_hint(seconds),
                )
            self._wait(seconds, "rate limit")
        if budget.limits.deadline is not None and budget.limits.remaining() <= 0:
            raise DeadlineError("deadline exceeded; the request was not sent", request=self._summary())

    def leave(self) -> None:
        """Leave the queues of the gate, unless the caller keeps the place for another try."""
        if self._budget.limits.ticket is None:
            self._gate.leave(self.ticket, self._request.own_limit)

    def perform(self, attempt: Attempt | None) -> Response | RequestError:
        """Send the request once."""
        if not self._attempts:
            self._authorization = self._transport.authorization(self._endpoint, self._budget.limits)
        self._attempts += 1
        self._gate.sent(self.ticket, self._request.own_limit)
        try:
            if attempt is not None:
                return attempt(self._request)
            return self._transport.attempt(self._endpoint, self._request, self._budget.limits)
        except (UnreachableError, NoResponseError, OutcomeUnknownError) as error:
            return error

    def waits_to_retry(self, outcome: Response | RequestError) -> bool:
        """Return True after a wait if the request is to be sent again."""
        if isinstance(outcome, Response) and outcome.status == 401 and self._renews():
            return True
        if isinstance(outcome, Response) and outcome.status == 429:
            seconds = self._rate_limited(outcome)
            reason = "rate limit"
        else:
            if (isinstance(outcome, Response) and outcome.status < 400) or not self._may_retry(outcome):
                return False
            self._failures += 1
            seconds = self._delay(outcome)
            reason = "service failing" if isinstance(outcome, Response) else "no response"
        if seconds > MAX_SINGLE_WAIT or not self._budget.allows(seconds):
            return False
        self._wait(seconds, reason)
        return True

    def _renews(self) -> bool:
        """Return True if the request can be sent again with a new authorization; once, since more would not help."""
        rejected, self._authorization = self._authorization, None
        if rejected is None:
            return False
        self._transport.authorization(self._endpoint, self._budget.limits, rejected)
        return True

    def _rate_limited(self, response: Response) -> float:
        requested = rate_limit_wait(self._endpoint, response)
        least = min(5.0, 0.05 * 2.0**self._rate_limits)
        self._rate_limits = min(self._rate_limits + 1, 10)
        seconds = max(self._backoff() if requested is None else requested, least)
        self._gate.hold(self.ticket, seconds, self._request.own_limit)
        return seconds

    def _may_retry(self, outcome: Response | RequestError) -> bool:
        request = self._request
        if isinstance(outcome, UnreachableError):  # nothing was sent, so that a write may be retried too
            return self._failures < min(CONNECT_RETRIES, self._retries)
        if request.retry_all_errors:
            return request.is_repeatable and self._failures < self._retries
        is_temporary = not isinstance(outcome, Response) or outcome.status in RETRIED_STATUSES
        return request.is_safe and is_temporary and self._failures < self._retries

    def _delay(self, outcome: Response | RequestError) -> float:
        requested = retry_after(outcome.headers) if isinstance(outcome, Response) else None
        return self._backoff() if requested is None else requested

    def _backoff(self) -> float:
        fixed = self._request.retry_delay
        return backoff(self._budget.waits) if fixed is None else fixed

    def _wait(self, seconds: float, reason: str) -> None:
        self._check_open(cancelled=self._budget.wait(seconds, reason))

    def _check_open(self, *, cancelled: bool) -> None:
        if cancelled:
            raise CallCancelledError("cancelled; the request was not sent", request=self._summary())

    def _summary(self) -> RequestSummary:
        return api_errors.request_summary(self._endpoint, self._request)


def rate_limit_wait(endpoint: Endpoint, response: Response) -> float | None:
    """Return the seconds that a 429 asks for: of `Retry-After`, else what the endpoint reads from it, or None."""
    seconds = retry_after(response.headers)
    if seconds is not None:
        return seconds
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    return endpoint.read_wait(response.headers, body)


def _log(endpoint: Endpoint, request: Request, outcome: str, began: float) -> None:
    if logger.isEnabledFor(10):
        line = f"{request.method} {endpoint.host}{endpoint.base_path}{request.path} -> {outcome}"
        seconds = time.perf_counter() - began
        redactor = api_errors.redactor_for(endpoint, request)
        logger.debug("%s in %.3f s, %d B sent", redactor.text(line), seconds, len(request.body or b""))
