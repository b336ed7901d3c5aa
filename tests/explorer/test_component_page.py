"""The pages of components: the map of a Segment workspace, and the page of a second component."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connector
from connector.errors import ComponentError
from connector.explorer import Page, bars, ribbons
from connector.explorer.component_page import page_of
from tests.explorer.conftest import Explored, exploring

EXAMPLE = Path(__file__).parents[2] / "examples" / "component"
SOURCE = "rh5BDZp6QDHvXFCkibm1pR"


def wait_for_the_map(explored: Explored) -> str:
    """Open the workspace, and return the page once it was read."""
    latest = time.monotonic() + 60
    page = explored.get("/workspace").text
    while "What feeds what" not in page:
        assert time.monotonic() < latest
        time.sleep(0.02)
        page = explored.get("/workspace").text
    return page


@pytest.fixture(scope="module")
def shared_map(component: connector.Component) -> Iterator[Explored]:
    with exploring(component) as client:
        wait_for_the_map(client)
        yield client


def test_workspace_is_read_once_and_drawn(shared_map: Explored) -> None:
    page = shared_map.get("/workspace").text
    before = len(shared_map.sandbox.requests)

    assert ">5</b><span>sources" in page
    assert "Redshift Dev" in page
    assert 'class="ribbon warehouse"' in page
    assert shared_map.get("/workspace").status == 200
    assert len(shared_map.sandbox.requests) == before


def rows(explored: Explored, query: str) -> list[str]:
    part = explored.get(f"/workspace/matches?{query}").text
    return re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', part)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=WEB", {"web", "Old website"}),
        ("search=" + SOURCE, {"web"}),
        ("search=web+old", {"Old website"}),
        ("type=iOS", {"ios"}),
        ("target=Amplitude", {"ios"}),
        ("target=Nothing", set()),
        ("state=unconnected", set()),
        ("search=nothing-like-this", set()),
    ],
)
def test_filters_narrow_the_sources(shared_map: Explored, query: str, expected: set[str]) -> None:
    assert set(rows(shared_map, query)) == expected


@pytest.mark.parametrize("page", ["0", "-1", "999999999999999999", "x", "1"])
def test_page_out_of_range_is_the_nearest(shared_map: Explored, page: str) -> None:
    assert len(rows(shared_map, f"page={page}")) == 5


def test_hostile_filters_are_text(shared_map: Explored) -> None:
    query = "search=%3Cscript%3E1%3C/script%3E&type=%22%3E%3Csvg+onload=x%3E&state=x&target=%7B%7B7*7%7D%7D"

    part = shared_map.get(f"/workspace/matches?{query}").text

    assert "<script" not in part
    assert "<svg onload" not in part
    assert "{{7*7}}" in part


@pytest.mark.parametrize("query", ["", "days=1", "days=90&by=source", "days=9999&by=nope"])
def test_events_are_bars_and_numbers(shared_map: Explored, query: str) -> None:
    part = shared_map.get(f"/workspace/volumes?{query}").text

    assert '<svg viewBox="0 0 1090 210" role="img" class="chart">' in part
    assert '<td class="num">' in part


class WorkspaceWithGaps:
    """A runner on a workspace with a source that feeds nothing, and a destination without a source."""

    def records(self, key: str, _inputs: Any = None) -> Iterator[Any]:
        metadata = {"metadata": {"name": "Javascript"}}
        records: dict[str, list[Any]] = {
            "listSources": [
                {"id": "1", "name": "alone", "enabled": True, **metadata},
                {"id": "2", "slug": "off", "enabled": False},
            ],
            "listDestinations": [{"id": "d", "sourceId": "2", **metadata}, {"id": "e", "sourceId": "gone", **metadata}],
        }
        yield from records.get(key, [])


def test_gaps_of_a_workspace_stand_out(component: connector.Component) -> None:
    workspace = component.module("explorer.workspace_map").WorkspaceMap(WorkspaceWithGaps())
    workspace.start()
    latest = time.monotonic() + 60
    while workspace.state == "reading":
        assert time.monotonic() < latest
        time.sleep(0.01)

    assert workspace.counts() == {
        "sources": 2,
        "unconnected": 1,
        "disabled": 1,
        "destinations": 2,
        "warehouses": 0,
        "idle": 1,
    }
    assert [source.name for source in workspace.find(state="unconnected")] == ["alone"]
    assert [source.name for source in workspace.find(state="disabled")] == ["off"]
    left, right, ways = workspace.bundles(workspace.sources)
    assert dict(left) == {"Javascript": 1, "unknown type": 1}
    assert right == [("Javascript", "destination", 1), ("Nothing", "nothing", 1)]
    assert ways == {("Javascript", "Nothing"): (1, 0), ("unknown type", "Javascript"): (1, 1)}


def test_workspace_is_read_again_on_request(component: connector.Component) -> None:
    with exploring(component) as explored:
        wait_for_the_map(explored)
        explored.call("updateSource", {"sourceId": SOURCE, "name": "<b>renamed</b>"})

        assert explored.post("/workspace/refresh", {}).status == 200
        assert "&lt;b&gt;renamed" in wait_for_the_map(explored)


def test_workspace_that_cannot_be_read_says_why(component: connector.Component) -> None:
    with exploring(component) as explored:
        explored.sandbox.add_fault("error:403")
        explored.get("/workspace")
        latest = time.monotonic() + 60
        while "could not be read" not in (part := explored.get("/workspace/reading").text):
            assert time.monotonic() < latest
            time.sleep(0.02)
        assert "forbidden" in part.lower()


def test_failure_of_a_part_is_shown_in_its_place(shared_map: Explored) -> None:
    shared_map.sandbox.add_fault("error:403")
    try:
        failed = shared_map.get("/workspace/volumes")
    finally:
        shared_map.sandbox.clear_faults()

    assert failed.status == 502
    assert 'role="alert"' in failed.text


def test_second_component_has_actions_and_a_page_of_its_own() -> None:
    with exploring(connector.load_component(EXAMPLE)) as explored:
        explored.call("createTask", {"title": "Water <the> plants", "listId": "home"})
        page = explored.get("/to-do-lists").text

        assert explored.get("/").header("Location") == "/actions/listLists"
        assert 'href="/to-do-lists" aria-current="page"' in page
        assert "Water &lt;the&gt; plants" in page
        assert "At home" in page
        assert 'data-source="lists"' in explored.get("/actions/createTask").text
        assert "Workspace" not in page


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("raise ValueError('x')", "cannot be imported: ValueError: x"),
        ("", "has no Page named page"),
        ("from connector.explorer import Page\npage = Page('Actions', '.', print)", "has no Page named page"),
    ],
    ids=["error", "empty", "reserved"],
)
def test_invalid_page_is_an_error(module: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "explorer.py").write_text(module)
    (tmp_path / "manifest.yaml").write_text(
        "key: acme\nversion: 1.0.0\nexplorer: explorer\ndisplay: {label: Acme, description: x}\n"
    )

    with pytest.raises(ComponentError, match=message):
        page_of(connector.load_component(tmp_path))


def test_component_without_a_page_has_none(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text("key: acme\nversion: 1.0.0\ndisplay: {label: Acme, description: x}\n")

    assert page_of(connector.load_component(tmp_path)) is None


def test_path_of_a_page_comes_from_its_label() -> None:
    assert Page("My  Lists & more", Path(), print).path == "/my-lists-more"


def test_pictures_escape_names_and_add_up() -> None:
    name = '<script>"&'
    picture = ribbons([(name, 3)], [("Target", "destination", 2), ("Nothing", "nothing", 1)], _ways(name))

    assert "<script" not in picture
    assert picture.count('class="ribbon') == 2
    assert "3" in bars(["2026-01-01T00:00:00Z"], {name: [3]})
    assert "<script" not in bars(["2026-01-01T00:00:00Z"], {name: [3]})
    assert "0 bars" in bars([], {})


def _ways(name: str) -> dict[Any, Any]:
    return {(name, "Target"): (2, 0), (name, "Nothing"): (1, 1)}
