"""The names of steps in references."""

from __future__ import annotations

import re
from functools import lru_cache

_BETWEEN_WORDS = re.compile(r"[^A-Za-z0-9]+")


@lru_cache(maxsize=4096)
def step_variable(name: str) -> str:
    """Return the name of a step in references: `"Get a Queue's URL"` becomes `getAQueueSUrl`.

    The name is split at every run of characters other than A-Z, a-z, and 0-9. Each word is lower-cased, and all words
    but the first get a capital.
    """
    first, *rest = [word.lower() for word in _BETWEEN_WORDS.split(name) if word] or [""]
    return first + "".join(word[0].upper() + word[1:] for word in rest)
