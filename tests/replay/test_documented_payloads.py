"""An API that answers what the documentation shows makes every action and data source return exactly that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.describe.summaries import example_inputs
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

DOCUMENTED = Path(__file__).parents[1] / "documented_payloads"
SEGMENT = connector.load_component()
ACTIONS = {file.stem: json.loads(file.read_text()) for file in sorted((DOCUMENTED / "actions").glob("*.json"))}
DATA_SOURCES = {file.stem: json.loads(file.read_text()) for file in (DOCUMENTED / "data_sources").glob("*.json")}
CORRECTED = {"createDestinationSubscription", "getEventsVolumeFromWorkspace"}


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer().running() as running:
        yield running


@pytest.fixture(scope="module")
def runner(server: LoopbackServer) -> Iterator[connector.Runner]:
    fields = {"apiKey": "a-token", "baseUrl": server.url}
    with connector.Runner(SEGMENT, {"fields": fields}) as opened:
        yield opened


def test_43_documented_payloads_are_of_actions() -> None:
    assert ACTIONS.keys() <= SEGMENT.actions.keys() - {"rawRequest"}
    assert len(ACTIONS) == 43


@pytest.mark.parametrize("key", ACTIONS)
def test_action_returns_its_documented_payload(key: str, server: LoopbackServer, runner: connector.Runner) -> None:
    server.answer(ACTIONS[key]["data"])

    payload = runner.invoke(key, example_inputs(SEGMENT.actions[key]))

    assert json.dumps(payload) == json.dumps(ACTIONS[key])


@pytest.mark.parametrize("key", ACTIONS)
def test_example_is_the_documented_payload_unless_that_is_wrong(key: str) -> None:
    assert (SEGMENT.actions[key].example == ACTIONS[key]) == (key not in CORRECTED)


@pytest.mark.parametrize("key", sorted(CORRECTED))
def test_corrected_example_replays(key: str, server: LoopbackServer, runner: connector.Runner) -> None:
    example = SEGMENT.actions[key].example
    assert example is not None
    server.answer(example["data"])

    assert runner.invoke(key, example_inputs(SEGMENT.actions[key])) == example


def one_page(key: str) -> Any:
    """The documented list as its only page; the documentation repeats a constant cursor."""
    body = json.loads(json.dumps(ACTIONS[key]["data"]))
    body["data"]["pagination"].pop("next", None)
    return body


def web_sources() -> Any:
    """The documented list of Sources, made of the Source that the documented picklist shows and the list lacks."""
    body = one_page("listSources")
    (choice,) = DATA_SOURCES["sources"]["result"]
    for source in body["data"]["sources"]:
        source |= {"id": choice["key"], "slug": choice["label"]}
    return body


REPLIES = {
    "destination": ("/destinations", one_page("listDestinations")),
    "sources": ("/sources", web_sources()),
    "warehouses": ("/warehouses", one_page("listWarehouses")),
}


def test_every_data_source_is_documented_with_a_payload() -> None:
    original = {key for key, source in SEGMENT.data_sources.items() if source.in_prismatic}

    assert DATA_SOURCES.keys() == original == REPLIES.keys()


@pytest.mark.parametrize("key", DATA_SOURCES)
def test_data_source_returns_its_documented_payload(key: str, server: LoopbackServer, runner: connector.Runner) -> None:
    path, body = REPLIES[key]
    server.script = lambda request: (
        ServerResponse(body) if is_list(request, path) else ServerResponse(b"{}", status=404)
    )
    try:
        assert runner.choices(key) == DATA_SOURCES[key]
    finally:
        server.script = None


def is_list(request: ReceivedRequest, path: str) -> bool:
    return request.method == "GET" and request.path == path and request.query == [("pagination[count]", "200")]
