from __future__ import annotations

import sys
import threading
from textwrap import dedent

import pytest
import requests
from requests.adapters import HTTPAdapter

import connector
from connector.errors import (
    MissingExtraError,
    UsageError,
)
from connector.testing import Harness, UnexpectedRequestError
from tests.support.outside import run_python

SEGMENT = connector.load_component()
SOURCE = {"sourceId": "rh5BDZp6QDHvXFCkibm1pR"}


def test_harness_works_only_inside_its_block() -> None:
    harness = Harness(SEGMENT)
    with pytest.raises(UsageError, match="with Harness"):
        harness.invoke("getSource", SOURCE)
    with harness:
        pass
    with pytest.raises(UsageError, match="with Harness"):
        _ = harness.runner


def test_whole_process_is_patched_inside_the_block_and_not_after() -> None:
    before = HTTPAdapter.send
    with Harness(SEGMENT) as harness:
        harness.respond({"theirs": True}, path="/anything")
        responses: list[object] = []
        thread = threading.Thread(
            target=lambda: responses.append(requests.get("https://example.com/anything", timeout=5))
        )
        thread.start()
        thread.join()

        assert responses[0].json() == {"theirs": True}  # type: ignore[attr-defined]
        assert HTTPAdapter.send is not before
    assert HTTPAdapter.send is before


def test_runner_of_the_program_under_test_is_stubbed(harness: Harness) -> None:
    expected = harness.respond_with_example("getSource")

    with connector.Runner(SEGMENT, {"fields": {"apiKey": "its-own"}}) as runner:
        assert runner.invoke("getSource", SOURCE) == expected


def test_patch_is_undone_after_an_error() -> None:
    def request_without_stubs() -> None:
        with Harness(SEGMENT) as harness:
            harness.invoke("listUsers")

    before = HTTPAdapter.send
    with pytest.raises(UnexpectedRequestError):
        request_without_stubs()

    assert HTTPAdapter.send is before


def test_harness_cannot_be_opened_twice_at_once(harness: Harness) -> None:
    with pytest.raises(UsageError, match="already open"), harness:
        pass


def test_harness_inside_another_takes_the_requests_until_it_ends(harness: Harness) -> None:
    outer = harness.respond_with_example("getSource")
    with Harness(SEGMENT) as inside:
        inside.respond({"inner": True})
        assert inside.invoke("getSource", SOURCE) == {"data": {"inner": True}}

    assert harness.invoke("getSource", SOURCE) == outer


def test_without_responses_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "responses", None)
    monkeypatch.delitem(sys.modules, "connector.testing.patching", raising=False)

    with pytest.raises(MissingExtraError) as caught, Harness(SEGMENT):
        pass

    assert (caught.value.message, caught.value.hint) == (
        "the harness needs responses",
        "Run: pip install 'segment-connector[testing]'",
    )


def test_adapter_that_is_patched_before_the_first_import_is_used() -> None:
    program = """
        import responses

        with responses.RequestsMock() as mocked:
            mocked.get("https://api.segmentapis.com/sources/a", json={"data": {"source": {"id": "a"}}})
            import connector

            fields = {"apiKey": "token"}
            with connector.Runner(connector.load_component(), {"fields": fields}) as runner:
                print(runner.invoke("getSource", {"sourceId": "a"}))
    """

    assert run_python(dedent(program)) == "{'data': {'data': {'source': {'id': 'a'}}}}"
