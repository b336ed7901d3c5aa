"""Calls of a server that use the database of the runs, which may be away: they end soon, with an error to repeat."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from connector.engines.statuses import AWAY, DatabaseAwayError
from connector.errors import JournalError
from connector.journal.waiting import reporting_waits

T = TypeVar("T")

logger = logging.getLogger("connector.engines")

RETRY_SECONDS = 0.2


class DatabaseWaitError(JournalError):
    """A call would wait for the database."""


def reaching(use: Callable[[], T], max_wait: float) -> T:
    """Return what a function returns that uses the database of the runs; it is called again while that is away.

    Raises:
        DatabaseAwayError: If it is away for long, or cannot be used.
    """
    until = time.monotonic() + max_wait
    while True:
        try:
            with reporting_waits(_raise_at_once):
                return use()
        except JournalError as error:
            if not isinstance(error, DatabaseWaitError) or time.monotonic() >= until:
                # The caller must not learn where the database is.
                logger.warning("the database of the runs cannot be used: %s", error)
                raise DatabaseAwayError(AWAY, hint="Try again later.") from None
        time.sleep(RETRY_SECONDS)


def _raise_at_once(_seconds: float, reason: str) -> None:
    raise DatabaseWaitError(reason)
