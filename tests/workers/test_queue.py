"""What the queue relies on in DBOS."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from dbos import DBOS

from connector.component.component import Component
from connector.workers import Worker
from connector.workers.queue import QUEUE, Consumer, RunQueue, _prepared, key_of, queue_url
from tests.workers.conftest import TIMEOUT, until


def test_outcome_of_an_execution_that_lost_its_place_is_dropped(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    entered, release, second = threading.Event(), threading.Event(), threading.Event()

    def perform(run_id: str, key: str) -> None:
        assert run_id == key == "r"
        if entered.is_set():
            second.set()
            return
        entered.set()
        release.wait(TIMEOUT)
        raise ValueError("of the first execution")

    queue = RunQueue(database)
    queue.put("r", priority=1)
    consumer = Consumer(database, "w1", perform)
    queue.set_slots(2)
    consumer.start(threading.Event(), lambda _error: None)
    try:
        assert entered.wait(TIMEOUT)
        (place,) = queue.taken()
        assert (place.key, place.status, place.worker) == ("r", "PENDING", "w1")
        queue.give_back("r")  # as another worker does, for which this one seems to be dead
        assert second.wait(TIMEOUT)
        until(lambda: queue.places("r")[0].status == "SUCCESS")
        release.set()
    finally:
        consumer.end(is_idle=False)
    assert queue.places("r")[0].status == "SUCCESS"
    queue.close()


def test_run_that_is_taken_while_the_worker_ends_is_left_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    requested = threading.Event()

    class Ended:
        guard = threading.Lock()

        @property
        def perform(self) -> None:
            requested.set()

    queue = RunQueue(database)
    consumer = Consumer(database, "w1", lambda _run, _key: None)
    queue.set_slots(1)
    consumer.start(threading.Event(), lambda _error: None)
    try:
        with monkeypatch.context() as patch:
            patch.setattr("connector.workers.queue._Process", Ended())
            queue.put("r", priority=1)
            assert requested.wait(TIMEOUT)
    finally:
        consumer.end(is_idle=False)
    assert [(place.status, place.worker) for place in queue.taken()] == [("PENDING", "w1")]
    queue.close()


def test_slots_are_stored_before_the_first_look_into_the_queue(
    tmp_path: Path, workshop: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    stored: list[int | None] = []
    with closing(RunQueue(database)) as queue:
        queue.set_slots(4)
        worker = Worker(database, slots=1, components=workshop, environment={})

        def launch() -> None:
            registered = queue._opened().retrieve_queue(QUEUE)
            stored.append(registered.worker_concurrency if registered else None)
            worker.stop()

        monkeypatch.setattr(DBOS, "launch", launch)
        worker.run()

    assert stored == [1]


def test_priority_and_delay_reach_the_queue(tmp_path: Path) -> None:
    queue = RunQueue(f"sqlite:///{tmp_path}/runs.sqlite")
    queue.put("a", priority=7)
    queue.put("b", priority=100, delay=3600)
    queue.put("a", priority=100, number=2)
    rows = {row.workflow_id: row for row in queue._list()}
    assert {key: (row.status, row.priority) for key, row in rows.items()} == {
        "a": ("ENQUEUED", 7),
        "b": ("DELAYED", 100),
        "a:2": ("ENQUEUED", 100),
    }
    assert [place.key for place in queue.places("a")] == ["a", "a:2"]
    queue.cancel("a")
    assert [place.status for place in queue.places("a")] == ["CANCELLED", "CANCELLED"]
    queue.forget(["a"])
    assert [row.workflow_id for row in queue._list()] == ["b"]
    queue.close()


def test_run_that_was_cancelled_is_queued_again_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dbos = logging.getLogger("dbos")
    caplog.set_level(logging.WARNING, dbos.name)  # a worker of an earlier test has made it silent
    dbos.addHandler(caplog.handler)
    queue = RunQueue(f"sqlite:///{tmp_path}/runs.sqlite")
    try:
        queue.put("r", priority=1)
        queue.cancel("r")
        queue.put("r", priority=1)
        dbos.warning("other news")
    finally:
        queue.close()
        dbos.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"other news"}


def test_places_of_a_run_have_keys_that_no_other_run_has() -> None:
    assert [key_of("r", number) for number in (0, 1, 12)] == ["r", "r:1", "r:12"]


def test_opening_a_queue_again_keeps_the_locks_of_the_process(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl", reason="this system has no fcntl")
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    for _ in range(2):
        with _prepared(queue_url(database)):
            pass
        file = Path(queue_url(database).removeprefix("sqlite:///"))
        assert file.stat().st_mode & 0o777 == 0o600
    script = f"import fcntl; fcntl.lockf(open({str(file)!r}, 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with file.open("r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        with _prepared(queue_url(database)):
            run = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, check=False)
    assert b"BlockingIOError" in run.stderr
