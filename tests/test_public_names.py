"""The public modules and their names: what other programs build on. Everything else may move.

If a name changes on purpose: `python -m tests.test_public_names > tests/public_names.txt`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

MODULES = (
    "connector",
    "connector.errors",
    "connector.explorer",
    "connector.flows",
    "connector.hookspecs",
    "connector.rest",
    "connector.sandbox_kit",
    "connector.testing",
    "connector.workers",
)
FILE = Path(__file__).with_name("public_names.txt")


def public_names(module_name: str) -> list[str]:
    """The names in `__all__`; without it, the functions and classes that the module defines."""
    module = importlib.import_module(module_name)
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    own = (name for name, value in vars(module).items() if getattr(value, "__module__", "") == module_name)
    return sorted(name for name in own if not name.startswith("_"))


def listing() -> str:
    return "".join(f"{module}.{name}\n" for module in MODULES for name in public_names(module))


def test_public_names_are_the_listed_ones() -> None:
    assert listing().splitlines() == FILE.read_text(encoding="utf-8").splitlines()


def test_every_public_name_exists() -> None:
    for module in MODULES:
        for name in public_names(module):
            assert getattr(importlib.import_module(module), name) is not None


if __name__ == "__main__":
    sys.stdout.write(listing())
