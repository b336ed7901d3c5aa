"""The way to one host, looked up once: its pool as requests configures it, proxy, and certificates."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection

from connector.errors import ProxyError, RequestError, RequestSummary, TLSError
from connector.rest.endpoint import Endpoint
from connector.rest.exchange import Line, header_line

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

POOL_SIZE = 100
"""Connections kept open to one host: more than the threads that one process usually runs."""

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})


@dataclass(frozen=True, slots=True)
class Host:
    """The way to the host of one endpoint.

    Attributes:
        adapter: requests' adapter, which test tools patch.
        template: A prepared request with the headers of every request.
        settings: Arguments of the adapter: proxies, verification, client certificate.
        pool: urllib3's pool of connections.
        line: What every request has in common.
        proxy: Host and port of the proxy, or empty.
    """

    adapter: HTTPAdapter
    template: requests.PreparedRequest
    settings: dict[str, Any]
    pool: HTTPConnectionPool
    line: Line
    proxy: str

    @property
    def is_patched(self) -> bool:
        """True while a test tool stands in for the network: requests then have to go through requests' adapter."""
        # Not compared with a copy of the original: this module may be imported while the adapter is patched already.
        send = HTTPAdapter.send
        is_original = send.__module__ == HTTPAdapter.__module__ and not hasattr(send, "__wrapped__")
        return not is_original or not issubclass(self.pool.ConnectionCls, HTTPConnection)

    def authorized(self, authorization: SecretStr) -> Host:
        """Return the same way with another value of the Authorization header."""
        value = authorization.get_secret_value()
        template = self.template.copy()
        template.headers["Authorization"] = value
        lines = {**self.line.headers, "authorization": header_line("Authorization", value)}
        line = replace(self.line, headers=lines)
        return replace(self, template=template, line=line)


def open_host(endpoint: Endpoint, summary: RequestSummary) -> Host:
    """Look up proxy and certificates in the environment, and return the way to the host.

    Raises:
        ProxyError: If a proxy setting cannot be used.
        TLSError: If the CA bundle is missing.
    """
    url = endpoint.base_url
    with requests.Session() as session:
        merged: Any = session.merge_environment_settings(url, {}, None, None, None)
        template = requests.Request("GET", url, headers={**session.headers, **endpoint.plain_headers()}).prepare()
    template.headers["Accept"] = endpoint.media_type
    template.headers["Accept-Encoding"] = "gzip, deflate"  # what both ways can decompress
    if isinstance(endpoint.authorization, SecretStr):
        template.headers["Authorization"] = endpoint.authorization.get_secret_value()
    settings: dict[str, Any] = {key: merged[key] for key in ("proxies", "verify", "cert")}
    if is_loopback(urlsplit(url).hostname or ""):
        # For a proxy, loopback would be another computer, and the token would reach it in clear text.
        settings["proxies"] = {}
    proxy = select_proxy(url, settings["proxies"]) or ""
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=POOL_SIZE)
    pool = _pool(adapter, template, settings, proxy, summary)
    line = _line(template, pool, proxy, endpoint.plain_query())
    return Host(adapter, template, settings, pool, line, _without_credentials(proxy))


def is_loopback(host: str) -> bool:
    """Return True if a host is this computer, by whatever name or notation."""
    name = host.casefold().strip("[]").rstrip(".")
    if name in LOOPBACK_NAMES or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        try:
            return socket.inet_aton(name)[0] == 127  # short, octal, and hexadecimal notations: 127.1, 0x7f.1
        except (OSError, UnicodeError):
            return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback)


def _pool(
    adapter: Any, template: requests.PreparedRequest, settings: dict[str, Any], proxy: str, summary: RequestSummary
) -> Any:
    # The library's exceptions may hold the proxy's password, so these errors are raised outside their handling.
    error: RequestError
    try:
        pool = adapter.get_connection_with_tls_context(template, **settings)
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as reason:
        error = _proxy_error(proxy, reason, summary)
    else:
        try:
            adapter.cert_verify(pool, template.url or "", settings["verify"], settings["cert"])
        except OSError as reason:
            path = str(reason).rpartition("invalid path: ")[2]
            hint = "Set REQUESTS_CA_BUNDLE to an existing file, or unset it."
            error = TLSError(f'CA bundle "{path}" does not exist', request=summary, hint=hint)
        else:
            return pool
    raise error


def _proxy_error(proxy: str, reason: Exception, summary: RequestSummary) -> RequestError:
    names = " or ".join(_proxy_variables(proxy)) or "the proxy setting"
    if "SOCKS" in str(reason):
        hint = "Run: pip install 'requests[socks]'"
        return ProxyError(f"the proxy of {names} needs SOCKS support", request=summary, hint=hint)
    hint = f"Write {names} as http://USER:PASSWORD@HOST:PORT, with # as %23, / as %2F, and @ as %40 in the password."
    return ProxyError(f"invalid proxy URL in {names}", request=summary, hint=hint)


def _proxy_variables(proxy: str) -> list[str]:
    return sorted(name for name, value in os.environ.items() if name.lower().endswith("_proxy") and value == proxy)


def _without_credentials(proxy: str) -> str:
    return re.sub(r"^[a-z0-9]+://", "", proxy.rpartition("@")[2], flags=re.IGNORECASE).rstrip("/")


def _line(template: requests.PreparedRequest, pool: HTTPConnectionPool, proxy: str, query: str) -> Line:
    url = urlsplit(template.url or "")
    headers = {"host": header_line("Host", url.netloc.rpartition("@")[2])}
    headers |= {name.lower(): header_line(name, value) for name, value in template.headers.items()}
    prefix = url.path.rstrip("/")
    if pool.proxy is not None and url.scheme == "http":
        prefix = f"http://{url.netloc}{prefix}"
        headers |= {name.lower(): header_line(name, value) for name, value in pool.proxy_headers.items()}
    return Line(prefix, headers, query)
