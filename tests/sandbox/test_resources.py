"""What each resource does beyond its shapes."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from connector.sandbox_kit import Workspace
from tests.sandbox import support
from tests.sandbox.support import Api


def ids(records: list[dict[str, Any]]) -> set[str]:
    return {record["id"] for record in records}


def test_root_returns_the_workspace(api: Api) -> None:
    assert api.data("GET", "/") == {"workspace": {"id": support.WORKSPACE, "slug": "sandbox", "name": "Sandbox"}}


def test_created_source_can_be_read_and_listed(api: Api) -> None:
    source = api.source()

    assert re.fullmatch(r"\w{22}", source["id"])
    assert re.fullmatch(r"\w{32}", source["writeKeys"][0])
    assert source["metadata"]["slug"] == "javascript"
    assert api.data("GET", f"/sources/{source['id']}") == {"source": source, "trackingPlanId": None}
    assert source in api.data("GET", "/sources")["sources"]


def test_new_source_is_connected_to_every_warehouse(api: Api, workspace: Workspace) -> None:
    id_ = api.source()["id"]
    connected = [each["warehouseId"] for each in workspace.connections if each["sourceId"] == id_]
    assert connected == [each["id"] for each in workspace.warehouses]


def test_new_source_can_be_created_without_warehouse_connections(api: Api, workspace: Workspace) -> None:
    id_ = api.source(disconnectAllWarehouses=True)["id"]
    assert not [each for each in workspace.connections if each["sourceId"] == id_]


def test_new_warehouse_is_connected_to_every_source_by_default(api: Api, workspace: Workspace) -> None:
    body = {"metadataId": support.SNOWFLAKE, "settings": {}}
    joined = api.data("POST", "/warehouses", body)["warehouse"]["id"]
    alone = api.data("POST", "/warehouses", body | {"disconnectAllSources": True})["warehouse"]["id"]
    assert api.data("GET", f"/warehouses/{joined}/connected-sources")["pagination"]["totalEntries"] == 5
    assert api.data("GET", f"/warehouses/{alone}/connected-sources")["sources"] == []
    assert len(workspace.sources) == 5


def test_write_keys_are_empty_for_a_restricted_token(restricted: Api, workspace: Workspace) -> None:
    path = f"/sources/{support.IOS_SOURCE}"
    assert restricted.data("GET", path)["source"]["writeKeys"] == []
    assert all(source["writeKeys"] == [] for source in restricted.data("GET", "/sources")["sources"])
    assert all(source["writeKeys"] for source in workspace.sources)


def test_deleting_a_source_takes_what_hangs_on_it(api: Api, workspace: Workspace) -> None:
    api.data("DELETE", f"/sources/{support.WEB_SOURCE}")
    held = [*workspace.destinations, *workspace.transformations, *workspace.connections]
    assert support.WEB_SOURCE not in {each["sourceId"] for each in held}
    assert support.SUBSCRIBED not in {each["destinationId"] for each in workspace.subscriptions}
    assert {each["sourceId"] for each in held}, "what hangs on other sources stays"


def test_deleting_a_warehouse_takes_its_connections_and_leaves_sources(api: Api, workspace: Workspace) -> None:
    api.data("DELETE", f"/warehouses/{support.WAREHOUSE}")
    assert support.WAREHOUSE not in {each["warehouseId"] for each in workspace.connections}
    assert support.IOS_SOURCE in ids(workspace.sources)


def test_deleted_record_is_gone(api: Api) -> None:
    for path in (
        f"/destinations/{support.SUBSCRIBED}/subscriptions/{support.SUBSCRIPTION}",
        f"/destinations/{support.DESTINATION}",
        f"/functions/{support.FUNCTION}",
        f"/transformations/{support.TRANSFORMATION}",
        f"/sources/{support.IOS_SOURCE}",
        f"/warehouses/{support.WAREHOUSE}",
    ):
        assert api.data("DELETE", path) == {"status": "SUCCESS"}
        assert api("GET", path).status_code == 404, path
        assert api("DELETE", path).status_code == 404, path


def test_update_leaves_what_it_does_not_name(api: Api) -> None:
    before = api.source(settings={"websiteUrl": "https://example.com"})
    after = api.data("PATCH", f"/sources/{before['id']}", {"name": "Renamed", "settings": {"apiHost": "h"}})["source"]
    settings = {"websiteUrl": "https://example.com", "apiHost": "h"}
    assert after == before | {"name": "Renamed", "settings": settings}


def test_unknown_setting_is_accepted_and_ignored_with_a_log_line(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "connector.sandbox"):
        source = api.source(settings={"webSite": "x", "apiHost": "h"})
    assert source["settings"] == {"apiHost": "h"}
    assert "webSite" in caplog.text


def test_missing_required_settings_are_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    body = {"sourceId": support.IOS_SOURCE, "metadataId": support.BLUESHIFT, "settings": {}}
    with caplog.at_level(logging.WARNING, "connector.sandbox"):
        api.data("POST", "/destinations", body)
    assert "apiKey, retarget" in caplog.text


def test_second_destination_of_a_single_instance_type_is_rejected(api: Api) -> None:
    body = {"sourceId": support.WEB_SOURCE, "metadataId": support.KINESIS, "settings": {}}
    response = api("POST", "/destinations", body)
    message = "Multiple configurations of this destination type not supported."
    assert (response.status_code, response.json()["errors"]) == (
        400,
        [{"type": "bad-request", "message": message}],
    )


def test_type_that_allows_many_destinations_takes_a_second_one(api: Api) -> None:
    body = {"sourceId": support.WEB_SOURCE, "metadataId": support.MANY, "settings": {"siteId": "1"}}
    first, second = (api.data("POST", "/destinations", body)["destination"]["id"] for _ in range(2))
    assert first != second


def test_same_type_fits_another_source(api: Api) -> None:
    body = {"sourceId": support.IOS_SOURCE, "metadataId": support.KINESIS, "settings": {}}
    assert api.data("POST", "/destinations", body)["destination"]["sourceId"] == support.IOS_SOURCE


def test_secret_settings_are_returned_masked_and_stored(api: Api, workspace: Workspace) -> None:
    settings = {"apiKey": "hidden-key", "retarget": True}
    body = {"sourceId": support.IOS_SOURCE, "metadataId": support.BLUESHIFT, "settings": settings}
    created = api.data("POST", "/destinations", body)["destination"]
    assert created["settings"] == {"apiKey": "•" * 10 + "-key", "retarget": True}
    assert "hidden-key" not in api("GET", "/destinations").text
    assert workspace.destinations[-1]["settings"] == settings


def test_null_name_clears_a_destinations_name(api: Api) -> None:
    path = f"/destinations/{support.DESTINATION}"
    assert api.data("PATCH", path, {"name": "Named"})["destination"]["name"] == "Named"
    assert api.data("PATCH", path, {"name": None})["destination"]["name"] == ""


def test_warehouse_password_is_stored_and_never_returned(api: Api, workspace: Workspace) -> None:
    settings = {"username": "u", "password": "not-to-be-seen"}
    body = {"metadataId": support.SNOWFLAKE, "name": "Lake", "settings": settings}
    created = api.data("POST", "/warehouses", body)["warehouse"]
    ciphertext = created["settings"].pop("ciphertext")
    assert created["settings"] == {"username": "u", "encrypted": True, "name": "Lake"}
    assert "not-to-be-seen" not in ciphertext
    assert "not-to-be-seen" not in api("GET", "/warehouses").text
    assert workspace.warehouses[-1]["settings"] == settings | {"name": "Lake"}


def test_read_only_settings_are_ignored_beside_others(api: Api, workspace: Workspace) -> None:
    path = f"/destinations/{support.DESTINATION}"
    settings = api.data("PATCH", path, {"settings": {"secretId": "new", "stream": "new"}})["destination"]["settings"]
    assert (settings["secretId"], settings["stream"]) == ("secrettt", "new")


def test_only_read_only_settings_are_400_and_change_nothing(api: Api, workspace: Workspace) -> None:
    before = workspace.dump()
    assert api("PATCH", f"/destinations/{support.DESTINATION}", {"settings": {"secretId": "new"}}).status_code == 400
    assert workspace.dump() == before


def test_read_only_settings_are_not_required(api: Api, workspace: Workspace) -> None:
    workspace.set_assumption("required-settings", "422")
    body = {"sourceId": support.IOS_SOURCE, "metadataId": support.KINESIS, "settings": {}}
    assert "settings.secretId" not in api.fields("POST", "/destinations", body)


def test_null_in_a_patch_removes_the_setting(api: Api, workspace: Workspace) -> None:
    source = api.source(settings={"website_url": "w", "apiHost": "h"})
    changed = api.data("PATCH", f"/sources/{source['id']}", {"settings": {"apiHost": None}})["source"]
    assert changed["settings"] == {"website_url": "w"}


def test_function_is_a_type_of_source_or_destination(api: Api, workspace: Workspace) -> None:
    setting = {"name": "key", "label": "Key", "description": "", "type": "STRING", "required": True, "sensitive": True}
    body = {"code": "c", "displayName": "F", "resourceType": "DESTINATION", "settings": [setting]}
    function = api.data("POST", "/functions", body)["function"]
    assert function["id"] == f"dfn_{function['catalogId']}"
    assert len(function["catalogId"]) == 24
    created = {"sourceId": support.IOS_SOURCE, "metadataId": function["catalogId"], "settings": {"key": "secret-8839"}}
    destination = api.data("POST", "/destinations", created)["destination"]
    assert destination["metadata"]["name"] == "F (Sandbox)"
    assert destination["settings"] == {"key": "•" * 10 + "8839"}
    seeded = api.data("GET", f"/functions/{support.FUNCTION}")["function"]
    assert api.source("by-function", metadataId=seeded["catalogId"])["metadata"]["id"] == seeded["catalogId"]
    assert api.fields("POST", "/sources", {"slug": "x", "enabled": True, "metadataId": function["catalogId"]})


def test_function_that_is_in_use_stays_in_the_catalog(api: Api, workspace: Workspace) -> None:
    ids = [each["catalogId"] for each in workspace.functions]
    source = api.source("by-function", metadataId=ids[0])
    api.data("DELETE", f"/functions/{support.FUNCTION}")
    assert api.data("GET", f"/sources/{source['id']}")["source"]["metadata"]["id"] == ids[0]
    unused = api.data("POST", "/functions", {"code": "c", "displayName": "F", "resourceType": "SOURCE"})["function"]
    assert api("GET", f"/catalog/sources/{unused['catalogId']}").status_code == 200
    api.data("DELETE", f"/functions/{unused['id']}")
    assert api("GET", f"/catalog/sources/{unused['catalogId']}").status_code == 404


def test_change_of_a_destination_function_deploys_it(api: Api) -> None:
    body = {"code": "c", "displayName": "F", "resourceType": "DESTINATION"}
    function = api.data("POST", "/functions", body)["function"]
    assert "deployedAt" not in function
    changed = api.data("PATCH", f"/functions/{function['id']}", {"code": "d"})["function"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", changed["deployedAt"])


def test_instance_of_a_source_function_is_deployed_on_request(api: Api) -> None:
    function = api.data("POST", "/functions", {"code": "c", "displayName": "F", "resourceType": "SOURCE"})["function"]
    source = api.source("of-function", metadataId=function["catalogId"])
    assert "deployedAt" not in api.data("PATCH", f"/functions/{function['id']}", {"code": "d"})["function"]
    deployment = api.data("POST", f"/functions/sfn_{source['id']}/deploy")
    assert deployment == {"functionDeployment": {"status": "SUCCESS"}}
    assert api.data("GET", f"/functions/{function['id']}")["function"]["deployedAt"].endswith("Z")


@pytest.mark.parametrize("resource_type", ["SOURCE", "DESTINATION"])
def test_id_of_a_function_or_source_is_not_deployed(api: Api, workspace: Workspace, resource_type: str) -> None:
    body = {"code": "c", "displayName": "F", "resourceType": resource_type}
    ids = [api.data("POST", "/functions", body)["function"]["id"]]
    if resource_type == "SOURCE":
        ids.append(api.source("of-function", metadataId=ids[0].removeprefix("sfnc_"))["id"])
    assert [api("POST", f"/functions/{id_}/deploy").status_code for id_ in ids] == [400] * len(ids)
    assert api("POST", f"/functions/sfn_{support.IOS_SOURCE}/deploy").status_code == 404, "not of a function"
    workspace.set_assumption("deployed-id", "function")
    statuses = [api("POST", f"/functions/{id_}/deploy").status_code for id_ in ids]
    assert statuses == ([200, 422] if resource_type == "SOURCE" else [422])


def test_filter_belongs_to_its_destination(api: Api) -> None:
    path = f"/destination/{support.FILTERED}/filters"
    body = {"sourceId": support.IOS_SOURCE, "if": "event = 'x'", "actions": [{"type": "DROP"}], "title": "F"}
    assert api.fields("POST", path, body) == ["enabled"]
    created = api.data("POST", path, body | {"enabled": True})["filter"]
    changed = api.data("PATCH", f"{path}/{created['id']}", {"enabled": False, "description": "d"})["filter"]
    assert (changed["enabled"], changed["description"], changed["title"]) == (False, "d", "F")
    cleared = api.data("PATCH", f"{path}/{created['id']}", {"description": None})["filter"]
    assert "description" not in cleared
    assert api.data("GET", f"{path}/{created['id']}")["filter"] == cleared
    assert [each["id"] for each in api.data("GET", path)["filters"]] == [support.FILTER, created["id"]]
    assert api("GET", f"/destination/{support.DESTINATION}/filters/{created['id']}").status_code == 404
    api.data("DELETE", f"{path}/{created['id']}")
    assert api("GET", f"{path}/{created['id']}").status_code == 404
    assert api.fields("POST", path, body | {"enabled": True, "sourceId": "nothing"}) == ["sourceId"]


def test_deleted_destination_takes_its_filters(api: Api, workspace: Workspace) -> None:
    api.data("DELETE", f"/destinations/{support.FILTERED}")
    assert workspace.destinationFilters == []


def test_schema_settings_have_defaults_and_are_merged(api: Api) -> None:
    path = f"/sources/{support.IOS_SOURCE}/settings"
    before = api.data("GET", path)["settings"]
    assert before["track"]["commonEventOnViolations"] == "ALLOW"
    changes = {"track": {"allowUnplannedEvents": False}, "forwardingViolationsTo": support.WEB_SOURCE}
    changed = api.data("PATCH", path, changes)
    assert changed["settings"]["track"] == before["track"] | {"allowUnplannedEvents": False}
    assert api.data("GET", path) == changed
    assert changed["settings"]["forwardingViolationsTo"] == support.WEB_SOURCE
    assert "forwardingViolationsTo" not in api.data("PATCH", path, {"forwardingViolationsTo": ""})["settings"]
    assert api.fields("PATCH", path, {"forwardingViolationsTo": "nothing"}) == ["forwardingViolationsTo"]
    wrong = {"group": {"commonEventOnViolations": "OMIT_PROPERTIES"}}
    assert api.fields("PATCH", path, wrong) == ["group.commonEventOnViolations"]


def test_null_name_clears_a_warehouses_name(api: Api) -> None:
    path = f"/warehouses/{support.WAREHOUSE}"
    assert api.data("PATCH", path, {"name": "N", "settings": {}})["warehouse"]["settings"]["name"] == "N"
    assert "name" not in api.data("PATCH", path, {"name": None, "settings": {}})["warehouse"]["settings"]


def test_connection_can_be_made_once_more_and_removed(api: Api) -> None:
    path = f"/warehouses/{support.WAREHOUSE}/connected-sources"
    one = f"{path}/{support.IOS_SOURCE}"
    assert api("POST", one).status_code == 201
    assert api.data("POST", one) == {"status": "CONNECTED"}
    assert api.data("DELETE", one) == {"status": "SUCCESS"}
    assert support.IOS_SOURCE not in ids(api.data("GET", path)["sources"])


def test_empty_post_of_any_content_type_connects(api: Api) -> None:
    path = f"/warehouses/{support.WAREHOUSE}/connected-sources/{support.IOS_SOURCE}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api("POST", path, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        f"/sources/{support.IOS_SOURCE}",
        f"/warehouses/{support.WAREHOUSE}",
        f"/destinations/{support.SUBSCRIBED}",
    ],
)
def test_without_cascading_what_is_in_use_stays(api: Api, workspace: Workspace, path: str) -> None:
    workspace.set_assumption("delete-cascade", "409")
    before = workspace.dump()
    assert api("DELETE", path).status_code == 409
    assert workspace.dump() == before


def test_slug_can_be_set_to_itself_but_not_to_another_ones(api: Api) -> None:
    source = api.source("mine")
    assert api.data("PATCH", f"/sources/{source['id']}", {"slug": "mine"})["source"] == source
    assert api.fields("PATCH", f"/sources/{source['id']}", {"slug": "ios"}) == ["slug"]


def test_warehouse_can_be_switched_off(api: Api) -> None:
    path = f"/warehouses/{support.WAREHOUSE}"
    assert api.data("PATCH", path, {"enabled": False, "settings": {}})["warehouse"]["enabled"] is False
    assert api.data("PATCH", path, {"settings": {}})["warehouse"]["enabled"] is False
