"""Errors that a sandbox returns, and errors of the sandbox itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.errors import SandboxError


class BusyError(SandboxError):
    """Another process has held the file for too long."""


class ApiError(Exception):
    """An answer other than success, in the API's envelope.

    Attributes:
        status: The HTTP status.
        errors: The entries of `errors`: `type`, `message`, and `field` or `data` where they apply.
    """

    def __init__(self, status: int, errors: Iterable[dict[str, Any]]) -> None:
        self.status = status
        self.errors = list(errors)
        super().__init__(f"{status}: {self.errors}")
