"""HTTP statuses of errors, chosen so that an engine repeats only what is safe to repeat.

Each class of errors has its status in `connector.errors.OUTCOMES`. Workflow engines retry 429 and 5xx by themselves, so
an error after which a retry is unsafe never has such a status. Two errors belong to the server alone: a caller's wrong
key (401), and a defect of ours, which is a 5xx only if the call changed nothing.
"""

from __future__ import annotations

import logging
import math

from connector import errors
from connector.component.policy import hint_for_callers

AWAY_SECONDS = 5
"""Seconds after which a database that is away may be back; a call waits no longer for it."""

AWAY = "the database of the runs cannot be used now"
"""All that a caller learns about it; the log says more."""

logger = logging.getLogger("connector.engines")


class CallerKeyError(errors.UsageError):
    """The caller's key to this server is missing or wrong."""

    http_status = 401


class DatabaseAwayError(errors.JournalError):
    """The database of the runs cannot be used now; nothing was stored, or it can be stored again."""

    http_status = 503
    repeatable = True


class InternalError(errors.ConnectorError):
    """A defect of this server; the log has the details."""


def http_status(error: errors.ConnectorError, *, is_read: bool) -> int:
    """Return the HTTP status of an error.

    Args:
        error: The error of a call.
        is_read: Whether the call changes nothing.
    """
    return 500 if is_read and isinstance(error, InternalError) else error.http_status


def known_error(error: Exception) -> errors.ConnectorError:
    """Return the error itself if it is one of ours, else a stand-in that reveals nothing; the original is logged."""
    if isinstance(error, errors.PolicyError):
        error.hint = hint_for_callers(error)
    if isinstance(error, errors.ConnectorError):
        return error
    # Only the type goes to the log: the message of a foreign exception may hold inputs or a secret.
    logger.error("internal error: %s", type(error).__name__, exc_info=logger.isEnabledFor(logging.DEBUG))
    return InternalError("internal error", hint="See the log of the server.")


def retry_headers(error: errors.ConnectorError) -> dict[str, str]:
    """Return `Retry-After` for a rate limit and a database that is away, in whole seconds, rounded up."""
    if isinstance(error, DatabaseAwayError):
        return {"Retry-After": str(AWAY_SECONDS)}
    if isinstance(error, errors.RateLimitError):
        return {"Retry-After": str(math.ceil(1 if error.retry_after is None else error.retry_after))}
    return {}
