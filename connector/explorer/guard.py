"""Who may talk to the page: the browser of this machine that opened the link from the terminal."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from connector.sandbox_kit.asgi_server import App, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind} 'self'" for kind in ("script-src", "style-src", "connect-src", "font-src", "form-action")),
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types explorer",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOCKED = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Locked</title><h1>This page is locked</h1>"
    "<p>Open the link that the terminal prints. Each link works once.</p>"
)

Response = tuple[int, str, dict[str, str]]


class Guard:
    """An ASGI application around the page.

    A link with a random token works once and sets a cookie; only requests with the cookie reach the page. Requests of
    other sites, other ports, and other host names are rejected.

    Args:
        app: The page.
        print_link: Called with each link: the first one, and a new one when a link was used.
    """

    def __init__(self, app: App, print_link: Callable[[str], None]) -> None:
        self._app = app
        self._print_link = print_link
        self._sessions: set[str] = set()
        self._hosts: set[str] = set()
        self._cookie = self._token = ""

    def bind(self, url: str) -> str:
        """Accept requests to the port of a URL from now on, and return the first link."""
        port = url.rpartition(":")[2]
        self._url = url
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._cookie = f"connector-explorer-{port}"  # cookies know no ports: two explorers must not share one
        return self._new_link()

    def _new_link(self) -> str:
        self._token = secrets.token_urlsafe(24)
        link = f"{self._url}/?token={self._token}"
        self._print_link(link)
        return link

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject a request, or pass it to the page."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        response = self._rejection(scope, headers) or self._exchange(scope, headers)
        if response is None and not self._is_known(headers.get("cookie", "")):
            response = 403, LOCKED, {}
        if response is not None:
            await _send(send, *response)
            return

        async def send_hardened(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                cache = {} if b"cache-control" in names else {"Cache-Control": "no-store"}
                message["headers"] = [*message["headers"], *_encoded({**HEADERS, **cache})]
            await send(message)

        await self._app(scope, receive, send_hardened)

    def _rejection(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        host = headers.get("host", "")
        if host.lower() not in self._hosts:  # a name of another site that resolves to 127.0.0.1
            return 421, "This host is not served here.", {}
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "navigate")
        if site in {"cross-site", "same-site"} and mode != "navigate":
            return 403, "Another page may not read this one.", {}
        if scope["method"] not in {"GET", "HEAD"}:
            # SameSite does not stop pages that other ports of this machine serve.
            if headers.get("origin") != f"http://{host}":
                return 403, "Only this page may do that.", {}
            if headers.get("content-type", "").partition(";")[0] != "application/json":
                return 415, "Only JSON is accepted.", {}
        return None

    def _exchange(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        """Exchange a link for a cookie, and redirect to the same address without the token."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if "token" not in query or scope["method"] != "GET":
            return None
        # A browser may load a page before the user opens it, which must not use the link up.
        is_prefetch = "prefetch" in headers.get("sec-purpose", "")
        if is_prefetch or not hmac.compare_digest(query["token"][0].encode(), self._token.encode()):
            is_known = self._is_known(headers.get("cookie", ""))
            return (303, "", {"Location": "/"}) if is_known else (403, LOCKED, {})
        session = secrets.token_urlsafe(32)
        self._sessions.add(session)
        self._new_link()
        rest = urlencode({name: values for name, values in query.items() if name != "token"}, doseq=True)
        raw_path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        location = "/" + raw_path.lstrip("/\\") + (f"?{rest}" if rest else "")
        cookie = f"{self._cookie}={session}; HttpOnly; SameSite=Lax; Path=/"
        return 303, "", {"Location": location, "Set-Cookie": cookie}

    def _is_known(self, cookies: str) -> bool:
        pairs = (pair.strip().partition("=") for pair in cookies.split(";"))
        values = [value.encode() for name, _, value in pairs if name == self._cookie]
        return any(hmac.compare_digest(value, known.encode()) for value in values for known in self._sessions)


async def _send(send: Send, status: int, body: str, headers: dict[str, str]) -> None:
    kind = "text/html" if body.startswith("<") else "text/plain"
    content = body.encode()
    described = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Length": str(len(content)),
        "Cache-Control": "no-store",
        **headers,
        **HEADERS,
    }
    await send({"type": "http.response.start", "status": status, "headers": _encoded(described)})
    await send({"type": "http.response.body", "body": content})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
