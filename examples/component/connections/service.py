"""The two connections to the to-do service: with an API key, and with OAuth 2.0."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import SecretStr

from connector import Context, Endpoint, Input, Inputs, Payload, connection
from connector.errors import ApiErrorDetail
from connector.rest import ClientCredentials


class Service(Inputs):
    """The field that both connections have."""

    base_url: Annotated[str, Input(label="Base URL", comments="URL of the service.", example="http://127.0.0.1:8035")]

    @property
    def url(self) -> str:
        """The URL without a slash at its end."""
        return self.base_url.rstrip("/")


class ApiKey(Service):
    """Fields of the connection with an API key."""

    api_key: Annotated[SecretStr, Input(label="API Key", type="password", comments="Key of your account.")]


class OAuth(Service):
    """Fields of the connection with OAuth 2.0."""

    client_id: Annotated[str, Input(label="Client ID", comments="ID of your application.", example="my-app")]
    client_secret: Annotated[
        SecretStr, Input(label="Client Secret", type="password", comments="Secret of your application.")
    ]


def read_api_errors(body: Any) -> Sequence[ApiErrorDetail]:
    """Return the one entry of `{"error": "..."}`."""
    return [ApiErrorDetail(str(body["error"]))] if isinstance(body, dict) and "error" in body else []


def first_list(context: Context, _fields: Inputs) -> Payload:
    """Send a request that every user may send, and that changes nothing."""
    return context.api.get("lists", query={"count": 1})


@connection("apiKey", environment="TODO", test=first_list)
def api_key(fields: ApiKey, _requested: Mapping[str, Any]) -> Endpoint:
    """Return the service, with the key in a header of its own; a secret header is never shown."""
    return Endpoint(base_url=fields.url, headers={"X-Api-Key": fields.api_key}, read_api_errors=read_api_errors)


@connection("oauth", environment="TODO_OAUTH", test=first_list)
def oauth(fields: OAuth, _requested: Mapping[str, Any]) -> Endpoint:
    """Return the service with a token that is requested, shared by all threads, and renewed."""
    credentials = ClientCredentials(
        token_url=f"{fields.url}/oauth/token", client_id=fields.client_id, client_secret=fields.client_secret
    )
    return Endpoint(base_url=fields.url, authorization=credentials, read_api_errors=read_api_errors)
