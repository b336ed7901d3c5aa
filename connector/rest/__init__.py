"""HTTP: an authorised client over a shared pool that waits, retries and explains itself."""

from collections.abc import Mapping
from typing import Any

from connector.errors import InvalidResponseError
from connector.rest.client import HttpClient
from connector.rest.endpoint import Endpoint
from connector.rest.http_messages import SAFE_METHODS, Request, Response, json_bytes, relative_path
from connector.rest.rate_limits import CallLimits, RateLimitGate, seconds_until


def invalid_body_error(endpoint: Endpoint, request: Request, reply: Response, reason: str) -> InvalidResponseError:
    """The error for a successful answer whose body is not what it should be."""
    from connector.rest import api_errors

    return api_errors.invalid_body_error(endpoint, request, reply, reason)


def multipart(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    """Body and content type of a form: each field a text, or a file as `(name, bytes, content type)`."""
    from urllib3 import encode_multipart_formdata

    return encode_multipart_formdata(dict(fields))


__all__ = [
    "SAFE_METHODS",
    "CallLimits",
    "Endpoint",
    "HttpClient",
    "RateLimitGate",
    "Request",
    "Response",
    "invalid_body_error",
    "json_bytes",
    "relative_path",
    "seconds_until",
]
