"""HTTP statuses of errors, chosen so that an engine repeats only what is safe to repeat.

Workflow engines repeat 429 and 5xx by themselves. So an error that must not be repeated never has such a status: an
unknown outcome is 409, and a defect of ours in a write is 424. 401 and 403 speak about the caller's key to this
server, so the API's own 401 and 403 become 424.
"""

from __future__ import annotations

import logging
import math
from typing import Any

from connector import errors

logger = logging.getLogger("connector.engines")

STATUSES: tuple[tuple[type[errors.ConnectorError], int], ...] = (
    (errors.InputError, 422),
    (errors.PolicyError, 403),
    (errors.UnknownKeyError, 404),
    (errors.UsageError, 400),
    (errors.SetupError, 424),
    (errors.BadRequestError, 400),
    (errors.NotFoundError, 404),
    (errors.ConflictError, 409),
    (errors.PayloadTooLargeError, 413),
    (errors.UnprocessableError, 422),
    (errors.RejectedError, 424),
    (errors.OutcomeUnknownError, 409),
    (errors.RateLimitError, 429),
    (errors.DeadlineError, 504),
    (errors.TemporaryError, 503),
)
"""The first class that fits decides."""


class CallerKeyError(errors.UsageError):
    """The caller's key to this server is missing or wrong."""


class InternalError(errors.ConnectorError):
    """A defect of this server; the log has the details."""


def http_status(error: errors.ConnectorError, *, is_read: bool) -> int:
    """Return the HTTP status of an error.

    Args:
        error: The error of a call.
        is_read: Whether the call changes nothing; only then an error without a better status is a 5xx.
    """
    if isinstance(error, CallerKeyError):
        return 401
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return status
    if isinstance(error, errors.InvalidResponseError):
        return 502 if is_read else 424
    return 500 if is_read else 424


def known_error(error: Exception) -> errors.ConnectorError:
    """Return the error itself if it is one of ours, else a stand-in that reveals nothing; the original is logged."""
    if isinstance(error, errors.ConnectorError):
        return error
    # Only the type goes to the log: the message of a foreign exception may hold inputs or a secret.
    logger.error("internal error: %s", type(error).__name__, exc_info=logger.isEnabledFor(logging.DEBUG))
    return InternalError("internal error", hint="See the log of the server.")


def retry_headers(error: errors.ConnectorError) -> dict[str, str]:
    """Return `Retry-After` for a rate limit that names its wait in whole seconds, rounded up."""
    if isinstance(error, errors.RateLimitError):
        return {"Retry-After": str(math.ceil(1 if error.retry_after is None else error.retry_after))}
    return {}


def error_body(error: errors.ConnectorError) -> dict[str, Any]:
    """Return the JSON body of an error response."""
    return error.to_dict()
