"""The way through requests: what it reads from the environment, and its adapter, which test tools replace.

Importing requests takes a tenth of a short program's time and memory. So only this module imports it to send, and only
where there is a proxy, a URL that requests would rewrite, or a tool that stands in for the network; see `hosts.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connectionpool import HTTPConnectionPool

from connector.errors import ProxyError, RequestSummary
from connector.rest import api_errors
from connector.rest.endpoint import Endpoint
from connector.rest.exchange import CONNECT_TIMEOUT, Failure, Line, Phase, Timeouts, TooLargeError
from connector.rest.http_messages import Request, Response


@dataclass(frozen=True, slots=True)
class AdapterHost:
    """The way to the host of one endpoint as requests configures it.

    Attributes:
        base_url: Base URL of the endpoint.
        adapter: requests' adapter.
        template: A prepared request with the headers of every request.
        settings: Arguments of the adapter: proxies, verification, client certificate.
        proxy: URL of the proxy, or empty.
    """

    base_url: str
    adapter: HTTPAdapter
    template: requests.PreparedRequest
    settings: dict[str, Any]
    proxy: str

    @property
    def url(self) -> str:
        """The base URL as requests writes it, such as an international host name in ASCII."""
        return self.template.url or ""

    def pool(self, summary: Callable[[], RequestSummary]) -> HTTPConnectionPool:
        """Return the pool of connections.

        Raises:
            ProxyError: If a proxy setting cannot be used.
        """
        adapter: Any = self.adapter
        try:
            pool: HTTPConnectionPool = adapter.get_connection_with_tls_context(self.template, **self.settings)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as reason:
            error = _proxy_error(self.proxy, reason, summary())
        else:
            adapter.cert_verify(pool, self.url, self.settings["verify"], self.settings["cert"])
            return pool
        # Raised outside of the handler: the library's exception may hold the proxy's password.
        raise error

    def exchange(
        self, line: Line, request: Request, authorization: SecretStr | None, timeouts: Timeouts, max_bytes: int
    ) -> Response | Failure:
        """Do what `exchange` of `exchange.py` does through the adapter, which a test tool has patched."""
        line.head(request)  # the same request is rejected both ways
        prepared = self.template.copy()
        prepared.method = request.method
        prepared.url = self.base_url + line.target(request.path)
        prepared.body = request.body
        if authorization is not None:
            prepared.headers["Authorization"] = authorization.get_secret_value()
        prepared.headers.update(request.headers)
        if request.body is not None:
            prepared.headers["Content-Length"] = str(len(request.body))
        received: Response | None = None
        response: requests.Response | None = None
        try:
            times = (timeouts.of(CONNECT_TIMEOUT), timeouts.of(timeouts.read))
            response = self.adapter.send(prepared, stream=True, timeout=times, **self.settings)
            received = Response(response.status_code, response.reason or "", response.headers, b"")
            received.content = b"".join(_parts(response.raw, timeouts, max_bytes))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, TooLargeError) as error:
            if response is not None:
                response.close()  # what is left of it would be taken for the next response
            return Failure("reading" if received else _phase_of(error), error, received)
        return received


def adapter_host(endpoint: Endpoint, headers: Mapping[str, str], pool_size: int, *, use_proxies: bool) -> AdapterHost:
    """Let requests look up proxy and certificates in the environment, and return the way to the host."""
    url = endpoint.base_url
    with requests.Session() as session:
        merged: Any = session.merge_environment_settings(url, {}, None, None, None)
    settings: dict[str, Any] = {key: merged[key] for key in ("proxies", "verify", "cert")}
    if not use_proxies:
        settings["proxies"] = {}
    proxy = select_proxy(url, settings["proxies"]) or ""
    template = requests.Request("GET", url, headers=headers).prepare()
    return AdapterHost(url, HTTPAdapter(pool_connections=1, pool_maxsize=pool_size), template, settings, proxy)


def _proxy_error(proxy: str, reason: Exception, summary: RequestSummary) -> ProxyError:
    names = " or ".join(_proxy_variables(proxy)) or "the proxy setting"
    if "SOCKS" in str(reason):
        hint = "Run: pip install 'requests[socks]'"
        return ProxyError(f"the proxy of {names} needs SOCKS support", request=summary, hint=hint)
    hint = f"Write {names} as http://USER:PASSWORD@HOST:PORT, with # as %23, / as %2F, and @ as %40 in the password."
    return ProxyError(f"invalid proxy URL in {names}", request=summary, hint=hint)


def _proxy_variables(proxy: str) -> list[str]:
    return sorted(name for name, value in os.environ.items() if name.lower().endswith("_proxy") and value == proxy)


def _parts(raw: Any, timeouts: Timeouts, left: int) -> Iterator[bytes]:
    # Where it can, read what has arrived: read() waits for a whole part, however slowly it comes.
    read = getattr(raw, "read1", raw.read)
    while part := read(65536, decode_content=True):
        left -= len(part)
        if left < 0:
            raise TooLargeError
        timeouts.of(0)
        yield part


def _phase_of(error: Exception) -> Phase:
    """Return the phase of an error of the adapter; where it does not say, the request may have been sent."""
    if isinstance(error, requests.exceptions.ReadTimeout):
        return "waiting"
    cause = api_errors.root_cause(error)
    unsent = (
        requests.exceptions.SSLError,
        requests.exceptions.ProxyError,
        requests.exceptions.ConnectTimeout,
        urllib3.exceptions.SSLError,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.LocationParseError,
    )
    if isinstance(error, unsent) or isinstance(cause, unsent) or api_errors.is_unmatched(error):
        return "connecting"
    return "sending"
