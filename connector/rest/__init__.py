"""HTTP: an authorized client over a shared pool that waits, retries, and explains its errors."""

from connector.errors import InvalidResponseError
from connector.rest.authorization import ClientCredentials
from connector.rest.client import HttpClient
from connector.rest.endpoint import Endpoint, Grant, GrantSource
from connector.rest.http_messages import SAFE_METHODS, Request, Response, header_problem, json_bytes, relative_path
from connector.rest.multipart import File, multipart
from connector.rest.rate_limits import CallLimits, Gate, RateLimitGate, parse_number, seconds_until


def invalid_body_error(endpoint: Endpoint, request: Request, response: Response, reason: str) -> InvalidResponseError:
    """Return the error for a successful response whose body is invalid."""
    from connector.rest import api_errors

    return api_errors.invalid_body_error(endpoint, request, response, reason)


__all__ = [
    "SAFE_METHODS",
    "CallLimits",
    "ClientCredentials",
    "Endpoint",
    "File",
    "Gate",
    "Grant",
    "GrantSource",
    "HttpClient",
    "RateLimitGate",
    "Request",
    "Response",
    "header_problem",
    "invalid_body_error",
    "json_bytes",
    "multipart",
    "parse_number",
    "relative_path",
    "seconds_until",
]
