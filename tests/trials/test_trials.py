"""Each trial, short: with many more calls it is a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import connector
import sandbox
from connector import testing
from connector.common.redaction import Redactor
from connector.rest import rate_limits
from tests.support.amount import amount, only_whole
from tests.trials import (
    bulk_kills,
    faults,
    fuzz,
    hostile,
    hostile_requests,
    kills,
    long_resumes,
    mutants,
    sandbox_kills,
    sandbox_requests,
    stop,
)
from tests.trials.report import Report

SHORT = {
    "faults": amount(880, 150),
    "hostile": amount(200, 40),
    "requests": amount(60, 10),
    "fuzz": amount(4_000, 800),
}


def test_faults_lose_and_double_nothing() -> None:
    report = faults.run(SHORT["faults"])

    assert report.is_clean, str(report)
    assert report.outcomes["ok"] > SHORT["faults"] // 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forks_share_no_connection() -> None:
    # A process of its own, since this one has threads.
    run = subprocess.run(
        [sys.executable, "-m", "tests.trials.forks", "--calls", "280"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert run.returncode == 0, run.stdout + run.stderr


@only_whole
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_kills_in_each_phase_lose_and_double_nothing() -> None:
    report = kills.run(kills=1, stops=1, calm=False)

    assert report.is_clean, str(report)
    assert report.outcomes["sqlite, faults, response to done"] == 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_resume_that_takes_too_much_memory_is_found(tmp_path: Path) -> None:
    report, journal = Report("long resumes", 0), long_resumes.journal_of(f"sqlite:///{tmp_path}/r.sqlite", "writes", 9)
    long_resumes.measure(report, "sqlite, writes", journal, 9, maximum=1)

    (failure,) = report.failures["wrong"]  # and no other: the run was resumed
    assert "are more than 1" in failure


def test_hostile_responses_end_in_errors_without_secrets() -> None:
    report = hostile.run(SHORT["hostile"])

    assert report.is_clean, str(report)


def test_write_on_its_way_is_finished_after_a_signal_to_stop() -> None:
    report = stop.run(seconds=3)  # longer than the server of a sandbox waits

    assert report.is_clean, str(report)


def test_hostile_requests_get_responses_without_secrets() -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")

    report = hostile_requests.run(SHORT["requests"])

    assert report.is_clean, str(report)


def test_hostile_requests_find_a_defect_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")

    def leak(_body: bytes) -> None:
        raise RuntimeError(hostile_requests.KEY)

    monkeypatch.setattr("connector.engines.http_messages.from_json", leak)

    assert not hostile_requests.run(4).is_clean


def test_random_inputs_are_read_or_rejected() -> None:
    report = fuzz.run(SHORT["fuzz"])

    assert report.is_clean, str(report)


@only_whole
def test_killed_and_crowded_sandbox_loses_no_write() -> None:
    report = sandbox_kills.run(kills=1, clients=64, writes=2)

    assert report.is_clean, str(report)
    assert report.outcomes["acknowledged writes"] > 128


@only_whole
def test_killed_bulk_run_applies_each_row_once() -> None:
    report = bulk_kills.run(90, parallel=4)

    assert report.is_clean, str(report)
    assert (report.outcomes["kills"], report.outcomes["rows"]) == (2, 90)


def test_row_that_is_applied_twice_is_found(tmp_path: Path) -> None:
    report = Report("bulk", 1)
    with testing.sandbox() as workspace:
        trial = bulk_kills.Trial(tmp_path, 2, 1, workspace, report)
        trial.run()
        trial.log.statuses["row-1", 201] += 1
        trial.log.statuses["row-2", 400] += 1
        trial.compare()

    assert len(report.failures["doubled"]) == 2


def test_generated_requests_get_described_responses() -> None:
    report = sandbox_requests.run(60, names=["createSource", "listRulesFromTrackingPlan", "updateDestination"])

    assert report.is_clean, str(report)


def test_response_that_is_not_described_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.api, "wrap", lambda _data: '{"data":7}')

    assert sandbox_requests.run(20, names=["listSources"]).failures["wrong"]


def test_write_that_is_lost_is_found(tmp_path: Path) -> None:
    report = Report("kills", 1)
    client = sandbox_kills.Client("http://127.0.0.1:1", "token", "c0", report)
    client.acknowledged["c0-0"] = "id"

    sandbox_kills.compare(tmp_path / "w.sqlite", [client], report, unacknowledged=0)

    assert report.failures["lost"] == ["c0-0 (id)"]


PLANTED = {
    "a redactor that leaves a secret": (Redactor, "text", lambda _self, text: text),
    "a wait that is negative": (rate_limits, "retry_after", lambda _headers: -1.0),
    "a wait that raises": (rate_limits, "retry_after", lambda _headers: int("x")),
    "YAML that raises": (fuzz, "parse_yaml", lambda _text: int("x")),
    "an endpoint on another host": (connector.Runner, "__enter__", lambda _self: _Elsewhere()),
}


class _Elsewhere:
    """A runner whose requests would go to another host."""

    connection = property(lambda self: self)
    base_url = "http://evil.example"

    def endpoint(self, _inputs: object) -> _Elsewhere:
        """Return the endpoint."""
        return self


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_planted_fault_is_found(planted: tuple[object, str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, replacement = planted
    monkeypatch.setattr(owner, name, replacement)

    assert not fuzz.run(SHORT["fuzz"]).is_clean


def test_lines_of_equivalent_mutants_are_in_their_files() -> None:
    missing = [
        f"{file}: {source}"
        for file, _, source in mutants.known()
        if source not in {line.strip() for line in (mutants.ROOT / file).read_text(encoding="utf-8").splitlines()}
    ]

    assert missing == []
