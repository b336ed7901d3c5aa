"""Lists of runs: of a run that has ended, only the first and the last record are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import JournalError
from connector.flows import runs
from connector.journal import past_runs
from connector.journal.journals import create_journal, reopen_journal
from connector.journal.reader import contents_of, read_history
from connector.journal.writer import JournalWriter, first_records

FAILURE = JournalError("no")


@pytest.fixture(params=["file", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path) if request.param == "file" else f"sqlite:///{tmp_path}/runs.sqlite"


def writer_of(place: str, run: str = "r") -> JournalWriter:
    header = {"id": run, "flow": "Main", "integration": "Tests", "started": 1e9}
    path = place if place.startswith("sqlite") else f"{place}/{run}.jsonl"
    return JournalWriter(create_journal(path, run, first_records(header, {"text": "t" * 100})))


def intent(writer: JournalWriter, path: str) -> None:
    writer.write_started(path, path, "x.y", "", {})


def resumed(place: str) -> JournalWriter:
    journal = reopen_journal(place if place.startswith("sqlite") else f"{place}/r.jsonl", "r")
    return JournalWriter(journal, contents_of(journal))


def only_the_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(name: str) -> Any:
        raise AssertionError(name)

    monkeypatch.setattr(past_runs, "read_history", forbidden)


def test_run_that_has_ended_is_listed_by_its_first_and_last_record(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = writer_of(place)
    intent(writer, "a")
    writer.step_done("a", 1, "written")
    writer.step_done("a", 2, "written")  # a plugin changed the results
    writer.step_done("b", 1, "later")
    intent(writer, "c")
    writer.write_rejected("c", "rate limited")
    for _ in range(2):
        intent(writer, "d")
    writer.write_rejected("d", "no")
    writer.ended("failed", "no", {"big": "x" * 100_000})
    writer.close()
    only_the_ends(monkeypatch)
    (past,) = runs(place)
    assert (past.id, past.flow, past.integration, past.created) == ("r", "Main", "Tests", 1e9)
    assert (past.status, past.error, past.finished, past.writes, past.unknown) == ("failed", "no", 2, 1, 1)
    assert past.size > 100_000


def test_counts_of_a_resumed_run_include_those_before(place: str) -> None:
    writer = writer_of(place)
    for path in "abc":
        intent(writer, path)
    writer.step_done("a", 1, "written")
    writer.ended("failed", "no")
    writer.close()
    writer = resumed(place)
    writer.resumed()
    writer.decided("b", "skip")
    writer.decided("c", "retry")
    (past,) = runs(place)
    assert (past.status, past.finished, past.writes, past.unknown) == ("running", 1, 1, 1)
    intent(writer, "c")
    writer.step_done("c", 1, "written")
    writer.ended("done", "")
    writer.close()
    (past,) = runs(place)
    history = read_history(past.journal)
    assert (past.status, past.finished, past.writes, past.unknown) == ("done", 2, 2, 0)
    assert (len(history.finished), len(history.writes), len(history.unknown)) == (2, 2, 0)


def test_decision_after_the_end_counts(place: str) -> None:
    writer = writer_of(place)
    intent(writer, "a")
    writer.ended("failed", "no")
    writer.decided("a", "did-not-happen")
    writer.close()
    (past,) = runs(place)
    assert (past.status, past.unknown, past.error) == ("failed", 0, "no")


def test_run_without_an_end_was_killed(place: str) -> None:
    writer = writer_of(place)
    intent(writer, "a")
    assert [past.status for past in runs(place)] == ["running"]
    writer.close()
    assert [(past.status, past.unknown) for past in runs(place)] == [("killed", 1)]


def test_runs_are_filtered_by_status(place: str) -> None:
    for run, status in [("a", "done"), ("b", "failed"), ("c", "done")]:
        writer = writer_of(place, run)
        writer.ended(status, "")
        writer.close()
    assert {past.id for past in runs(place, status="done")} == {"a", "c"}
    assert [past.id for past in runs(place, status="failed")] == ["b"]
    assert runs(place, status="killed") == []


@pytest.mark.parametrize("size", [1, 4000, 4095, 4096, 4097, 70_000])
def test_last_record_of_any_size_is_found(size: int, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = writer_of(place)
    writer.ended("done", "", "x" * size)
    writer.close()
    only_the_ends(monkeypatch)
    assert [past.status for past in runs(place)] == ["done"]


@pytest.mark.parametrize("tail", [b'{"type":"end","stat', b"{}\n", b"[]\n", b'{"type":"resumed"}\n'])
def test_file_with_another_last_record_is_read_whole(tail: bytes, tmp_path: Path) -> None:
    writer = writer_of(str(tmp_path))
    writer.ended("done", "")
    writer.close()
    file = tmp_path / "r.jsonl"
    file.write_bytes(file.read_bytes() + tail)
    expected = {b"{}\n": [], b"[]\n": [], b'{"type":"resumed"}\n': ["killed"]}.get(tail, ["done"])
    assert [past.status for past in runs(tmp_path)] == expected


def test_journal_of_another_format_in_a_database_is_rejected_with_its_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.sqlite"
    journal = create_journal(url, "old", [{"type": "run", "version": 1, "id": "old"}])
    journal.close()
    with pytest.raises(JournalError, match="has format version 1, but this release reads version 2"):
        read_history(f"{url}#old")
    assert runs(url) == []
