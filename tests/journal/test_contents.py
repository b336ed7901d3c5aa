"""What the records of a journal say about a run."""

from __future__ import annotations

import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from connector.flows import prune, runs
from connector.journal import buffered
from connector.journal.buffered import DelayedCall
from connector.journal.journals import create_journal
from connector.journal.protocol import Record
from connector.journal.reader import JournalContents, contents_of
from connector.journal.sqlite import SqliteJournal
from connector.journal.writer import first_records


def intent(path: str) -> Record:
    return {"type": "intent", "path": path, "step": path, "action": "x.y", "connection": "", "inputs": {}}


def done(path: str) -> Record:
    return {"type": "done", "path": path, "results": 1}


def decision(path: str, outcome: str) -> Record:
    return {"type": "decision", "path": path, "decision": outcome, "results": None}


def contents(tmp_path: Path, *records: Record) -> JournalContents:
    journal = create_journal(tmp_path / "r.jsonl", "r", first_records({"id": "r"}, {}))
    for record in records:
        journal.append(record, "written")
    summary = contents_of(journal)
    journal.close()
    return summary


def writes(summary: JournalContents) -> list[tuple[str, int]]:
    applied = [(write.path, write.number) for write in summary.writes.newest_first()]
    assert len(summary.writes) == len(applied)
    return applied


def test_corrected_decision_leaves_earlier_writes_of_the_same_step(tmp_path: Path) -> None:
    # A loop that is retried performs its steps again under the same paths.
    summary = contents(
        tmp_path,
        intent("a"),
        done("a"),
        intent("b"),
        done("b"),
        intent("a"),
        decision("a", "happened"),
        decision("a", "did-not-happen"),
    )
    assert writes(summary) == [("b", 1), ("a", 0)]
    assert summary.unknown == {}


def test_corrected_decision_leaves_earlier_results_of_the_same_step(tmp_path: Path) -> None:
    records = [intent("a"), done("a"), intent("a"), decision("a", "did-not-happen"), decision("a", "happened")]
    summary = contents(tmp_path, *records)
    assert (writes(summary), summary.results("a")) == ([("a", 1), ("a", 0)], None)
    (tmp_path / "r.jsonl").unlink()
    summary = contents(tmp_path, *records, decision("a", "did-not-happen"))
    assert (writes(summary), summary.results("a")) == ([("a", 0)], 1)


def test_skipped_write_that_is_settled_leaves_earlier_results_of_the_same_step(tmp_path: Path) -> None:
    records = [intent("a"), done("a"), intent("a"), decision("a", "skip"), intent("b"), done("b")]
    summary = contents(tmp_path, *records, decision("a", "did-not-happen"))
    assert (writes(summary), summary.results("a")) == ([("b", 1), ("a", 0)], 1)


def test_corrected_skip_leaves_no_step_without_results(tmp_path: Path) -> None:
    records = [decision("a", "skip"), decision("a", "did-not-happen")]
    assert contents(tmp_path, intent("a"), *records).without_results == set()
    (tmp_path / "r.jsonl").unlink()
    ignored = {"type": "failed", "path": "a", "ignored": True}
    assert contents(tmp_path, intent("a"), ignored, *records).without_results == {"a"}


def test_decision_is_about_the_last_attempt_after_a_skipped_one(tmp_path: Path) -> None:
    again = {**intent("a"), "inputs": {"attempt": 2}}
    summary = contents(tmp_path, intent("a"), decision("a", "skip"), again, decision("a", "happened"))
    assert [write.inputs for write in summary.writes.newest_first()] == [{"attempt": 2}]


def test_writes_are_read_from_the_journal_newest_first(tmp_path: Path) -> None:
    summary = contents(tmp_path, intent("a"), done("a"), intent("b"), intent("b"), done("b"))
    newest, oldest = summary.writes.newest_first()
    assert (newest.path, newest.step, newest.action, newest.connection, newest.inputs) == ("b", "b", "x.y", "", {})
    assert summary.results_at(newest.position) == 1
    assert (summary.read(newest.intent)["path"], oldest.path) == ("b", "a")


def test_actions_of_applied_writes_are_known_without_those_of_a_corrected_decision(tmp_path: Path) -> None:
    other = {**intent("b"), "action": "x.z", "connection": "C"}
    records = [intent("a"), done("a"), intent("c"), done("c"), other, decision("b", "happened")]
    assert contents(tmp_path, *records).writes.targets() == [("x.y", ""), ("x.z", "C")]
    (tmp_path / "r.jsonl").unlink()
    assert contents(tmp_path, *records, decision("b", "skip")).writes.targets() == [("x.y", "")]


@pytest.mark.parametrize("place", ["file", "sqlite"])
def test_inputs_and_results_of_applied_writes_are_not_kept_in_memory(place: str, tmp_path: Path) -> None:
    name = f"sqlite:///{tmp_path}/r.sqlite" if place == "sqlite" else tmp_path / "r.jsonl"
    journal = create_journal(name, "r", first_records({"id": "r"}, {}))
    count, long = 400, "x" * 10_000
    for number in range(count):
        path = f"loop.{number}/a"
        journal.append({**intent(path), "inputs": {"name": long}}, "later")
        journal.append({**done(path), "results": long}, "synced" if number == count - 1 else "later")
    tracemalloc.start()
    summary = contents_of(journal)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    journal.close()
    assert len(summary.writes) == count
    assert size < count * len(long) / 2


@pytest.mark.parametrize("between", [intent("b"), done("b"), {"type": "undone", "path": "a", "write": 0}])
def test_decision_is_final_once_anything_followed_it(tmp_path: Path, between: Record) -> None:
    assert contents(tmp_path, intent("a"), decision("a", "happened")).may_be_settled(happened=False).keys() == {"a"}
    (tmp_path / "r.jsonl").unlink()
    summary = contents(tmp_path, intent("a"), decision("a", "happened"), between)
    assert "a" not in summary.may_be_settled(happened=False)


def test_decision_is_not_final_when_the_run_was_only_resumed(tmp_path: Path) -> None:
    summary = contents(tmp_path, intent("a"), decision("a", "happened"), {"type": "resumed"})
    assert summary.may_be_settled(happened=False).keys() == {"a"}


def test_attempts_in_doubt_are_counted_again_after_a_correction(tmp_path: Path) -> None:
    records: list[Any] = [intent("a"), intent("a"), decision("a", "did-not-happen"), decision("a", "retry")]
    summary = contents(tmp_path, *records, {"type": "refused", "path": "a", "error": ""})
    # One of the two attempts was rejected, the other may have been applied.
    assert summary.unknown.keys() == {"a"}


def test_intent_waits_for_the_disk_and_results_do_not(tmp_path: Path) -> None:
    journal = SqliteJournal.create(tmp_path / "r.sqlite", "r", first_records({"id": "r"}, {}))
    statements: list[str] = []
    journal._database.set_trace_callback(statements.append)
    for durability, level in [("synced", "FULL"), ("written", "NORMAL")]:
        statements.clear()
        journal.append(intent("a"), durability)  # type: ignore[arg-type]
        assert statements[0] == f"PRAGMA synchronous = {level}"
        assert statements[-1] == "COMMIT"
    journal.close()


@pytest.mark.parametrize(("durability", "waits"), [("written", True), ("synced", False)])
def test_record_that_is_on_the_disk_is_not_forced_there_again(
    durability: Any, waits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffered, "SYNC_DELAY", 60)
    journal = SqliteJournal.create(tmp_path / "r.sqlite", "r", first_records({"id": "r"}, {}))
    journal.append(intent("a"), "written")
    journal.append(done("a"), durability)
    assert journal._delayed.close() == waits
    journal.close()


def test_finished_runs_are_pruned_after_thirty_days(tmp_path: Path) -> None:
    day = 24 * 3600
    for name, days in [("young", 29.9), ("old", 30.01)]:
        header = {"id": name, "started": time.time() - days * day}
        journal = create_journal(tmp_path / f"{name}.jsonl", name, first_records(header, {}))
        counts = {"finished": 0, "writes": 0, "unknown": 0}
        journal.append({"type": "end", "status": "done", "error": "", **counts}, "synced")
        journal.close()
    assert [run.id for run in prune(place=tmp_path)] == ["old"]
    assert [run.id for run in runs(tmp_path)] == ["young"]


def test_run_without_a_start_time_is_listed(tmp_path: Path) -> None:
    create_journal(tmp_path / "r.jsonl", "r", first_records({"id": "r"}, {})).close()
    assert [run.created for run in runs(tmp_path)] == [0.0]


def test_journal_that_is_gone_already_is_deleted(tmp_path: Path) -> None:
    journal = create_journal(tmp_path / "r.jsonl", "r", first_records({"id": "r"}, {}))
    (tmp_path / "r.jsonl").unlink()
    journal.delete()


def test_call_that_is_needed_sooner_is_made_sooner() -> None:
    called = threading.Event()
    delayed = DelayedCall(called.set)
    delayed.within(60)
    time.sleep(0.05)  # the thread sleeps by now
    delayed.within(0.01)
    assert called.wait(10)
    assert not delayed.close()


def test_cancelled_call_is_not_made() -> None:
    called = threading.Event()
    delayed = DelayedCall(called.set)
    delayed.within(0.01)
    delayed.cancel()
    assert not called.wait(0.05)
    delayed.within(0.01)
    assert called.wait(10)
    delayed.within(60)
    assert delayed.close()


def test_thread_of_calls_ends_when_they_are_closed() -> None:
    calls: list[None] = []
    delayed = DelayedCall(lambda: calls.append(None))
    delayed.within(60)
    thread = delayed._thread
    assert thread is not None
    assert delayed.close()
    thread.join(10)
    assert (thread.is_alive(), calls) == (False, [])
