"""An action for each row: order, errors, and the journal from which a run is resumed."""

from __future__ import annotations

import itertools
import json
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import errors
from connector.component.bulk_journal import bulk_folder, resumable_runs
from connector.journal.file import FileJournal
from connector.journal.protocol import UnknownRunError
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

NEW = {"enabled": True, "metadataId": "m"}


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path / "state"))


def rows(*slugs: str) -> list[dict[str, Any]]:
    return [{"slug": slug, **NEW} for slug in slugs]


def echo(request: ReceivedRequest) -> ServerResponse:
    return ServerResponse({"data": {"slug": request.json["slug"]}})


def failing(statuses: dict[str, int]) -> Any:
    def script(request: ReceivedRequest) -> ServerResponse:
        slug = request.json["slug"]
        return ServerResponse({"errors": []}, statuses[slug]) if slug in statuses else echo(request)

    return script


def sent(server: LoopbackServer) -> list[str]:
    return [request.json["slug"] for request in server.requests]


def outcomes(run: connector.BulkRun) -> list[tuple[int, str]]:
    return [(result.row, result.status) for result in run]


@pytest.mark.parametrize("parallel", [1, 4])
def test_results_come_in_the_order_of_the_rows(runner: connector.Runner, server: LoopbackServer, parallel: int) -> None:
    def slow_first(request: ReceivedRequest) -> ServerResponse:
        return ServerResponse({"data": {"slug": request.json["slug"]}}, hang=0.1 if request.json["slug"] == "a" else 0)

    server.script = slow_first
    results = list(runner.each("createSource", rows(*"abcdef"), parallel=parallel))

    assert [result.payload["data"]["data"]["slug"] for result in results if result.payload] == list("abcdef")
    assert results[0].to_dict() == {"row": 1, "status": "done", "payload": {"data": {"data": {"slug": "a"}}}}


def test_run_that_is_done_leaves_no_journal(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = echo
    run = runner.each("createSource", rows("a"))
    assert resumable_runs() == [run.run]

    assert outcomes(run) == [(1, "done")]
    assert (run.is_done, run.can_resume, resumable_runs()) == (True, False, [])


def test_journal_at_a_path_stays(runner: connector.Runner, server: LoopbackServer, tmp_path: Path) -> None:
    server.script = echo
    list(runner.each("createSource", rows("a"), journal=tmp_path / "j.jsonl"))

    kinds = [json.loads(line)["type"] for line in (tmp_path / "j.jsonl").read_text().splitlines()]
    assert kinds == ["run", "start", "intent", "done"]


def test_journal_holds_no_inputs(runner: connector.Runner, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer({"data": {}})
    row = rows("a")[0] | {"settings": {"password": "very-secret"}}
    list(runner.each("createSource", [row], journal=tmp_path / "j.jsonl"))

    assert "very-secret" not in (tmp_path / "j.jsonl").read_text()


def test_first_failure_stops_the_run_and_is_raised_after_its_row(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    server.script = failing({"b": 400})
    run = runner.each("createSource", rows(*"abcd"))
    seen = [next(run), next(run)]
    with pytest.raises(errors.BadRequestError):
        next(run)

    assert [(result.row, result.status) for result in seen] == [(1, "done"), (2, "failed")]
    assert isinstance(seen[1].error, errors.BadRequestError)
    assert sent(server)[:2] == ["a", "b"]
    assert "d" not in sent(server)
    assert run.can_resume


def test_resumed_run_sends_only_the_rows_that_are_not_done(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = failing({"b": 400})
    run = runner.each("createSource", rows(*"abc"), on_error="keep-going")
    assert outcomes(run) == [(1, "done"), (2, "failed"), (3, "done")]
    server.script = echo
    again = list(runner.each("createSource", rows(*"abc"), resume=run.run))

    assert sent(server) == ["a", "b", "c", "b"]
    assert [(result.row, result.status, result.is_earlier) for result in again] == [
        (1, "done", True),
        (2, "done", False),
        (3, "done", True),
    ]
    assert again[0].payload == {"data": {"data": {"slug": "a"}}}
    assert resumable_runs() == []


def test_error_of_every_row_stops_a_run_that_keeps_going(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = lambda _request: ServerResponse({"errors": []}, 401)
    run = runner.each("createSource", rows(*"abcdef"), on_error="keep-going")
    with pytest.raises(errors.AuthenticationError):
        list(run)

    assert len(server.requests) < 3


def test_invalid_row_fails_without_a_request(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = echo
    run = runner.each("createSource", [{"slug": "a"}, *rows("b")], on_error="keep-going")

    assert outcomes(run) == [(1, "failed"), (2, "done")]
    assert sent(server) == ["b"]


@pytest.mark.parametrize(
    ("decision", "requests", "statuses"),
    [
        ("retry", ["a", "b", "b", "c"], ["done", "done", "done"]),
        ("skip", ["a", "b", "c"], ["done", "skipped", "done"]),
        ({2: "skip"}, ["a", "b", "c"], ["done", "skipped", "done"]),
    ],
)
def test_write_with_an_unknown_outcome_needs_a_decision(
    runner: connector.Runner, server: LoopbackServer, decision: Any, requests: list[str], statuses: list[str]
) -> None:
    server.script = failing({"b": 503})
    run = runner.each("createSource", rows(*"abc"))
    with pytest.raises(errors.OutcomeUnknownError):
        list(run)
    server.script = echo
    with pytest.raises(errors.JournalError, match="has a row with an unknown outcome") as raised:
        runner.each("createSource", rows(*"abc"), resume=run.run)
    assert [problem.location for problem in raised.value.problems] == ["row 2"]
    results = outcomes(runner.each("createSource", rows(*"abc"), resume=run.run, unknown=decision))

    assert [status for _, status in results] == statuses
    assert sent(server) == requests


@pytest.mark.parametrize("row", [0, 1, 3, 4])
def test_decision_about_a_row_without_an_unknown_outcome_is_rejected(
    runner: connector.Runner, server: LoopbackServer, row: int
) -> None:
    server.script = failing({"b": 503, "c": 400})
    run = runner.each("createSource", rows(*"abc"), on_error="keep-going")
    outcomes(run)
    with pytest.raises(errors.UsageError, match=f"row {row} of run {run.run} has no unknown outcome") as raised:
        runner.each("createSource", rows(*"abc"), resume=run.run, unknown={2: "skip", row: "skip"})
    assert raised.value.hint == "Rows of unknown outcome: 2."

    resumed = runner.each("createSource", rows(*"abc"), resume=run.run, unknown={2: "skip"}, on_error="keep-going")
    assert outcomes(resumed)[1] == (2, "skipped")


def test_run_is_not_resumed_below_another_path(
    runner: connector.Runner, segment: connector.Component, server: LoopbackServer
) -> None:
    server.script = failing({"a": 400})
    run = runner.each("createSource", rows("a"), on_error="keep-going")
    outcomes(run)
    other = connector.Runner(segment, {"fields": {"apiKey": "x", "baseUrl": f"{server.url}/other"}})
    with pytest.raises(errors.JournalError, match='is for base path "", not "/other"'):
        other.each("createSource", rows("a"), resume=run.run)


def test_idempotent_write_with_an_unknown_outcome_is_sent_again(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    updates = [{"sourceId": "a", "name": "x"}, {"sourceId": "b", "name": "x"}]
    run = runner.each("updateSource", updates)
    server.script = lambda request: (
        ServerResponse({"data": {}}) if request.path.endswith("a") else ServerResponse(b"[", 200)
    )
    with pytest.raises(errors.InvalidResponseError):
        list(run)
    server.script = lambda _request: ServerResponse({"data": {}})

    assert outcomes(runner.each("updateSource", updates, resume=run.run)) == [(1, "done"), (2, "done")]


def test_run_can_be_resumed_only_with_the_same_rows(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = failing({"c": 400})
    run = runner.each("createSource", rows(*"abc"))
    with pytest.raises(errors.BadRequestError):
        list(run)
    with pytest.raises(errors.UsageError, match=f"row 2 is not the row 2 of run {run.run}"):
        list(runner.each("createSource", rows(*"acb"), resume=run.run))
    with pytest.raises(errors.JournalError, match='is for action "createSource", not "getSource"'):
        runner.each("getSource", rows("a"), resume=run.run)
    with pytest.raises(UnknownRunError, match='unknown run "20200101-000000-abcdef"') as raised:
        runner.each("createSource", rows("a"), resume="20200101-000000-abcdef")

    assert run.run in raised.value.hint
    assert sent(server) == ["a", "b", "c"]


@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize(("slugs", "number"), [("ab", "2"), ("", "0"), ("abcd", "4|more")])
def test_run_is_not_resumed_with_another_number_of_rows(
    runner: connector.Runner, server: LoopbackServer, slugs: str, number: str, as_list: bool
) -> None:
    server.script = failing({"b": 400})
    before = list if as_list else iter
    run = runner.each("createSource", before(rows(*"abc")), on_error="keep-going")
    outcomes(run)
    server.script = echo
    with pytest.raises(errors.UsageError, match=f"run {run.run} has 3 rows, but ({number}) were passed"):
        list(runner.each("createSource", before(rows(*slugs)), resume=run.run))

    assert resumable_runs() == [run.run]
    assert "d" not in sent(server)


def test_run_that_read_some_rows_is_not_resumed_with_fewer(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = failing({"b": 400})
    run = runner.each("createSource", (row for row in [*rows(*"ab"), *rows(*map(str, range(50)))]))
    with pytest.raises(errors.BadRequestError):
        list(run)
    with pytest.raises(errors.UsageError, match="has at least 2 rows, but 1 were passed"):
        list(runner.each("createSource", rows("a"), resume=run.run))

    assert resumable_runs() == [run.run]


def test_other_rows_are_rejected_before_one_is_sent(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = failing({"a": 400})
    run = runner.each("createSource", rows(*"abc"), on_error="keep-going")
    outcomes(run)
    with pytest.raises(errors.UsageError, match="row 3 is not the row 3"):
        runner.each("createSource", rows(*"abx"), resume=run.run)

    assert sent(server) == ["a", "b", "c"]


def test_run_that_is_held_cannot_be_resumed(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = echo
    with runner.each("createSource", rows(*"ab")) as run:
        next(run)
        with pytest.raises(errors.JournalError, match="still running"):
            runner.each("createSource", rows(*"ab"), resume=run.run)


def test_run_that_is_closed_early_is_resumed(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = echo
    with runner.each("createSource", rows(*"abcdefgh")) as run:
        next(run)
    before = len(server.requests)
    results = list(runner.each("createSource", rows(*"abcdefgh"), resume=run.run))

    assert before < 8
    assert sorted(sent(server)) == list("abcdefgh")
    assert [result.is_earlier for result in results] == [True] * before + [False] * (8 - before)


def test_rate_limit_is_waited_for_and_reported(segment: connector.Component, server: LoopbackServer) -> None:
    waits: list[str] = []
    runner = connector.Runner(
        segment, {"fields": {"apiKey": "x", "baseUrl": server.url}}, on_wait=lambda _seconds, why: waits.append(why)
    )
    server.answer(ServerResponse(b"", 429, {"Retry-After": "0"}), {"data": {}})

    assert outcomes(runner.each("createSource", rows("a"))) == [(1, "done")]
    assert waits == ["rate limit"]


def test_rate_limit_beyond_the_longest_wait_is_not_an_unknown_outcome(
    segment: connector.Component, server: LoopbackServer
) -> None:
    fields = {"fields": {"apiKey": "x", "baseUrl": server.url}}
    server.answer(ServerResponse(b"", 429, {"Retry-After": "30"}))
    run = connector.Runner(segment, fields).each("createSource", rows("a"), max_wait=1)

    with pytest.raises(errors.RateLimitError):
        list(run)
    server.answer({"data": {}})
    again = connector.Runner(segment, fields).each("createSource", rows("a"), resume=run.run)
    assert outcomes(again) == [(1, "done")]


def test_deadline_ends_the_run(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = lambda request: ServerResponse({"data": {"slug": request.json["slug"]}}, hang=0.05)
    run = runner.each("createSource", rows(*map(str, range(100))), deadline=0.3, on_error="keep-going")
    with pytest.raises(errors.TemporaryError):
        list(run)

    assert len(server.requests) < 20


def test_reads_run_without_a_question_about_their_outcome(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = lambda request: ServerResponse({"data": {}}, 404 if request.path.endswith("b") else 200)
    ids = [{"sourceId": "a"}, {"sourceId": "b"}]
    run = runner.each("getSource", ids)
    with pytest.raises(errors.NotFoundError):
        list(run)
    server.script = lambda _request: ServerResponse({"data": {}})

    assert outcomes(runner.each("getSource", ids, resume=run.run)) == [(1, "done"), (2, "done")]
    assert [request.path for request in server.requests] == ["/sources/a", "/sources/b", "/sources/b"]


def test_described_operations_and_policies_hold(segment: connector.Component, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    fields = {"fields": {"apiKey": "x", "baseUrl": server.url}}
    labels = [{"label": {"key": "a", "value": "b"}}]
    assert outcomes(connector.Runner(segment, fields).each("createLabel", labels)) == [(1, "done")]
    with pytest.raises(errors.PolicyError):
        list(connector.Runner(segment, fields, read_only=True).each("createLabel", labels))
    with pytest.raises(errors.UnknownKeyError):
        connector.Runner(segment, fields).each("createLable", labels)
    with pytest.raises(errors.UsageError, match="parallel must be 1 or more, got 0"):
        connector.Runner(segment, fields).each("createLabel", labels, parallel=0)

    assert resumable_runs() == []


def test_parallel_calls_are_on_their_way_at_once(runner: connector.Runner, server: LoopbackServer) -> None:
    together = threading.Barrier(4, timeout=10)

    def wait(request: ReceivedRequest) -> ServerResponse:
        together.wait()
        return echo(request)

    server.script = wait

    assert len(list(runner.each("createSource", rows(*"abcd"), parallel=4))) == 4


def test_rows_are_read_as_they_are_needed(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = echo
    taken = itertools.count()

    def endless() -> Iterator[dict[str, Any]]:
        while True:
            yield rows(str(next(taken)))[0]

    with runner.each("createSource", endless(), journal=False) as run:
        for _ in range(5):
            next(run)

    assert next(taken) < 20
    assert not list(bulk_folder().glob("*"))


def test_error_of_the_rows_ends_the_run(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = echo

    def broken() -> Iterator[dict[str, Any]]:
        yield from rows("a")
        raise errors.UsageError("line 2 is not CSV")

    run = runner.each("createSource", broken())
    with pytest.raises(errors.UsageError, match="line 2"):
        list(run)

    assert run.can_resume
    assert sent(server) == ["a"]


def test_memory_of_resuming_stays_small(runner: connector.Runner, server: LoopbackServer, tmp_path: Path) -> None:
    """The journal of many rows, each with a long payload, costs some bytes per row."""
    server.script = failing({"last": 400})
    run = runner.each("createSource", rows("first", "last"), journal=tmp_path / "j.jsonl")
    with pytest.raises(errors.BadRequestError):
        list(run)
    lines = (tmp_path / "j.jsonl").read_text().splitlines()
    done = json.loads(next(line for line in lines if '"done"' in line))
    many = [json.dumps({**done, "path": str(number), "results": "x" * 500}) for number in range(1, 10_001)]
    (tmp_path / "j.jsonl").write_text("\n".join([*lines[:2], *many, ""]))
    tracemalloc.start()
    resumed = runner.each("createSource", iter(rows("first")), resume=tmp_path / "j.jsonl")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    resumed.close()

    assert used < 1_000_000


def test_row_whose_result_cannot_be_recorded_has_an_unknown_outcome(
    runner: connector.Runner, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script = echo
    append = FileJournal.append

    def full(journal: FileJournal, record: Any, durability: Any) -> None:
        if record["type"] == "done" and record["path"] == "2":
            raise errors.JournalError("cannot write the journal: no space left on device")
        append(journal, record, durability)

    monkeypatch.setattr(FileJournal, "append", full)
    run = runner.each("createSource", rows(*"abcdef"))
    with pytest.raises(errors.JournalError, match="no space left"):
        list(run)
    monkeypatch.undo()

    assert sent(server) == ["a", "b"]
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(Path(run.location).parents[1]))
    with pytest.raises(errors.JournalError, match="unknown outcome") as raised:
        runner.each("createSource", rows(*"abcdef"), resume=run.run)
    assert [problem.location for problem in raised.value.problems] == ["row 2"]


def test_read_of_an_action_with_several_effects_has_no_unknown_outcome(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    server.script = lambda _request: ServerResponse(b"[", 200)
    results = list(runner.each("rawRequest", [{"method": "GET", "url": "/sources"}], on_error="keep-going"))

    assert [(result.status, type(result.error)) for result in results] == [("failed", errors.InvalidResponseError)]
