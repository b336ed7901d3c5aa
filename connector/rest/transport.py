"""The pool of connections behind every client of one connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from connector.errors import DeadlineError, RateLimitError, RequestError
from connector.rest import api_errors
from connector.rest.endpoint import Endpoint
from connector.rest.http_messages import Request, Response
from connector.rest.rate_limits import CallLimits, RateLimitGate, WaitBudget, logger, retry_after
from connector.rest.retry import DeadlineTimeout, RequestAttempt, RetryPolicy, read_wait

if TYPE_CHECKING:
    from urllib3.connectionpool import ConnectionPool

POOL_SIZE = 100
"""Connections kept open to one host: more than the threads that one process usually runs."""


class _Adapter(HTTPAdapter):
    """requests' adapter for one host, whose pool is looked up once and whose retries are those of one call."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=POOL_SIZE)
        self._pool: list[ConnectionPool] = []

    def with_retries(self, retries: RetryPolicy) -> _Adapter:
        """A view of this adapter, pool shared, that repeats as told."""
        view = object.__new__(type(self))
        view.__dict__ = {**self.__dict__, "max_retries": retries}
        return view

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        """The pool of the host, found at the first request."""
        if not self._pool:
            self._pool.append(super().get_connection_with_tls_context(*args, **kwargs))
        return self._pool[0]


class _Host(NamedTuple):
    adapter: _Adapter
    template: requests.PreparedRequest
    settings: dict[str, Any]


class Transport:
    """Sends requests; shared by the threads of one connection.

    Netrc files, cookies and redirects never apply. Proxies and the CA bundle of the environment are honoured, and
    looked up once a host; addresses of this machine are asked without a proxy.
    """

    def __init__(self) -> None:
        self.gate = RateLimitGate()
        self._hosts: dict[Endpoint, _Host] = {}

    def send(self, endpoint: Endpoint, request: Request, limits: CallLimits) -> Response:
        """Send, wait and repeat as the limits allow, and read the whole answer, whatever its status.

        Raises:
            DeadlineError: The deadline has passed; nothing was sent.
            RequestError: There is no answer; the class tells whether it may have had an effect.
            RateLimitError: Another call was told to wait, longer than the limits allow.
        """
        patience = WaitBudget(limits)
        attempt = RequestAttempt(endpoint, request, patience, self.gate)
        began = time.perf_counter()
        while True:
            self._pass_gate(endpoint, request, patience)
            if limits.remaining() <= 0:
                facts = api_errors.facts_of(endpoint, request)
                raise DeadlineError("the deadline passed before this request; nothing was sent", request=facts)
            outcome, broke_off = self._try(endpoint, request, attempt)
            if isinstance(outcome, Response):
                _log(endpoint, request, patience, f"{outcome.status}, {len(outcome.content)} B", began)
                return outcome
            wait = attempt.retry_delay(None) if broke_off and request.is_safe else None
            if wait is None:
                _log(endpoint, request, patience, type(outcome).__name__, began)
                raise outcome
            patience.wait(wait, "answer broken off")

    def status_error(self, endpoint: Endpoint, request: Request, reply: Response) -> RequestError:
        """The error for an answer whose status says that it did not work."""
        wait = None
        if reply.status == 429:
            wait = retry_after(reply.headers)
            wait = read_wait(endpoint, reply.headers, reply.content) if wait is None else wait
        return api_errors.status_error(endpoint, request, reply, wait)

    def close(self) -> None:
        """Close the idle connections."""
        for host in self._hosts.values():
            host.adapter.close()

    def _try(
        self, endpoint: Endpoint, request: Request, attempt: RequestAttempt
    ) -> tuple[Response | RequestError, bool]:
        """One reply, or the error for none and whether it came after the headers."""
        host = self._host(endpoint)
        prepared = host.template.copy()
        prepared.method = request.method
        prepared.url = endpoint.base_url + request.path
        prepared.body = request.body
        prepared.headers.update(request.headers)
        if request.body is not None:
            prepared.headers["Content-Length"] = str(len(request.body))
        timeout: Any = DeadlineTimeout.of(attempt.patience, request.read_timeout)
        adapter = host.adapter.with_retries(RetryPolicy.of(attempt))
        response = None
        # The library's exceptions hold the request with its token, so the error made here is raised outside their
        # handling: nothing of theirs hangs on it.
        try:
            response = adapter.send(prepared, stream=True, timeout=timeout, **host.settings)
            content = response.raw.read(decode_content=True)
            if response.status_code == 429:
                content = content or attempt.status_error  # which was read already, for the seconds in it
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if response is None or response.status_code < 400:
                return api_errors.connection_error(endpoint, request, error), response is not None
            content = b""
        return Response(response.status_code, response.reason or "", response.headers, content), False

    def _host(self, endpoint: Endpoint) -> _Host:
        host = self._hosts.get(endpoint)
        if host is None:
            url = endpoint.base_url
            with requests.Session() as session:
                found = session.merge_environment_settings(url, {}, None, None, None)
                template = requests.Request("GET", url, headers={**session.headers, **endpoint.headers}).prepare()
            settings: dict[str, Any] = {key: found[key] for key in ("proxies", "verify", "cert")}
            if _is_loopback(url):
                settings["proxies"] = {}
            template.headers["Accept"] = endpoint.media_type
            if endpoint.authorization is not None:
                template.headers["Authorization"] = endpoint.authorization.get_secret_value()
            adapter = _Adapter()
            host = self._hosts.setdefault(endpoint, _Host(adapter, template, settings))
        return host

    def _pass_gate(self, endpoint: Endpoint, request: Request, patience: WaitBudget) -> None:
        while (closed := self.gate.seconds_until_open()) > 0:
            if not patience.allows(closed):
                raise RateLimitError(
                    "too many requests: another call was told to wait",
                    retry_after=closed,
                    request=api_errors.facts_of(endpoint, request),
                    hint=f"Repeat it in {closed:.0f} s, or allow a longer max_wait.",
                )
            patience.wait(closed, "rate limit")


def _is_loopback(url: str) -> bool:
    """True for an address of this very machine, which for a proxy would be another one."""
    host = urlsplit(url).hostname or ""
    return host == "::1" or host.startswith("127.")


def _log(endpoint: Endpoint, request: Request, patience: WaitBudget, outcome: str, began: float) -> None:
    if logger.isEnabledFor(10):
        line = f"{request.method} {endpoint.host}{request.path} -> {outcome}"
        seconds = time.perf_counter() - began
        sent = len(request.body or b"")
        logger.debug("%s in %.3f s, %d B sent, %d waits", endpoint.redact(line), seconds, sent, patience.waits)
