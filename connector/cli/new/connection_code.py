"""The modules of the connections of a component that is made from an OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector.cli.new.field_code import field, field_label, secret_field, snake_case, text_field
from connector.cli.new.python_code import bracketed, call
from connector.cli.new.service_code import service_code
from connector.component.json_schema import label_of
from connector.describe.openapi.operations import camel_key

if TYPE_CHECKING:
    from connector.describe.openapi.security import Credential, Login
    from connector.describe.openapi.translation import Translation

CONNECTION = '''\
"""The connection __KEY__."""

__BASE64__from collections.abc import Mapping
from typing import Annotated, Any

__IMPORTS__

from .service import Service, read_api_errors


class Fields(Service):
    """Fields of the connection."""

__FIELDS__


__TEST__@__DECORATOR__
def connect(fields: Fields, _requested: Mapping[str, Any]) -> Endpoint:
    """Return the service, authorized."""
__PAIR__    return Endpoint(
        base_url=fields.url(),
__ENDPOINT__
        read_api_errors=read_api_errors,
    )
'''

TEST = '''\
def own_account(context: Context, _fields: Fields) -> Payload:
    """Send a request that changes nothing; which one is a guess."""
    return context.invoke("__OPERATION__", Inputs())


'''

PATHLIB = "from pathlib import Path\n"
PAIR = """\
    pair = f"{fields.username}:{fields.password.get_secret_value()}".encode()
"""


def connection_files(
    names: Mapping[str, str], translation: Translation
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Return the code of the modules by name, and label and description of each connection by key."""
    codes = {"service": service_code(translation.server)}
    summaries: dict[str, tuple[str, str]] = {}
    for login in _logins(translation):
        key = login_key(login)
        if key not in summaries:
            codes[snake_case(key)] = _connection(key, login, names["__VARIABLE__"], translation.test)
            summaries[key] = (label_of(key[:1].upper() + key[1:]), _summary(login))
    return codes, summaries


def sandbox_names(translation: Translation) -> dict[str, str]:
    """Return how the sandbox is connected, and where it reads the token, by placeholder."""
    login = _logins(translation)[0]
    fields = {camel_key(field): value for each in login for field, value in _sandbox_fields(each).items()}
    entries = [f'"{key}": {value}' for key, value in fields.items()]
    code, imports = _token_of(login[0])
    return {
        "__CONNECTION__": login_key(login),
        "__FIELDS__": bracketed("{", [*entries, '"baseUrl": url'], "}", indent=8),
        "__TOKEN_OF__": code,
        "__SANDBOX_IMPORTS__": imports,
    }


def login_key(login: Login) -> str:
    """Return the key of the connection that has these credentials."""
    words = [
        f"{credential.scheme} client credentials" if credential.kind == "client credentials" else credential.scheme
        for credential in login
    ]
    return camel_key(" and ".join(words)) or "login"


def _logins(translation: Translation) -> list[Login]:
    from connector.describe.openapi.security import Credential

    return translation.logins or [(Credential("token", "bearer"),)]


def _connection(key: str, login: Login, environment: str, test: str) -> str:
    fields = [line for credential in login for line in _credential_fields(credential)]
    secrets = [f"fields.{name}" for each in login for name in _sandbox_fields(each) if _is_secret(name, each)]
    endpoint = [line for credential in login for line in _authorization(credential)]
    for kind, argument in (("header", "headers"), ("query", "query")):
        entries = [
            f"{json.dumps(each.name)}: fields.{snake_case(each.scheme)}"
            for each in login
            if each.kind == kind and not _is_authorization(each)
        ]
        if entries:
            endpoint.append(f"        {bracketed(f'{argument}={{', entries, '}', indent=8)},")
    endpoint.append(f"        {bracketed('secrets=[', secrets, ']', indent=8)},")
    arguments = {"": json.dumps(key), "environment": json.dumps(environment)} | (
        {"test": "own_account"} if test else {}
    )
    imported = [
        *(["Context"] if test else []),
        "Endpoint",
        "Input",
        *(["Inputs", "Payload"] if test else []),
        "connection",
    ]
    imports = [f"from connector import {', '.join(imported)}"]
    kinds = {credential.kind for credential in login}
    if "client credentials" in kinds:
        imports[0] = imports[0].replace("connection", "connection, value_or")
        imports += ["from connector.rest import ClientCredentials", "from pydantic import MISSING, SecretStr"]
    else:
        imports.append("from pydantic import SecretStr")
    return (
        CONNECTION.replace("__FIELDS__", "\n".join(fields))
        .replace("__TEST__", TEST if test else "")
        .replace("__OPERATION__", test)
        .replace("__ENDPOINT__", "\n".join(endpoint))
        .replace("__IMPORTS__", "\n".join(imports))
        .replace("__DECORATOR__", call("connection", arguments, indent=0))
        .replace("__PAIR__", PAIR if "basic" in kinds else "")
        .replace("__BASE64__", "from base64 import b64encode\n" if "basic" in kinds else "")
        .replace("__KEY__", key)
    )


def _credential_fields(credential: Credential) -> list[str]:
    name, note = snake_case(credential.scheme), credential.comments
    if credential.kind == "bearer":
        return [secret_field("token", "Token", note or "Access token of the service.")]
    if credential.kind == "basic":
        return [
            text_field("username", "Username", note or "Name of the user."),
            secret_field("password", "Password", "Password of the user."),
        ]
    if credential.kind == "client credentials":
        scope = call("Input", {"label": '"Scope"', "comments": '"Requested scopes, separated by spaces."'}, indent=8)
        return [
            text_field("client_id", "Client ID", note or "ID of the client."),
            secret_field("client_secret", "Client Secret", "Secret of the client."),
            field("scope", "str", scope, optional=True),
        ]
    if _is_authorization(credential):
        return [secret_field(name, field_label(name), note or "Value of the Authorization header.")]
    where = "header" if credential.kind == "header" else "query parameter"
    return [secret_field(name, field_label(name), note or f"Sent as the {where} {credential.name}.")]


def _authorization(credential: Credential) -> list[str]:
    if credential.kind == "bearer":
        return ['        authorization=SecretStr(f"Bearer {fields.token.get_secret_value()}"),']
    if credential.kind == "basic":
        return ['        authorization=SecretStr(f"Basic {b64encode(pair).decode()}"),']
    if credential.kind == "client credentials":
        return [
            "        authorization=ClientCredentials(",
            f"            token_url={_token_url(credential.token_url)},",
            "            client_id=fields.client_id,",
            "            client_secret=fields.client_secret,",
            '            scope=value_or(fields.scope, ""),',
            "        ),",
        ]
    return [f"        authorization=fields.{snake_case(credential.scheme)},"] if _is_authorization(credential) else []


def _token_url(url: str) -> str:
    return json.dumps(url) if re.match("https?://", url) else f'f"{{fields.url()}}/{url.lstrip("/")}"'


def _sandbox_fields(credential: Credential) -> dict[str, str]:
    """Return the fields of a credential, and their values in the sandbox as code."""
    if credential.kind == "bearer":
        return {"token": "token"}
    if credential.kind == "basic":
        return {"username": '"sandbox"', "password": "token"}
    if credential.kind == "client credentials":
        return {"client_id": '"sandbox"', "client_secret": "token"}
    value = 'f"Bearer {token}"' if _is_authorization(credential) else "token"
    return {snake_case(credential.scheme): value}


def _token_of(credential: Credential) -> tuple[str, str]:
    """Return the code that finds the token where the service expects it, and the imports of the module."""
    if credential.kind == "query":
        return f"\n    token_parameter = {json.dumps(credential.name)}\n", PATHLIB
    head = (
        "\n    def token_of(self, headers: Mapping[str, str]) -> str:\n"
        '        """Return the token, from where the service expects it."""\n'
    )
    mapping = "from collections.abc import Mapping\n"
    if credential.kind == "basic":
        body = (
            '        encoded = headers.get("authorization", "").removeprefix("Basic ")\n'
            "        try:\n"
            '            return b64decode(encoded).decode().partition(":")[2]\n'
            "        except ValueError:\n"
            '            return ""\n'
        )
        return head + body, f"from base64 import b64decode\n{mapping}{PATHLIB}"
    if credential.kind == "header" and not _is_authorization(credential):
        return f'{head}        return headers.get({json.dumps(credential.name.lower())}, "")\n', mapping + PATHLIB
    return "", PATHLIB


def _is_authorization(credential: Credential) -> bool:
    return credential.kind == "header" and credential.name.lower() == "authorization"


def _is_secret(name: str, credential: Credential) -> bool:
    return not (name == "username" or (name == "client_id" and credential.kind == "client credentials"))


def _summary(login: Login) -> str:
    words = {
        "bearer": "an access token",
        "basic": "username and password",
        "header": "the header {}",
        "query": "the query parameter {}",
        "client credentials": "ID and secret of a client, for which the service grants tokens",
    }
    text = ", ".join(words[each.kind].format(each.name) for each in login)
    return f"{text[:1].upper()}{text[1:]}."
