"""Authorization that a service grants for some time, and that is renewed when it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode, urlsplit

from pydantic import SecretStr

from connector.errors import AuthenticationError, InvalidResponseError
from connector.rest.endpoint import Endpoint, Grant, GrantSource, Send
from connector.rest.http_messages import Request

EARLY = 30.0
"""Seconds before its end at which a grant is renewed, so that it does not end on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, 4.4), sent with HTTP Basic authentication.

    Attributes:
        token_url: URL of the token endpoint.
        client_id: ID of the client.
        client_secret: Its secret.
        scope: Requested scope; empty for the default of the service.
    """

    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str = ""

    def grant(self, send: Send) -> Grant:
        """Ask the token endpoint; see `GrantSource`."""
        parts = urlsplit(self.token_url)
        endpoint = Endpoint(
            base_url=f"{parts.scheme}://{parts.netloc}",
            authorization=SecretStr(f"Basic {self._basic()}"),
            secrets=[self.client_secret],
        )
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # Another token does no harm, so the request may be repeated.
        request = Request("POST", path, headers, urlencode(form).encode(), idempotent=True)
        response = send(endpoint, request)
        try:
            body = response.json()
            if not 200 <= response.status < 300:
                reason = endpoint.redact(str(body["error"]))
            else:
                return Grant(SecretStr(f"Bearer {body['access_token']}"), float(body.get("expires_in") or 0) or None)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            reason = ""
        if response.status in {400, 401, 403}:
            message = f"the client credentials were rejected ({reason or response.status})"
            raise AuthenticationError(message, status=response.status, hint="Check the client's ID and secret.")
        hint = "Check the token URL of the connection."
        raise InvalidResponseError(f"{endpoint.host} returned no token ({response.status})", hint=hint)

    def _basic(self) -> str:
        from base64 import b64encode

        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret.get_secret_value())}"
        return b64encode(pair.encode()).decode()


@dataclass(slots=True)
class Renewal:
    """The current grant of an endpoint, which all threads share."""

    source: GrantSource
    learn: Callable[[SecretStr], None]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _current: SecretStr | None = None
    _ends: float = float("inf")

    def current(self, send: Send, rejected: SecretStr | None = None) -> SecretStr:
        """Return the authorization, a new one if there is none, if it has ended, or if it is the rejected one.

        Threads that wait for the same new grant get the one that the first of them asked for.
        """
        current = self._current
        if current is not None and current is not rejected and time.monotonic() < self._ends:
            return current
        with self._lock:
            if self._current is None or self._current is rejected or time.monotonic() >= self._ends:
                grant = self.source.grant(send)
                self.learn(grant.authorization)
                self._ends = float("inf") if grant.seconds is None else time.monotonic() + max(1, grant.seconds - EARLY)
                self._current = grant.authorization
            return self._current
