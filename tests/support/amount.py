"""How much the tests of random or of very many cases do: a part, and with `TESTS_WHOLE` set, as `.ci/run` does, all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

import pytest

Case = TypeVar("Case")
WHOLE = bool(os.environ.get("TESTS_WHOLE"))

only_whole = pytest.mark.skipif(not WHOLE, reason="TESTS_WHOLE is not set: this takes a while")


def amount(whole: int, part: int) -> int:
    """Return the number of cases to try."""
    return whole if WHOLE else part


def sample_of(cases: Iterable[Case], step: int) -> list[Case]:
    """Return all cases, or one of each `step` of them."""
    return list(cases)[:: amount(1, step)]
