"""The API key connection: from a Public API token to the host of its region."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import MISSING, AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from connector import Context, Input, Inputs, Payload, __version__, connection
from connector.errors import ApiErrorDetail, ConnectionInputError
from connector.rest import Endpoint, parse_number, seconds_until

logger = logging.getLogger("connector.connections")

HOSTS = {"api": "https://api.segmentapis.com", "eu1.api": "https://eu1.api.segmentapis.com"}
BULLETS = "•••"
"""How a mask begins; live data shows ten bullets (U+2022)."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
REFUSED_HINT = (
    "One of three things is the cause: the token is wrong or was revoked; it belongs to the other region (set the "
    "connection's region: api is US, eu1.api is EU); or its role lacks the permission for this. Tokens are made in "
    "Segment under Settings > Access Management > Tokens, and must be Public API tokens."
)


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.port != 0 and value.isprintable() and " " not in value
    except ValueError:
        fits = False
    if not fits:
        raise PydanticCustomError("base_url", "must be https://HOST, and is no URL at all")
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if not (secure and parts.hostname and plain):
        raise PydanticCustomError("base_url", "must be https://HOST, or http:// on this machine only")
    return value.rstrip("/")


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if text[:1] in {'"', "'", "`"} or text[-1:] in {'"', "'", "`"}:
        raise PydanticCustomError("token", "has quotes around it; leave out the quotes")
    if text.lower().startswith("bearer "):
        raise PydanticCustomError("token", 'starts with "Bearer "; leave out "Bearer "')
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise PydanticCustomError("token", "is empty or has invalid characters; copy the token again")
    return SecretStr(text)


class ApiKey(Inputs):
    """Fields of the connection."""

    api_key: Annotated[
        SecretStr,
        AfterValidator(_token),
        Input(
            label="API Key",
            type="password",
            comments="A Public API token of the Workspace, from Settings > Access Management > Tokens.",
            placeholder="a7183e1b7e9ab09b8a5cfa87d1934c3c",
        ),
    ]
    subdomain: (
        Annotated[
            str,
            Input(
                label="Subdomain",
                comments="The name of the Workspace. Testing the connection checks that the token belongs to it.",
                placeholder="acme",
            ),
        ]
        | MISSING
    ) = MISSING
    region: (
        Annotated[
            Literal["api", "eu1.api"],
            Input(
                label="Region",
                comments="Where the Workspace lives. It decides for every action of this connection.",
                choices={"api": "US", "eu1.api": "EU"},
            ),
        ]
        | MISSING
    ) = MISSING
    base_url: (
        Annotated[
            str,
            AfterValidator(_base_url),
            Input(
                label="Base URL",
                comments="Sends every request here instead of to Segment: a server that speaks its API.",
                shown=False,
            ),
        ]
        | MISSING
    ) = MISSING


def read_api_errors(body: Any) -> Sequence[ApiErrorDetail]:
    """Entries of `{"errors": [{"type", "message", "field", "data"}]}`."""
    entries = body.get("errors") if isinstance(body, dict) else None
    return [_fault(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _fault(entry: Mapping[str, Any]) -> ApiErrorDetail:
    message, kind, field = (str(entry.get(key) or "") for key in ("message", "type", "field"))
    return ApiErrorDetail(message, kind, field, entry.get("data"))


def read_wait(headers: Mapping[str, str], body: Any) -> float | None:
    """Seconds from `errors[0].data.msBeforeNext`, else from `X-RateLimit-Reset`, which is an RFC 5322 date."""
    for fault in read_api_errors(body):
        milliseconds = parse_number(fault.data.get("msBeforeNext")) if isinstance(fault.data, dict) else None
        if milliseconds is not None:
            return milliseconds / 1000
    return seconds_until(headers.get("X-RateLimit-Reset", ""))


def find_masks(body: bytes) -> Sequence[str]:
    """Return the paths of masked secrets in the settings of a write, such as `settings.apiKey`.

    Segment masks secrets in its responses as a run of bullets, in live data with the last four characters behind it.
    Whoever writes back the settings that were read would replace each secret with its mask.
    """
    if BULLETS.encode() not in body and b"\\u2022" not in body:
        return ()
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ()  # it is not JSON, so it has no settings
    return list(_masks(value, ""))


def _masks(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of masks; a path begins at the object `settings` that holds it."""
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    elif path and isinstance(value, str) and value.startswith(BULLETS):
        yield path
    for key, part in entries:
        below = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"
        yield from _masks(part, below if path else "settings" if key == "settings" else "")


def workspace(context: Context, fields: ApiKey) -> Payload:
    """The Workspace that the token belongs to."""
    payload = context.api.get()
    found = payload["data"]
    for key in ("data", "workspace"):
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        hint = f"Check that {context.endpoint.host} is Segment's API."
        raise ConnectionInputError("the answer names no Workspace, so this is not Segment's API.", hint=hint)
    wanted = fields.subdomain
    if wanted is not MISSING and wanted.casefold() not in {str(found.get(k)).casefold() for k in ("slug", "name")}:
        raise ConnectionInputError(
            f'the token belongs to the Workspace "{found.get("slug")}", the connection says "{wanted}".',
            hint="Use a token of that Workspace, or correct the subdomain.",
        )
    return payload


def _host(fields: ApiKey, asked: str | None) -> str:
    if fields.region is MISSING:
        return HOSTS[asked or "api"]
    if asked not in {None, fields.region}:
        logger.warning("the connection's region %s decides; an action says %s", fields.region, asked)
    return HOSTS[fields.region]


@connection("apiKey", environment="SEGMENT", test=workspace)
def api_key(fields: ApiKey, asked: Mapping[str, Any]) -> Endpoint:
    """A token belongs to one region, so what the connection says decides, and an action only where it is silent."""
    return Endpoint(
        base_url=_host(fields, asked.get("region")) if fields.base_url is MISSING else fields.base_url,
        authorization=SecretStr(f"Bearer {fields.api_key.get_secret_value()}"),
        secrets=[fields.api_key],
        media_type="application/vnd.segment.v1+json",
        headers={"User-Agent": f"segment-connector/{__version__}"},
        read_api_errors=read_api_errors,
        read_wait=read_wait,
        find_masks=find_masks,
        hints={401: REFUSED_HINT},
    )
