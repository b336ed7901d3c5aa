"""Secret settings are masked as live workspaces mask them, and a mask that is written replaces its secret."""

from __future__ import annotations

from typing import Any

import pytest

from connector.sandbox_kit import Workspace
from tests.sandbox import support
from tests.sandbox.support import Api

MASK = "•" * 10
SECRET = "aVeryLongSecret8839"
APPSFLYER = "54521fd525e721e32a72ee8f"


def create(api: Api, metadata_id: str, **settings: Any) -> dict[str, Any]:
    body = {"sourceId": support.IOS_SOURCE, "metadataId": metadata_id, "settings": settings}
    destination: dict[str, Any] = api.data("POST", "/destinations", body)["destination"]
    return destination


def test_secret_is_masked_with_its_last_four_characters(api: Api, workspace: Workspace) -> None:
    destination = create(api, support.BLUESHIFT, apiKey=SECRET, retarget=True)
    assert destination["settings"] == {"apiKey": f"{MASK}8839", "retarget": True}
    assert workspace.destinations[-1]["settings"]["apiKey"] == SECRET


def test_tail_of_a_short_secret_is_not_shown(api: Api) -> None:
    assert create(api, support.BLUESHIFT, apiKey="short")["settings"]["apiKey"] == MASK


def test_type_decides_before_the_name(api: Api) -> None:
    settings = create(api, APPSFLYER, appsFlyerDevKey=SECRET, appleAppID=SECRET)["settings"]
    assert settings == {"appsFlyerDevKey": f"{MASK}8839", "appleAppID": SECRET}


def test_list_and_get_mask_alike(api: Api) -> None:
    created = create(api, support.BLUESHIFT, apiKey=SECRET)
    listed = {each["id"]: each for each in api.data("GET", "/destinations")["destinations"]}
    fetched = api.data("GET", f"/destinations/{created['id']}")["destination"]
    assert created == listed[created["id"]] == fetched


def test_mask_that_is_sent_back_replaces_the_secret(api: Api, workspace: Workspace) -> None:
    destination = create(api, support.BLUESHIFT, apiKey=SECRET, retarget=True)
    api.data("PATCH", f"/destinations/{destination['id']}", {"settings": destination["settings"] | {"retarget": False}})
    assert workspace.destinations[-1]["settings"] == {"apiKey": f"{MASK}8839", "retarget": False}


@pytest.mark.parametrize("empty", ["", None, [], 0])
def test_empty_value_is_not_masked(api: Api, workspace: Workspace, empty: Any) -> None:
    workspace.set_assumption("patch-settings", "replace")
    assert create(api, support.BLUESHIFT, apiKey=empty)["settings"]["apiKey"] == empty
