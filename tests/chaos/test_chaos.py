"""Each chaos, short: with many more faults it is a program of its own."""

from __future__ import annotations

import os

import pytest

from tests.chaos import split_brain, submits, workers
from tests.support.postgres import MISSING, programs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_postgres = pytest.mark.skipif(programs() is None, reason=MISSING)


def test_killed_and_stopped_workers_lose_and_double_nothing_in_sqlite() -> None:
    report = workers.run("sqlite", kills=2, stops=1, seconds=240, lease=2.0)

    assert report.is_clean, str(report)
    assert report.outcomes["kills"] == 2, str(report)


@needs_postgres
def test_killed_and_stopped_workers_lose_and_double_nothing_in_postgres() -> None:
    report = workers.run("postgres", kills=1, stops=1, restarts=1, seconds=240, lease=2.0)

    assert report.is_clean, str(report)
    assert report.outcomes["kills"] == 1, str(report)


@needs_postgres
def test_worker_that_lost_its_run_sends_nothing() -> None:
    report = split_brain.run(lease=2.0)

    assert report.is_clean, str(report)


def test_submissions_of_one_id_make_one_run() -> None:
    report = submits.run("sqlite", submits=20, processes=2)

    assert report.is_clean, str(report)
