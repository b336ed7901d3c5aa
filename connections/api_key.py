"""The API key connection: from a Public API token to the host of its region."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import MISSING, AfterValidator, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from connector import Context, Endpoint, Input, Inputs, Payload, __version__, connection
from connector.errors import ApiErrorDetail, ConnectionInputError
from connector.rest import parse_number, seconds_until

logger = logging.getLogger("connector.connections")

HOSTS = {"api": "https://api.segmentapis.com", "eu1.api": "https://eu1.api.segmentapis.com"}
BULLETS = "•••"
"""How a mask begins; live data shows ten bullets (U+2022)."""
QUOTES = "\"'`\u2018\u2019\u201c\u201d"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
UNAUTHORIZED_HINT = (
    "Check that the token is valid, that its region matches (api is US, eu1.api is EU), and that its role allows this. "
    "Create tokens under Settings > Access Management > Tokens."
)


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_url = bool(parts.hostname) and parts.port != 0 and value.isprintable() and " " not in value
    except ValueError:
        is_url = False
    if not is_url:
        raise PydanticCustomError("base_url", "must be a URL such as https://HOST")
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise PydanticCustomError("base_url", "must use https, or http with a loopback host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise PydanticCustomError("base_url", "must not contain a user, a query or a fragment")
    return value.rstrip("/")


def _token(value: SecretStr) -> SecretStr:
    # A token comes from files, environments and headers, which leave newlines, quotes and a scheme around it.
    text = value.get_secret_value().strip()
    if text[:7].lower() == "bearer ":
        raise PydanticCustomError("token", 'starts with "Bearer"', {"hint": 'Leave out "Bearer ".'})
    if text and (text[0] in QUOTES or text[-1] in QUOTES):
        raise PydanticCustomError("token", "has quotes around it", {"hint": "Leave out the quotes."})
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise PydanticCustomError("token", "is empty or has invalid characters; copy the token again")
    return SecretStr(text)


Trimmed = StringConstraints(strip_whitespace=True)


class ApiKey(Inputs):
    """Fields of the connection."""

    api_key: Annotated[
        SecretStr,
        AfterValidator(_token),
        Input(
            label="API Key",
            type="password",
            comments="Public API token of the workspace. Create one under Settings > Access Management > Tokens.",
            placeholder="a7183e1b7e9ab09b8a5cfa87d1934c3c",
        ),
    ]
    subdomain: (
        Annotated[
            str,
            Trimmed,
            Input(
                label="Subdomain",
                comments="Name of the workspace. Test Connection then detects a token from another workspace.",
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
                comments="Region of the workspace. Overrides the region of every action.",
                choices={"api": "US", "eu1.api": "EU"},
            ),
        ]
        | MISSING
    ) = MISSING
    base_url: (
        Annotated[
            str,
            Trimmed,
            AfterValidator(_base_url),
            Input(
                label="Base URL",
                comments="URL of a server that implements Segment's API, to use instead of Segment.",
                hidden=True,
            ),
        ]
        | MISSING
    ) = MISSING


def read_api_errors(body: Any) -> Sequence[ApiErrorDetail]:
    """Return the entries of `{"errors": [{"type", "message", "field", "data"}]}`."""
    entries = body.get("errors") if isinstance(body, dict) else None
    return [_detail(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _detail(entry: Mapping[str, Any]) -> ApiErrorDetail:
    message, kind, field = (str(entry.get(key) or "") for key in ("message", "type", "field"))
    return ApiErrorDetail(message, kind, field, entry.get("data"))


def read_wait(headers: Mapping[str, str], body: Any) -> float | None:
    """Return seconds from `errors[0].data.msBeforeNext`, else from `X-RateLimit-Reset`, an RFC 5322 date."""
    for detail in read_api_errors(body):
        milliseconds = parse_number(detail.data.get("msBeforeNext")) if isinstance(detail.data, dict) else None
        if milliseconds is not None:
            return milliseconds / 1000
    return seconds_until(headers.get("X-RateLimit-Reset", ""))


def find_masks(body: bytes) -> Sequence[str]:
    """Return the paths of masked secrets in the settings of a write, such as `settings.apiKey`.

    Segment masks secrets in its responses as a run of bullets, in live data with the last four characters behind it.
    Writing back the settings that were read would replace each secret with its mask.
    """
    # Searched from the end, which takes CPython a third of the time of `in`: bodies can be large.
    if body.rfind(BULLETS.encode()) < 0 and body.rfind(b"\\u2022") < 0:
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
    """Return the workspace that the token belongs to."""
    payload = context.api.get()
    record = payload["data"]
    for key in ("data", "workspace"):
        record = record.get(key) if isinstance(record, dict) else None
    if not isinstance(record, dict):
        hint = f"Check that {context.endpoint.host} is Segment's API."
        raise ConnectionInputError("response contains no workspace", hint=hint)
    expected = fields.subdomain
    names = {str(record.get(key)).casefold() for key in ("slug", "name")}
    if expected is not MISSING and expected.casefold() not in names:
        raise ConnectionInputError(
            f'token belongs to workspace "{record.get("slug")}", but the subdomain is "{expected}"',
            hint="Use a token of that workspace, or correct the subdomain.",
        )
    return payload


def _host(fields: ApiKey, region: str | None) -> str:
    if fields.region is MISSING:
        return HOSTS[region or "api"]
    if region not in {None, fields.region}:
        logger.warning("using region %s of the connection, not %s of the action", fields.region, region)
    return HOSTS[fields.region]


@connection("apiKey", environment="SEGMENT", test=workspace)
def api_key(fields: ApiKey, requested: Mapping[str, Any]) -> Endpoint:
    """Return the host of a connection: a token belongs to one region, so the connection overrides the action."""
    return Endpoint(
        base_url=_host(fields, requested.get("region")) if fields.base_url is MISSING else fields.base_url,
        authorization=SecretStr(f"Bearer {fields.api_key.get_secret_value()}"),
        secrets=[fields.api_key],
        media_type="application/vnd.segment.v1+json",
        headers={"User-Agent": f"segment-connector/{__version__}"},
        read_api_errors=read_api_errors,
        read_wait=read_wait,
        find_masks=find_masks,
        hints={401: UNAUTHORIZED_HINT},
    )
