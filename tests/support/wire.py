"""Rows of the wire tests: what an action sends for its inputs, written by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

V1 = "application/vnd.segment.v1+json"
ALPHA = "application/vnd.segment.v1alpha+json"
PAGE = "pagination%5Bcount%5D=50"


class Row(NamedTuple):
    """One call of an action, and the request that it must send."""

    key: str
    inputs: dict[str, Any]
    method: str
    target: str
    body: Any = None
    accept: str = V1


def all_rows() -> list[Row]:
    """Return the rows of every module in `tests/wire`."""
    return [row for module in _modules() for row in module.ROWS]


def repeated_writes() -> set[str]:
    """Return the keys that modules of `tests/wire` list as `REPEATED`: writes that flows and engines may repeat."""
    return {key for module in _modules() for key in getattr(module, "REPEATED", ())}


def _modules() -> list[Any]:
    folder = Path(__file__).parents[1] / "wire"
    return [importlib.import_module(f"tests.wire.{file.stem}") for file in sorted(folder.glob("[a-z]*.py"))]
