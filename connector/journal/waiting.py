"""What a program hears while it waits for a database that is away, as during a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WaitListener = Callable[[float, str], None]
"""Called once per wait, with the most seconds that it takes, and the database and the reason."""

_LISTENER: ContextVar[WaitListener | None] = ContextVar("connector_database_waits", default=None)


@contextmanager
def reporting_waits(listener: WaitListener) -> Iterator[None]:
    """Report the waits for a database in this context, also those of the thread that writes a journal."""
    before = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(before)


def report_wait(seconds: float, reason: str) -> None:
    """Report that a wait begins."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(seconds, reason)
