"""Seeds, dumps, resets and big workspaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import sandbox
from connector.sandbox_kit import SandboxApp, SandboxError, Workspace
from tests.sandbox import support
from tests.sandbox.support import Api

SOURCE = {"id": "s", "slug": "s", "metadataId": support.JAVASCRIPT}


DOCUMENTED_PATHS = [
    "/catalog/destinations/54521fd525e721e32a72ee91",
    "/catalog/sources/1bow82lmk",
    "/catalog/warehouses/55d3d3aea3c",
    "/destinations/qtiZHLLqqsHmpvLXNtP5du",
    "/destinations/fP7qoQw2HTWt9WdMr718gn/subscriptions",
    "/destinations/fP7qoQw2HTWt9WdMr718gn/subscriptions/kyMKN6LUgMvF8dwRMEz3cX",
    "/functions/sfnc_wXzcDGFR3KmjLDrtSawNHf",
    "/sources/qQEHquLrjRDN9j1ByrChyn",
    "/transformations/pHrD51Ds35Zjfka84yXQE6",
    "/users/sgJDWk3K21k6LE3tLU9nRK",
    "/warehouses/kjU72LCJexvrqL7G4TMHHN",
    "/warehouses/kjU72LCJexvrqL7G4TMHHN/connected-sources",
]


@pytest.mark.parametrize("path", DOCUMENTED_PATHS)
def test_documented_path_ids_are_in_the_seed(path: str, api: Api) -> None:
    assert api("GET", path).status_code == 200


def test_loaded_dump_is_the_same_workspace(api: Api, workspace: Workspace) -> None:
    api.source("extra")
    api("POST", "/invites", {"invites": [{"email": "new@example.com"}]})
    api("DELETE", f"/destinations/{support.DESTINATION}")
    dumped = json.loads(json.dumps(workspace.dump()))
    with sandbox.open_workspace(seed=dumped) as again:
        assert again.dump() == workspace.dump()
        assert again.sources == workspace.sources


def test_dump_has_the_tokens_and_a_new_workspace_gets_them(workspace: Workspace) -> None:
    with sandbox.open_workspace(seed=workspace.dump()) as again:
        assert (again.token, again.restricted_token) == (workspace.token, workspace.restricted_token)
    with sandbox.open_workspace(seed=workspace.dump(), token="chosen") as again:
        assert (again.token, again.restricted_token) == ("chosen", workspace.restricted_token)


def test_dump_is_read_from_a_file(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(workspace.dump()), encoding="utf-8")
    with sandbox.open_workspace(seed=path) as again:
        assert again.dump() == workspace.dump()


def test_seed_may_leave_out_catalogs_and_obvious_fields() -> None:
    with sandbox.open_workspace(seed={"sources": [SOURCE]}) as workspace:
        [source] = workspace.sources
        assert source.items() >= {"enabled": True, "settings": {}, "writeKeys": [], "labels": []}.items()
        assert workspace.destinations == []


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"planets": []}, 'unknown section "planets"'),
        ({"workspace": {"id": "w"}}, "workspace: the strings id, slug, name are required"),
        ({"tokens": []}, "tokens: must have only the strings admin, restricted"),
        ({"tokens": {"owner": "x"}}, "tokens: must have only the strings admin, restricted"),
        ({"sources": {}}, "sources: must be a list"),
        ({"sources": [{"id": "s"}]}, "sources.0: the string slug, metadataId is required"),
        ({"sources": [SOURCE, SOURCE]}, "sources: duplicate id"),
        (
            {"sources": [SOURCE | {"metadataId": "x"}]},
            'sources.0.metadataId: no record "x" in sourcesCatalog',
        ),
        (
            {"connections": [{"warehouseId": "w", "sourceId": "s"}]},
            'connections.0.warehouseId: no record "w" in warehouses',
        ),
        ({"sources": [{}] * 12}, "sources.9: the string id, slug, metadataId is required; and 2 more"),
    ],
)
def test_invalid_seed_is_rejected_with_its_location(seed: dict[str, Any], message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        sandbox.open_workspace(seed=seed)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_seed_file_that_is_not_an_object_is_rejected(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seed.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SandboxError, match=r"seed\.json"):
        sandbox.open_workspace(seed=path)


def test_missing_seed_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"cannot read the seed .*nowhere\.json"):
        sandbox.open_workspace(seed=tmp_path / "nowhere.json")


def test_reset_puts_the_seed_back_and_keeps_the_token(api: Api, workspace: Workspace) -> None:
    before = workspace.dump()
    api.source("extra")
    workspace.reset()
    assert workspace.dump() == before
    assert workspace.requests == []
    assert api("GET", "/").status_code == 200


def test_seed_for_an_existing_workspace_is_rejected(tmp_path: Path) -> None:
    sandbox.open_workspace(tmp_path / "w.sqlite").close()
    with pytest.raises(SandboxError, match="already contains a workspace"):
        sandbox.open_workspace(tmp_path / "w.sqlite", seed={"sources": []})


def test_big_workspace_is_made_the_same_each_time_and_is_whole() -> None:
    seed = sandbox.api.generate(sources=300, destinations=700)
    assert seed == sandbox.api.generate(sources=300, destinations=700)
    with sandbox.open_workspace(seed=seed) as workspace:
        assert [len(workspace.sources), len(workspace.destinations)] == [300, 700]
        pairs = {(each["sourceId"], each["metadataId"]) for each in workspace.destinations}
        assert len(pairs) == 700, "no source has two destinations of one type"


def test_impossible_numbers_are_rejected() -> None:
    with pytest.raises(SandboxError, match="--destinations must be 0 to 8 for 1 sources"):
        sandbox.api.generate(sources=1, destinations=9)


def test_page_deep_in_a_big_list_takes_no_more_steps_than_the_first(site: SandboxApp, url: str) -> None:
    seed = sandbox.api.generate(sources=5_000, destinations=0)
    steps: list[int] = []
    with sandbox.open_workspace(seed=seed) as workspace:
        workspace._store._db.set_progress_handler(lambda: steps.append(steps.pop() + 1), 100)
        site.add(workspace)
        api, cursor, seen = Api(url, workspace.token), "MA==", 0
        while cursor:
            steps.append(0)
            page = api.data("GET", f"/sources?pagination[count]=250&pagination[cursor]={cursor}")
            seen += len(page["sources"])
            cursor = page["pagination"].get("next")
        site.remove(workspace)
    assert seen == 5_000
    assert 0 < max(steps) < 2 * steps[0]
