"""What the API refuses, and what the sandbox itself cannot do."""

from __future__ import annotations

from typing import Any

from connector.errors import SandboxError
from connector.sandbox_kit.errors import ApiError

__all__ = [
    "OTHER_TYPES",
    "TYPES",
    "ApiError",
    "SandboxError",
    "invalid",
    "not_found",
    "not_implemented",
    "problem",
    "unauthorized",
]


TYPES = {
    400: "bad-request",
    401: "unauthorized",
    404: "NotFound",
    409: "conflict",
    413: "too-large",
    422: "input-validation",
}
OTHER_TYPES = {
    "bad-request": "BadRequest",
    "unauthorized": "Unauthorized",
    "conflict": "Conflict",
    "too-large": "TooLarge",
    "input-validation": "ValidationFailure",
    "RequestError": "RateLimited",
    "not-implemented": "NotImplemented",
}
"""The words of the other style; see the assumption `error-types`."""


def problem(field: str, message: str, status: int = 422) -> dict[str, Any]:
    """One entry of `errors` about one field; `message` follows the quoted field."""
    return {"type": TYPES[status], "message": f'"{field}" {message}', "field": field}


def invalid(field: str, message: str, status: int = 422) -> ApiError:
    """The refusal of one field."""
    return ApiError(status, [problem(field, message, status)])


def not_found() -> ApiError:
    """The documented answer to an id that names nothing."""
    return ApiError(404, [{"type": TYPES[404], "message": "Resource not found"}])


def too_large() -> ApiError:
    """The documented answer to a body that is too large."""
    return ApiError(413, [{"type": TYPES[413], "message": "Request entity too large"}])


def unauthorized() -> ApiError:
    """The one answer to no token, a wrong one and one that lacks the permission."""
    return ApiError(401, [{"type": TYPES[401], "message": "Unauthorized"}])


def not_implemented(method: str, path: str) -> ApiError:
    """The answer to an operation that the sandbox does not have."""
    return ApiError(
        501,
        [{"type": "not-implemented", "message": f"The sandbox does not have {method} {path}", "status": 501}],
    )
