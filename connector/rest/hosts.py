"""The way to one host, looked up once: its pool of connections, proxy, and certificates."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connector.errors import RequestSummary, TLSError
from connector.rest.endpoint import Endpoint
from connector.rest.exchange import Line, header_line

POOL_SIZE = 100
"""Connections kept open to one host: more than the threads that one process usually runs."""

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name a file or a folder of certificates, as requests reads them: the first that is set counts."""

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})

_version = cache(metadata.version)  # it takes longer than to open a connection: it reads a file of the package

_ORDINARY_URL = re.compile(
    r"https?://(?:[a-z0-9_-][a-z0-9._-]*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._~-]+)*"
)
"""A URL that everyone reads alike: requests would neither encode nor decode a part of it."""


@dataclass(frozen=True, slots=True)
class Host:
    """The way to the host of one endpoint.

    Attributes:
        pool: urllib3's pool of connections.
        line: What every request has in common.
        proxy: Host and port of the proxy, or empty.
    """

    pool: HTTPConnectionPool
    line: Line
    proxy: str

    @property
    def is_patched(self) -> bool:
        """True while a test tool stands in for the network: requests then have to go through requests' adapter."""
        # What is not imported is not replaced. The attribute is missing while another thread imports the module.
        adapter = getattr(sys.modules.get("requests.adapters"), "HTTPAdapter", None)
        # Not compared with a copy of the original: this module may be imported while the adapter is patched already.
        if adapter and (adapter.send.__module__ != adapter.__module__ or hasattr(adapter.send, "__wrapped__")):
            return True
        return not issubclass(self.pool.ConnectionCls, HTTPConnection)

    def authorized(self, authorization: SecretStr) -> Host:
        """Return the same way with another value of the Authorization header."""
        line = header_line("Authorization", authorization.get_secret_value())
        return replace(self, line=replace(self.line, headers={**self.line.headers, "authorization": line}))


def open_host(endpoint: Endpoint, summary: Callable[[], RequestSummary]) -> Host:
    """Look up proxy and certificates in the environment, and return the way to the host.

    Args:
        endpoint: The service.
        summary: Returns the request for the message of an error.

    Raises:
        ProxyError: If a proxy setting cannot be used.
        TLSError: If the CA bundle is missing.
    """
    url, headers, proxy = endpoint.base_url, headers_of(endpoint), ""
    if url.startswith("https:"):
        _check_certificates(summary)
    if needs_requests(url):
        from connector.rest.adapter import adapter_host

        configured = adapter_host(endpoint, headers, POOL_SIZE, use_proxies=uses_proxies(url))
        pool, url, proxy = configured.pool(summary), configured.url, _without_credentials(configured.proxy)
    else:
        pool = _pool(url)
    return Host(pool, _line(url, headers, pool, endpoint.plain_query()), proxy)


def needs_requests(url: str) -> bool:
    """Return True if requests has to look up the way to a URL: with a proxy, or if the URL has to be rewritten."""
    return not _ORDINARY_URL.fullmatch(url) or (uses_proxies(url) and _has_proxies())


def uses_proxies(url: str) -> bool:
    """Return False for this computer: for a proxy, it would be another one, and get the token in clear text."""
    return not is_loopback(urlsplit(url).hostname or "")


def _has_proxies() -> bool:
    """Return True if the environment or the system names a proxy."""
    from urllib.request import getproxies

    return not getproxies().keys() <= {"no"}  # the hosts that need none


def _pool(url: str) -> HTTPConnectionPool:
    """Return the pool that requests would configure."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return HTTPConnectionPool(parts.hostname or "", parts.port, maxsize=POOL_SIZE)
    path = _certificates()
    file, folder = (None, str(path)) if path.is_dir() else (str(path), None)
    return HTTPSConnectionPool(
        parts.hostname or "",
        parts.port,
        maxsize=POOL_SIZE,
        cert_reqs="CERT_REQUIRED",
        ca_certs=file,
        ca_cert_dir=folder,
    )


def _certificates() -> Path:
    """Return the file or the folder of the certificates to trust, as requests would find it."""
    named = next(filter(None, map(os.environ.get, CA_VARIABLES)), None)
    if named is not None:
        return Path(named)
    import certifi

    return Path(certifi.where())


def _check_certificates(summary: Callable[[], RequestSummary]) -> None:
    path = _certificates()
    if not path.exists():
        hint = "Set REQUESTS_CA_BUNDLE to an existing file, or unset it."
        raise TLSError(f'CA bundle "{path}" does not exist', request=summary(), hint=hint)


def headers_of(endpoint: Endpoint) -> dict[str, str]:
    """Return the headers of every request, in the order and with the name of the program that requests sends."""
    defaults = {"User-Agent": _user_agent(), "Accept-Encoding": "", "Accept": ""}
    fixed = {"Accept": endpoint.media_type, "Accept-Encoding": "gzip, deflate"}  # what both ways can decompress
    if isinstance(endpoint.authorization, SecretStr):
        fixed["Authorization"] = endpoint.authorization.get_secret_value()
    own = endpoint.plain_headers().items()
    pairs = [*defaults.items(), ("Connection", "keep-alive"), *own, *fixed.items()]
    return dict({name.lower(): (name, value) for name, value in pairs}.values())


def _user_agent() -> str:
    try:
        return f"python-requests/{_version('requests')}"
    except (
        metadata.PackageNotFoundError
    ):  # a program that was packed into one file may lack the facts about its packages
        return "python-requests"


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


def _without_credentials(proxy: str) -> str:
    return re.sub(r"^[a-z0-9]+://", "", proxy.rpartition("@")[2], flags=re.IGNORECASE).rstrip("/")


def _line(base_url: str, headers: Mapping[str, str], pool: HTTPConnectionPool, query: str) -> Line:
    url = urlsplit(base_url)
    lines = {"host": header_line("Host", url.netloc.rpartition("@")[2])}
    lines |= {name.lower(): header_line(name, value) for name, value in headers.items()}
    prefix = url.path.rstrip("/")
    if pool.proxy is not None and url.scheme == "http":
        prefix = f"http://{url.netloc}{prefix}"
        lines |= {name.lower(): header_line(name, value) for name, value in pool.proxy_headers.items()}
    return Line(prefix, lines, query)
