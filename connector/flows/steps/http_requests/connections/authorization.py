"""Ways to authorize a request. A connection names the host that gets its secret; no other host ever does."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import MISSING, AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from connector import __version__
from connector.component.definitions import connection
from connector.component.inputs import Input, Inputs, value_or
from connector.errors import UsageError
from connector.rest import Endpoint

ACCEPT = "application/json, text/plain, */*"


_HOST = re.compile(r"(?:https?://)?((?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?)/?")


def _host(value: str) -> str:
    match = _HOST.fullmatch(value.strip().lower())
    if match is None:
        raise PydanticCustomError("host", "must be a host such as api.example.com")
    return match[1].removesuffix(":443")


class Anonymous(Inputs):
    """Fields of every connection.

    `origin` is not a field to fill in: it has the name of a property of every request, and so takes part in the choice
    of the endpoint.
    """

    origin: Annotated[str, Input(label="Origin", hidden=True)] | MISSING = MISSING


class Authorized(Anonymous):
    """Fields of a connection with a secret."""

    # Hidden, so that a file cannot choose where the secret is sent.
    host: Annotated[
        str,
        AfterValidator(_host),
        Input(
            label="Host",
            comments="Host that gets the secret, such as api.example.com. Requests to other hosts are rejected.",
            hidden=True,
            in_prismatic=False,
        ),
    ]


class ApiKey(Authorized):
    """Fields of an API key."""

    api_key: Annotated[SecretStr, Input(label="API Key", type="password")]
    auth_type: (
        Annotated[
            Literal["Basic", "Bearer"],
            Input(
                label="Authorization Type",
                comments="Word before the key in the Authorization header.",
                choices={"Basic": "Basic", "Bearer": "Bearer"},
                default="Basic",
            ),
        ]
        | MISSING
    ) = MISSING


class Basic(Authorized):
    """Fields of a user name and a password."""

    username: Annotated[str, Input(label="Username")]
    password: Annotated[SecretStr, Input(label="Password", type="password")]


class Token(Authorized):
    """Fields of a bearer token."""

    token: Annotated[SecretStr, Input(label="Token", type="password")]


class OAuth(Authorized):
    """Fields of an access token of OAuth 2.0. You pass the token, because a local run has no sign-in."""

    access_token: Annotated[
        SecretStr, Input(label="Access Token", type="password", comments="A valid token.", in_prismatic=False)
    ]


@connection("none")
def none(_fields: Anonymous, requested: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint of a URL, without authorization."""
    return _endpoint(str(requested.get("origin", "")))


@connection("apiKey")
def api_key(fields: ApiKey, requested: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint of a URL, authorized by an API key."""
    return _authorized(fields, requested, value_or(fields.auth_type, "Basic"), fields.api_key)


@connection("basic")
def basic(fields: Basic, requested: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint of a URL, authorized by user name and password."""
    pair = f"{fields.username}:{fields.password.get_secret_value()}"
    return _authorized(fields, requested, "Basic", SecretStr(base64.b64encode(pair.encode()).decode()), fields.password)


@connection("bearer")
def bearer(fields: Token, requested: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint of a URL, authorized by a bearer token."""
    return _authorized(fields, requested, "Bearer", fields.token)


@connection("oauth2")
def oauth2(fields: OAuth, requested: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint of a URL, authorized by an access token."""
    return _authorized(fields, requested, "Bearer", fields.access_token)


@connection("clientCredentials")
def client_credentials(fields: OAuth, requested: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint of a URL, authorized by an access token."""
    return _authorized(fields, requested, "Bearer", fields.access_token)


def _authorized(
    fields: Authorized, requested: Mapping[str, Any], scheme: str, secret: SecretStr, *more: SecretStr
) -> Endpoint:
    from connector.rest.hosts import is_loopback

    origin = str(requested.get("origin", f"https://{fields.host}"))
    url = urlsplit(origin)
    if url.netloc != fields.host:
        raise UsageError(
            f'the connection is for host "{fields.host}", not "{url.netloc}"',
            hint="Its secret is sent to no other host. Correct the URL, or the field host of the connection.",
        )
    if url.scheme != "https" and not is_loopback(url.hostname or ""):
        raise UsageError(f'the connection needs https, got "{origin}"', hint="Its secret is never sent in clear text.")
    authorization = SecretStr(f"{scheme} {secret.get_secret_value()}")
    return _endpoint(origin, authorization, (secret, *more))


def _endpoint(origin: str, authorization: SecretStr | None = None, secrets: tuple[SecretStr, ...] = ()) -> Endpoint:
    return Endpoint(
        base_url=origin,
        authorization=authorization,
        secrets=secrets,
        headers={"User-Agent": f"segment-connector/{__version__}"},
        media_type=ACCEPT,
        hints={401: "Check the credentials of the step.", 404: "Check the URL of the step."},
    )
