"""Positions of the results of finished steps."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from connector.errors import JournalError
from connector.journal.journals import create_journal
from connector.journal.positions import Positions
from connector.journal.reader import contents_of
from connector.journal.writer import first_records

PATHS = ["first", "loop.0/a", "loop.0/b", "loop.3/a", "loop.1/inner.2/a", "loop.2/inner.2/a", "loop"]


def test_positions_are_a_mapping_of_paths() -> None:
    positions = Positions()
    for number, path in enumerate(PATHS):
        positions[path] = number
    assert dict(positions) == {path: number for number, path in enumerate(PATHS)}
    assert len(positions) == len(PATHS)
    for missing in ("other", "loop.1/a", "loop.4/a", "loop.0/inner.2/a", "inner.2/a"):
        assert missing not in positions
    positions["loop.0/a"] = 70
    assert (positions["loop.0/a"], len(positions)) == (70, len(PATHS))


def test_positions_forget_a_path() -> None:
    positions = Positions()
    positions["loop.0/a"] = 0
    positions["loop.1/a"] = 1
    assert positions.pop("loop.0/a") == 0
    assert (list(positions), len(positions)) == (["loop.1/a"], 1)
    for missing in ("loop.0/a", "loop.9/a", "other"):
        assert positions.pop(missing, None) is None
        with pytest.raises(KeyError):
            del positions[missing]


def test_positions_of_a_long_loop_take_little_memory() -> None:
    positions = Positions()
    tracemalloc.start()
    for index in range(10_000):
        positions[f"loop.{index}/tell"] = 1_000_000 + index
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size < 10_000 * 12


def test_path_without_an_iteration_is_damage(tmp_path: Path) -> None:
    records = [*first_records({"id": "r"}, {}), {"type": "done", "path": "loop.x/a", "results": 1}]
    journal = create_journal(tmp_path / "r.jsonl", "r", records)
    with pytest.raises(JournalError, match="is damaged at byte"):
        contents_of(journal)
    journal.close()
