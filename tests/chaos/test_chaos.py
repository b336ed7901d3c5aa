"""Each chaos, short: with many more faults it is a program of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from connector.journal.postgres import Database
from tests.chaos import split_brain, submits, workers
from tests.support.amount import only_whole
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

# Leases of two seconds are too short for a machine that is busy with other tests.
chaos = pytest.mark.skipif("TESTS_CHAOS" not in os.environ, reason="TESTS_CHAOS is not set: workers are not killed")


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    yield postgres
    database = Database(postgres.url)
    database.fetch("TRUNCATE connector_journal, connector_holders")
    database.fetch("DROP SCHEMA connector_queue CASCADE")
    database.close()


@chaos
def test_killed_and_stopped_workers_lose_and_double_nothing_in_sqlite() -> None:
    report = workers.run("sqlite", kills=2, stops=1, seconds=240, lease=2.0)

    assert report.is_clean, str(report)
    assert report.outcomes["kills"] == 2, str(report)


@chaos
def test_killed_and_stopped_workers_lose_and_double_nothing_in_postgres(server: PostgresServer) -> None:
    report = workers.run("postgres", kills=1, stops=1, restarts=1, seconds=240, lease=2.0, server=server)

    assert report.is_clean, str(report)
    assert report.outcomes["kills"] == 1, str(report)


@chaos
def test_worker_that_lost_its_run_sends_nothing(server: PostgresServer) -> None:
    report = split_brain.run(lease=2.0, server=server)

    assert report.is_clean, str(report)


@only_whole
def test_submissions_of_one_id_make_one_run() -> None:
    report = submits.run("sqlite", submits=8, processes=2)

    assert report.is_clean, str(report)
