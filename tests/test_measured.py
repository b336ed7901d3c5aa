"""Coverage measures tests and fixtures, and not the tests that repeat others."""

from __future__ import annotations

from pathlib import Path

from tests.support.measured import UNMEASURED

ROOT = Path(__file__).parents[1]


def test_every_unmeasured_path_exists() -> None:
    assert [path for path in UNMEASURED if not (ROOT / path).exists()] == []
