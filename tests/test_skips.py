"""A run with limits fails when it skips more than they allow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.skips import SkipLimits

ROOT = Path(__file__).parents[1]
CONFTEST = """
from tests.support.skips import SkipLimits

def pytest_configure(config):
    config.pluginmanager.register(SkipLimits({"no network": 1}))
"""
SKIPPED = """
import pytest

def test_nothing(): pass

@pytest.mark.parametrize("number", range(2))
def test_network(number): pytest.skip("no network: offline")
"""


def test_run_fails_when_more_tests_are_skipped_than_allowed(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(SKIPPED)
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert run.returncode == 1
    assert "skipped tests: 2" in run.stdout
    assert "2 tests skipped, 1 allowed: no network" in run.stdout


def test_run_may_skip_as_many_tests_as_allowed() -> None:
    assert SkipLimits({"no network": 1}).check(["no network: offline"]) == []


def test_reasons_without_a_limit_are_not_allowed() -> None:
    assert SkipLimits({}).check(["signals of POSIX", "signals of POSIX"]) == [
        "2 tests skipped, 0 allowed: signals of POSIX"
    ]


def test_limits_come_from_a_file_with_comments(tmp_path: Path) -> None:
    (tmp_path / "limits.txt").write_text("# why\n\n3 no network\n", encoding="utf-8")

    assert SkipLimits.from_file(tmp_path / "limits.txt").limits == {"no network": 3}
