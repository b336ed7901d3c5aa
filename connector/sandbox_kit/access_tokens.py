"""Access tokens that a simulated API grants for client credentials (OAuth 2.0, RFC 6749, 4.4)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector.sandbox_kit.errors import unauthorized

if TYPE_CHECKING:
    from connector.sandbox_kit.context import RequestContext
    from connector.sandbox_kit.operations import Data
    from connector.sandbox_kit.simulated_api import SimulatedApi
    from connector.sandbox_kit.workspace import Workspace

OPERATION = "grantAccessToken"
"""ID of the operation that grants them; the restricted token may call it too."""

BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)
_BASIC = re.compile(r"Basic +(\S+) *", re.IGNORECASE)
_GRANTED = re.compile(r"access(\d{1,9})\.(.+)")
_FACT = "expired-access-tokens"


def bearer_token(headers: Mapping[str, str]) -> str:
    """Return the token of `Authorization: Bearer TOKEN`, or an empty string."""
    match = BEARER.fullmatch(headers.get("authorization", ""))
    return match[1] if match else ""


class AccessTokens:
    """The access tokens of one simulated API.

    The client secret is a token of the workspace, with any client ID. An access token is that token with a number, and
    the numbers up to the last expired one are not valid.

    Args:
        api: The simulated API.
        route: Method and path of the token endpoint.
        seconds: Seconds until an access token ends, as the response says.
    """

    def __init__(self, api: SimulatedApi, route: str, seconds: int) -> None:
        self._seconds = seconds
        api.operation(OPERATION, route)(self._grant)
        api.command("expire-access-tokens")(_expire)

    def token_of(self, headers: Mapping[str, str]) -> str:
        """Return the token of the workspace that a request has, as a client secret or in an access token."""
        if match := _BASIC.fullmatch(headers.get("authorization", "")):
            return _password(match[1])
        granted = _GRANTED.fullmatch(bearer_token(headers))
        return granted[2] if granted else bearer_token(headers)

    def check(self, context: RequestContext) -> None:
        """Raise ApiError if the access token of a request has expired."""
        granted = _GRANTED.fullmatch(bearer_token(context.headers))
        if granted and int(granted[1]) <= _expired(context):
            raise unauthorized()

    def _grant(self, context: RequestContext) -> Data:
        number = _expired(context) + 1
        token = f"access{number}.{self.token_of(context.headers)}"
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._seconds}


def _expired(holder: RequestContext | Workspace) -> int:
    """Return the number of the last access token that has expired."""
    number: int | None = holder.store.fact(_FACT)
    return number or 0


def _expire(workspace: Workspace) -> dict[str, Any]:
    """Let every access token that was granted expire."""
    with workspace.store.transaction():
        workspace.store.set_fact(_FACT, _expired(workspace) + 1)
    return {}


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
