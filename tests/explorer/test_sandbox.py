"""The screen of the sandbox: faults, assumptions, requests, reset, dump, and load."""

from __future__ import annotations

from typing import Any

import pytest

from tests.explorer.conftest import Explored


def act(explored: Explored, **body: Any) -> int:
    return explored.post("/sandbox", body).status


def test_faults_are_added_and_removed(explored: Explored) -> None:
    assert act(explored, do="add-fault", fault="rate-limit:2/s") == 200
    assert act(explored, do="add-fault", fault="error:503:0.5") == 200
    assert "rate-limit:2/s" in explored.get("/sandbox").text

    assert act(explored, do="remove-fault", fault="rate-limit:2/s") == 200
    assert [fault.text for fault in explored.sandbox.faults] == ["error:503:0.5"]


def test_invalid_fault_is_rejected_with_the_forms(explored: Explored) -> None:
    rejected = explored.post("/sandbox", {"do": "add-fault", "fault": "nope"})

    assert rejected.status == 422
    assert "rate-limit:5/min" in rejected.json["error"]["hint"]


def test_invalid_fault_that_is_long_is_not_repeated_in_full(explored: Explored) -> None:
    rejected = explored.post("/sandbox", {"do": "add-fault", "fault": "error:" + "x" * 5000})

    assert rejected.status == 422
    message = rejected.json["error"]["message"]
    assert message.startswith('invalid fault "error:xxx')
    assert message.endswith('xxx..."')
    assert len(message) < 220


def test_assumption_is_set_and_shown_as_changed(explored: Explored) -> None:
    assert act(explored, do="assume", name="slug-taken", value="409") == 200

    assert explored.sandbox.handler.assumptions["slug-taken"] == "409"
    assert "1 changed" in explored.get("/sandbox").text
    assert act(explored, do="assume", name="slug-taken", value="nope") == 422


def test_requests_are_listed_newest_first_and_cleared(explored: Explored) -> None:
    explored.call("listSources", {"count": 1})
    explored.call("updateSource", {"sourceId": "gone", "name": "x"})
    page = explored.get("/sandbox/requests").text

    assert page.index("/sources/gone") < page.index("pagination[count]")
    assert "404" in page
    assert act(explored, do="clear-requests") == 200
    assert explored.sandbox.requests == []


def test_reset_restores_the_initial_state_and_the_choices(explored: Explored) -> None:
    before = explored.get("/choices/sources").json["total"]
    explored.call("deleteSource", {"sourceId": explored.sandbox.sources[0]["id"]}, confirmed=True)
    assert explored.get("/choices/sources").json["total"] == before - 1

    assert act(explored, do="reset") == 200
    assert explored.get("/choices/sources").json["total"] == before


def test_dump_is_loaded_again(explored: Explored) -> None:
    state = explored.get("/sandbox/dump")
    slugs = [source["slug"] for source in explored.sandbox.sources]
    explored.call("deleteSource", {"sourceId": explored.sandbox.sources[0]["id"]}, confirmed=True)

    assert "attachment" in str(state.header("Content-Disposition"))
    assert act(explored, do="load", seed=state.json) == 200
    assert [source["slug"] for source in explored.sandbox.sources] == slugs
    assert act(explored, do="load", seed={"sources": 5}) == 422


@pytest.mark.parametrize("body", [{}, {"do": "nope"}, {"do": "add-fault"}, {"do": "assume", "name": 1, "value": 2}])
def test_unknown_control_is_rejected(explored: Explored, body: dict[str, Any]) -> None:
    assert act(explored, **body) == 400
