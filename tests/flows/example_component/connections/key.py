from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import SecretStr

from connector import Input, Inputs, connection
from connector.rest import Endpoint


class Key(Inputs):
    api_key: Annotated[SecretStr, Input(label="API Key", type="password")]
    base_url: Annotated[str, Input(label="Base URL")]


@connection("key", environment="WORKSHOP")
def key(fields: Key, requested: Mapping[str, Any]) -> Endpoint:
    token = fields.api_key.get_secret_value()
    return Endpoint(base_url=fields.base_url, authorization=SecretStr(f"Bearer {token}"), secrets=[fields.api_key])
