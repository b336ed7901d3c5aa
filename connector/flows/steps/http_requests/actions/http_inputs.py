"""Inputs of HTTP requests, as Prismatic's HTTP component has them."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import MISSING, AfterValidator, Field
from pydantic_core import PydanticCustomError

from connector.component.inputs import Input, Inputs
from connector.component.raw_request import pairs
from connector.rest import header_problem

DAY = 86_400_000
"""Milliseconds."""

RESPONSE_TYPES = ("json", "text", "binary", "arraybuffer", "document")
FRAMING = frozenset({"connection", "content-length", "host", "proxy-authorization", "transfer-encoding"})
"""Headers that decide where a request goes and where it ends, which only the transport sets."""

_PATH_SAFE = "/%:@!$&'()*+,;=~"
_QUERY_SAFE = "/?%:@!$&'()*+,;=~"


def _url(value: str) -> str:
    try:
        url = urlsplit(value.strip())
        is_valid = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or not value.strip().isprintable():
        raise PydanticCustomError("url", "must be a URL such as https://api.example.com/items")
    if url.username is not None or url.password is not None:
        raise PydanticCustomError("url", "must not contain a user or a password", {"hint": "Use a connection."})
    return value.strip()


def _headers(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if name.lower() in FRAMING:
            raise PydanticCustomError("header", "must not set {name}", {"name": name})
        if problem := header_problem(name, text):
            raise PydanticCustomError("header", "{problem}", {"problem": problem})
    return value


def _tls(value: bool) -> bool:
    if value:
        raise PydanticCustomError("tls", "must be false: certificates are always checked")
    return value


class HttpRequest(Inputs):
    """Inputs of every request."""

    url: Annotated[str, AfterValidator(_url), Input(label="URL", comments="Absolute URL.")]
    headers: (
        Annotated[
            dict[str, str],
            AfterValidator(_headers),
            pairs("Header", "Additional headers.", secret=True),
        ]
        | MISSING
    ) = MISSING
    query_params: (
        Annotated[dict[str, Any], pairs("Query Parameter", "Query parameters, added to those of the URL.")] | MISSING
    ) = MISSING
    response_type: (
        Annotated[
            Literal["json", "text", "binary", "arraybuffer", "document"],
            Input(
                label="Response Type",
                comments="Form of the response body.",
                choices={name: name for name in RESPONSE_TYPES},
                default="json",
            ),
        ]
        | MISSING
    ) = MISSING
    timeout: (
        Annotated[float, Field(ge=0, le=DAY), Input(label="Timeout", comments="Milliseconds to wait for the response.")]
        | MISSING
    ) = MISSING
    include_full_response: (
        Annotated[
            bool,
            Input(label="Full Response", comments="Return status and headers too.", type="boolean", default="false"),
        ]
        | MISSING
    ) = MISSING
    max_retries: (
        Annotated[
            int,
            Field(ge=0, le=100),
            Input(label="Max Retry Count", comments="0 uses the default retry policy.", default="0"),
        ]
        | MISSING
    ) = MISSING
    retry_delay_ms: Annotated[
        Annotated[
            float,
            Field(ge=0, le=DAY),
            Input(label="Retry Delay (ms)", comments="0 uses backoff.", default="0"),
        ]
        | MISSING,
        Field(alias="retryDelayMS"),
    ] = MISSING
    retry_on_all_errors: (
        Annotated[bool, Input(label="Retry On All Errors", type="boolean", default="false")] | MISSING
    ) = MISSING
    use_exponential_backoff: (
        Annotated[bool, Input(label="Use Exponential Backoff", type="boolean", default="false")] | MISSING
    ) = MISSING
    ignore_ssl_errors: (
        Annotated[bool, AfterValidator(_tls), Input(label="Ignore SSL Errors", type="boolean", default="false")]
        | MISSING
    ) = MISSING
    debug_request: Annotated[bool, Input(label="Debug Request", type="boolean", default="false")] | MISSING = MISSING

    @property
    def origin(self) -> str:
        """Scheme, host, and port of the URL, in one notation."""
        url = urlsplit(self.url)
        default = {"http": 80, "https": 443}[url.scheme]
        host = f"[{url.hostname}]" if ":" in str(url.hostname) else str(url.hostname)
        return f"{url.scheme}://{host}" + ("" if url.port in {None, default} else f":{url.port}")

    @property
    def target(self) -> str:
        """Percent-encoded path and query of the URL."""
        url = urlsplit(self.url)
        path = quote(url.path, safe=_PATH_SAFE) or "/"
        return f"{path}?{quote(url.query, safe=_QUERY_SAFE)}" if url.query else path


class BodyRequest(HttpRequest):
    """Inputs of a request with a body."""

    data: (
        Annotated[
            Any, Input(label="Data", comments="Request body, sent as JSON, or as text if it is not JSON.", type="data")
        ]
        | MISSING
    ) = MISSING


class FormRequest(HttpRequest):
    """Inputs of a request whose body is a form."""

    http_method: (
        Annotated[
            Literal["post", "put", "patch"],
            Input(
                label="HTTP Method", choices={name: name.upper() for name in ("post", "put", "patch")}, default="post"
            ),
        ]
        | MISSING
    ) = MISSING
    form_data: Annotated[dict[str, Any], pairs("Form Data", "Fields of the form.")] | MISSING = MISSING
    file_data: (
        Annotated[dict[str, Any], pairs("File Data", "Files of the form: strings, or results of a binary response.")]
        | MISSING
    ) = MISSING
    file_data_file_names: Annotated[dict[str, str], pairs("File Data File Names", "Names of the files.")] | MISSING = (
        MISSING
    )
