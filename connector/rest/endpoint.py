"""An authorized service and its conventions: what a connection makes from credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr

from connector.common.redaction import Redactor
from connector.errors import ApiErrorDetail
from connector.rest.http_messages import Request, Response

ErrorReader = Callable[[Any], Sequence[ApiErrorDetail]]
"""From the JSON body of an error response to its entries."""

WaitReader = Callable[[Mapping[str, str], Any], float | None]
"""From headers and JSON body of a 429 (None if it is not JSON) to the seconds to wait."""


MaskFinder = Callable[[bytes], Sequence[str]]
"""From the body of a write to the paths of the values in it that are masks, such as `settings.apiKey`."""

Send = Callable[["Endpoint", Request], Response]
"""Sends a request to a service and returns the response of whatever status."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a service granted.

    Attributes:
        authorization: Value of the Authorization header.
        seconds: Seconds until it ends; None if the service does not say.
    """

    authorization: SecretStr
    seconds: float | None = None


class GrantSource(Protocol):
    """Asks a service for authorization."""

    def grant(self, send: Send) -> Grant:
        """Return a new grant.

        Raises:
            RequestError: If there is no response.
            AuthenticationError: If the credentials are rejected.
        """


def no_api_errors(_body: Any) -> Sequence[ApiErrorDetail]:
    """Return no entries: for a service whose error responses have no known shape."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """An authorized service.

    Attributes:
        base_url: Scheme and host, with a path prefix if the service has one, without a trailing slash.
        authorization: Value of the Authorization header, or what asks for one, such as `ClientCredentials`.
        secrets: Every secret string of the connection; none of them is ever shown.
        headers: Headers of every request. A secret one, such as an API key, is a `SecretStr`.
        query: Query parameters of every request, for a service that takes its key there. They are added when a request
            is sent, so that no hook, log, or message has them.
        media_type: Default `Accept`.
        read_api_errors: Reads the entries of an error response.
        read_wait: Reads how long to wait from a 429 without `Retry-After`.
        find_masks: Finds values that the service shows in place of a secret, and that must not be written back.
        hints: Hints by status, where this service needs better advice than the general one.
    """

    base_url: str
    authorization: SecretStr | GrantSource | None = None
    secrets: Sequence[SecretStr] = ()
    headers: Mapping[str, str | SecretStr] = field(default_factory=dict)
    query: Mapping[str, str | SecretStr] = field(default_factory=dict)
    media_type: str = "application/json"
    read_api_errors: ErrorReader = no_api_errors
    read_wait: WaitReader = lambda _headers, _body: None
    find_masks: MaskFinder = lambda _body: ()
    hints: Mapping[int, str] = field(default_factory=dict)
    redactor: Redactor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = (*self.headers.values(), *self.query.values())
        hidden = [value for value in values if isinstance(value, SecretStr)]
        secrets = [secret.get_secret_value() for secret in (*self.secrets, *hidden)]
        object.__setattr__(self, "redactor", Redactor(secrets))  # the way to set a field of a frozen dataclass

    def plain_headers(self) -> dict[str, str]:
        """Return the headers to send, secrets included."""
        return _plain(self.headers)

    def plain_query(self) -> str:
        """Return the query parameters to add, secrets included."""
        return urlencode(_plain(self.query))

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.base_url).netloc

    @property
    def base_path(self) -> str:
        """Path prefix of the service, without a trailing slash; empty for most."""
        return urlsplit(self.base_url).path.rstrip("/")

    def redact(self, value: Any) -> Any:
        """Return a string or a JSON value without any secret of this connection."""
        return self.redactor.value(value)


def _plain(values: Mapping[str, str | SecretStr]) -> dict[str, str]:
    return {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in values.items()}
