"""The connection to the to-do service."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import SecretStr

from connector import Input, Inputs, connection
from connector.errors import ApiErrorDetail
from connector.rest import Endpoint


class ApiKey(Inputs):
    """Fields of the connection."""

    api_key: Annotated[
        SecretStr,
        Input(label="API Key", type="password", comments="Token that the sandbox prints when it starts."),
    ]
    base_url: Annotated[
        str,
        Input(
            label="Base URL", comments="URL that the sandbox prints when it starts.", example="http://127.0.0.1:8035"
        ),
    ]


def read_api_errors(body: Any) -> Sequence[ApiErrorDetail]:
    """The one entry of `{"error": "..."}`."""
    return [ApiErrorDetail(str(body["error"]))] if isinstance(body, dict) and "error" in body else []


@connection("apiKey", environment="TODO")
def api_key(fields: ApiKey, _asked: Mapping[str, Any]) -> Endpoint:
    """One service, one token."""
    return Endpoint(
        base_url=fields.base_url.rstrip("/"),
        authorization=SecretStr(f"Bearer {fields.api_key.get_secret_value()}"),
        secrets=[fields.api_key],
        read_api_errors=read_api_errors,
    )
