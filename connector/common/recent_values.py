"""Values that are kept for a short time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

AGE = 30.0
MOST = 64


class RecentValues:
    """Keeps the last values for 30 s. Safe to share between threads, which may read a new value at the same time."""

    def __init__(self) -> None:
        self._values: dict[Hashable, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], Any], *, fresh: bool = False) -> Any:
        """Return the value of a key; read it if there is none, if it is old, or if a fresh one is required."""
        with self._lock:
            moment, value = self._values.get(key, (-AGE, None))
        if not fresh and time.monotonic() - moment < AGE:
            return value
        value = read()
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = (time.monotonic(), value)
            while len(self._values) > MOST:
                del self._values[next(iter(self._values))]
        return value
