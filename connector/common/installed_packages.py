"""What installed packages offer by their entry points."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import metadata


def entry_points(group: str) -> metadata.EntryPoints:
    """Return the entry points of a group, as they were when they were first read with this `sys.path`.

    A look at all packages takes as long as the rest of loading a component, and many tests load one each.
    """
    return _read(group, tuple(sys.path))


@lru_cache(maxsize=8)
def _read(group: str, _path: tuple[str, ...]) -> metadata.EntryPoints:
    return metadata.entry_points(group=group)
