"""Packages whose names are imported on first use, so that importing the package costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(package: str, homes: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package (PEP 562).

    Args:
        package: Name of the package.
        homes: The names that the package offers, by the module that defines them, relative to the package
            (`run.limits`; `.journal.past_runs` is next to it). Modules directly below the package are offered as well.
    """
    home_of = {name: module for module, names in homes.items() for name in names}
    offered = {module.partition(".")[0] for module in homes} - {""}

    def find(name: str) -> Any:
        if name in home_of:
            value = getattr(import_module(f".{home_of[name]}", package), name)
            setattr(sys.modules[package], name, value)
            return value
        if name in offered:
            return import_module(f"{package}.{name}")
        msg = f"module {package!r} has no attribute {name!r}"
        raise AttributeError(msg)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home_of, *offered})

    return find, names
