"""Errors that a sandbox returns, and errors of the sandbox itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.errors import SandboxError

__all__ = ["ApiError", "BusyError", "DuplicateError", "SandboxError", "invalid", "not_found", "problem", "unauthorized"]


class BusyError(SandboxError):
    """Another process has locked the file for too long."""


class DuplicateError(SandboxError):
    """A record has the id of another one."""


class ApiError(Exception):
    """A response other than success.

    Attributes:
        status: The HTTP status.
        errors: One entry per problem: `message`, and `field`, `type` or `data` where they apply. The simulated API
            writes them in its own form.
        headers: Headers of the response, in addition to the usual ones.
    """

    def __init__(self, status: int, errors: Iterable[dict[str, Any]], headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.errors = list(errors)
        self.headers = dict(headers or {})
        super().__init__(f"{status}: {self.errors}")


def problem(field: str, message: str) -> dict[str, Any]:
    """Return the entry about one field; `message` follows the quoted field."""
    return {"message": f'"{field}" {message}', "field": field}


def invalid(field: str, message: str, status: int = 422) -> ApiError:
    """Return the error about one field."""
    return ApiError(status, [problem(field, message)])


def not_found() -> ApiError:
    """Return the error for an id that does not exist."""
    return ApiError(404, [{"message": "Resource not found"}])


def unauthorized() -> ApiError:
    """Return the one error for no token, a wrong token, and a token without the permission."""
    return ApiError(401, [{"message": "Unauthorized"}])
