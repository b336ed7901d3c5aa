"""Whether a server can do its work, as a load balancer asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import anyio.to_thread

from connector.engines.statuses import AWAY, AWAY_SECONDS, DatabaseAwayError, known_error

logger = logging.getLogger("connector.engines")


class Readiness:
    """Looks whether the database of the runs can be used.

    Args:
        check: Raises an error if it cannot be used; None without such a database.
    """

    def __init__(self, check: Callable[[], None] | None) -> None:
        self._check = check
        self._look: asyncio.Task[str] | None = None

    async def reason_against(self) -> str:
        """Return why the server is not ready, within `AWAY_SECONDS`; an empty string if it is."""
        if self._check is None:
            return ""
        # Requests meanwhile wait for the same look: they need no key, and must not take all threads.
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(_reason_of(self._check))
        look = self._look
        await asyncio.wait([look], timeout=AWAY_SECONDS)
        return look.result() if look.done() else AWAY


async def _reason_of(check: Callable[[], None]) -> str:
    try:
        await anyio.to_thread.run_sync(check)
    except Exception as error:
        if not isinstance(error, DatabaseAwayError):  # which was logged
            logger.warning("the database of the runs cannot be used: %s", known_error(error))
        return AWAY
    return ""
