"""Groups of users, permissions, invitations, labels of sources, audiences, and models of Reverse ETL."""

from __future__ import annotations

import pytest

from connector.sandbox_kit import Workspace
from tests.sandbox import support
from tests.sandbox.support import Api, quoted

GROUP = f"/groups/{support.USER_GROUP}"
MEMBERS = f"/group/{support.USER_GROUP}/users"
SPACE = f"/spaces/{support.WORKSPACE}/audiences"
GRANTED = {"roleId": support.OWNER_ROLE, "resources": [{"id": support.IOS_SOURCE, "type": "SOURCE"}]}


def members(api: Api) -> tuple[list[str], list[str], int]:
    """The users and the invited people of the group, and its number of members."""
    users = [each["email"] for each in api.data("GET", f"{GROUP}/users")["users"]]
    return users, api.data("GET", f"{GROUP}/invites")["emails"], api.data("GET", GROUP)["userGroup"]["memberCount"]


def test_group_is_created_renamed_listed_and_deleted(api: Api) -> None:
    group = api.data("POST", "/groups", {"name": "New"})["userGroup"]
    assert (group["memberCount"], group["permissions"]) == (0, [])
    assert api.data("PATCH", f"/groups/{group['id']}", {"name": "Renamed"})["userGroup"]["name"] == "Renamed"
    assert [each["name"] for each in api.data("GET", "/groups")["userGroups"]] == ["Marketing", "Renamed"]
    api.data("DELETE", f"/groups/{group['id']}")
    assert api("GET", f"/groups/{group['id']}").status_code == 404


def test_members_of_a_group_are_users_and_invited_people(api: Api) -> None:
    api("POST", "/invites", {"invites": [{"email": "new@example.com"}]})
    emails = ["sloth@segment.com", "new@example.com", "new@example.com"]
    assert api.data("POST", f"{GROUP}/users", {"emails": emails})["userGroup"]["memberCount"] == 3
    assert members(api) == (["papi@segment.com", "sloth@segment.com"], ["new@example.com"], 3)
    api.data("PUT", MEMBERS, {"emails": ["new@example.com"]})
    assert members(api) == ([], ["new@example.com"], 1)
    api.data("DELETE", f"{MEMBERS}?emails=new@example.com")
    assert members(api) == ([], [], 0)
    assert api.fields("DELETE", MEMBERS) == ["emails"]
    assert api.fields("PUT", MEMBERS, {"emails": ["papi@segment.com", "x@example.com"]}) == ["emails.1"]


def test_groups_of_a_user_are_listed_until_the_user_is_deleted(api: Api) -> None:
    groups = api.data("GET", f"/users/{support.USER}/groups")["groups"]
    assert groups == [{"id": support.USER_GROUP, "name": "Marketing"}]
    api.data("DELETE", f"/users?userIds={support.USER}")
    assert members(api) == ([], [], 0)


def test_invitations_are_listed_and_deleted_all_or_none(api: Api, workspace: Workspace) -> None:
    emails = ["a@example.com", "b@example.com"]
    api("POST", "/invites", {"invites": [{"email": email} for email in emails]})
    api.data("POST", f"{GROUP}/users", {"emails": emails})
    assert api.data("GET", "/invites?pagination.count=10")["invites"] == emails
    assert api("DELETE", "/invites?emails=a@example.com&emails=x@example.com").status_code == 404
    api.data("DELETE", f"/invites?emails={','.join(emails)}")
    assert (workspace.invites, members(api)[1]) == ([], [])
    assert api.fields("DELETE", "/invites") == ["emails"]


@pytest.mark.parametrize("path", [f"/users/{support.USER}", GROUP])
def test_permissions_are_replaced_and_added(api: Api, path: str) -> None:
    [replaced] = api.data("PUT", f"{path}/permissions", {"permissions": [GRANTED]})["permissions"]
    assert replaced["roleName"] == "Workspace Owner"
    assert replaced["resources"] == [{"labels": [], "id": support.IOS_SOURCE, "type": "SOURCE"}]
    assert len(api.data("POST", f"{path}/permissions", {"permissions": [GRANTED]})["permissions"]) == 2
    [record] = api.data("GET", path).values()
    assert len(record["permissions"]) == 2
    wrong = {"roleId": support.OWNER_ROLE, "resources": [{"id": "nothing", "type": "SPACE"}]}
    assert api.fields("PUT", f"{path}/permissions", {"permissions": [wrong]}) == ["permissions.0.resources.0.id"]


def test_labels_of_a_source_exist_and_are_unique(api: Api) -> None:
    path = f"/sources/{support.IOS_SOURCE}/labels"
    dev, prod = {"key": "environment", "value": "dev"}, {"key": "environment", "value": "prod"}
    assert [each["value"] for each in api.data("PUT", path, {"labels": [dev]})["labels"]] == ["dev"]
    assert [each["value"] for each in api.data("POST", path, {"labels": [dev, prod]})["labels"]] == ["dev", "prod"]
    labels = api.data("GET", f"/sources/{support.IOS_SOURCE}")["source"]["labels"]
    assert labels == [dev | {"description": "Development"}, prod]
    assert api.fields("POST", path, {"labels": [dev, {"key": "a", "value": "b"}]}) == ["labels.1"]


def test_audience_is_created_changed_and_deleted(api: Api) -> None:
    body = {"name": "Big Spenders", "definition": {"query": "q", "targetEntity": None}, "audienceType": "USERS"}
    created = api.data("POST", SPACE, body)["audience"]
    assert (created["key"], created["enabled"], created["spaceId"]) == ("big_spenders", True, support.WORKSPACE)
    assert "computeCadence" not in created
    changed = api.data("PATCH", f"{SPACE}/{created['id']}", {"definition": {"query": "r"}, "enabled": False})[
        "audience"
    ]
    assert (changed["definition"], changed["enabled"]) == ({"query": "r", "targetEntity": None}, False)
    assert api.data("GET", f"{SPACE}/{created['id']}")["audience"]["computeCadence"] == {"type": "BATCH"}
    assert [each["id"] for each in api.data("GET", SPACE)["audiences"]] == [support.AUDIENCE, created["id"]]
    api.data("DELETE", f"{SPACE}/{created['id']}")
    assert api("GET", f"{SPACE}/{quoted(created['id'])}").status_code == 404


def test_model_is_created_changed_and_deleted_with_its_source(api: Api, workspace: Workspace) -> None:
    body = {"name": "M", "description": "d", "enabled": True, "query": "SELECT 1 AS id", "queryIdentifierColumn": "id"}
    model = api.data("POST", "/reverse-etl-models", body | {"sourceId": support.WEB_SOURCE})["reverseEtlModel"]
    changed = api.data("PATCH", f"/reverse-etl-models/{model['id']}", {"enabled": False})["reverseEtlModel"]
    assert changed == model | {"enabled": False}
    assert api.data("GET", f"/reverse-etl-models/{model['id']}")["reverseEtlModel"] == changed
    api.data("DELETE", f"/reverse-etl-models/{support.MODEL}")
    api.data("DELETE", f"/sources/{support.WEB_SOURCE}")
    assert workspace.reverseEtlModels == []
    assert api.fields("POST", "/reverse-etl-models", body | {"sourceId": "nothing"}) == ["sourceId"]


def test_insert_function_is_connected_and_hides_sensitive_settings(api: Api, workspace: Workspace) -> None:
    setting = {"name": "key", "label": "l", "description": "d", "type": "STRING", "required": True, "sensitive": True}
    body = {"code": "c", "displayName": "F", "resourceType": "INSERT_SOURCE", "settings": [setting]}
    function = api.data("POST", "/functions", body)["function"]
    assert function["id"] == f"ifns_{function['catalogId']}"
    create = {"functionId": function["catalogId"], "integrationId": support.IOS_SOURCE, "name": "I"}
    created = api.data("POST", "/insert-function-instances", create | {"settings": {"key": "k", "a": 1}})
    instance = created["insertFunctionInstance"]
    assert (instance["settings"], instance["encryptedSettings"]) == ({"a": 1}, {"key": "•" * 10})
    path = f"/insert-function-instances/{instance['id']}"
    changed = api.data("PATCH", path, {"settings": {"a": None, "b": 2}, "enabled": False})["insertFunctionInstance"]
    assert (changed["settings"], changed["enabled"], changed["name"]) == ({"b": 2}, False, "I")
    listed = api.data("GET", f"/insert-function-instances?functionId={function['id']}")["instances"]
    assert listed == [api.data("GET", path)["insertFunctionInstance"]] == [changed]
    wrong = {"functionId": function["id"], "integrationId": "x", "name": "I", "settings": {}}
    assert api.fields("POST", "/insert-function-instances", wrong) == ["functionId", "integrationId"]
    api.data("DELETE", f"/functions/{function['id']}")
    assert [each["id"] for each in workspace.insertFunctionInstances] == [support.INSERT_FUNCTION_INSTANCE]


def test_profiles_warehouse_is_created_changed_and_removed(api: Api) -> None:
    path = f"/spaces/{support.WORKSPACE}/profiles-warehouses"
    body = {"metadataId": support.SNOWFLAKE, "name": "P", "settings": {"account": "a", "password": "p"}}
    created = api.data("POST", path, body | {"schemaName": "s"})["profilesWarehouse"]
    assert created["metadata"]["id"] == support.SNOWFLAKE
    assert created["settings"].items() >= {"name": "P", "account": "a", "encrypted": True}.items()
    changed = api.data("PATCH", f"{path}/{created['id']}", {"settings": {"account": "b"}, "enabled": False})
    assert (changed["profilesWarehouse"]["enabled"], changed["profilesWarehouse"]["schemaName"]) == (False, "s")
    assert changed["profilesWarehouse"]["settings"].items() >= {"name": "P", "account": "b"}.items()
    listed = [each["id"] for each in api.data("GET", path)["profilesWarehouses"]]
    assert listed == [support.PROFILES_WAREHOUSE, created["id"]]
    api.data("DELETE", f"{path}/{created['id']}")
    assert api("DELETE", f"{path}/{created['id']}").status_code == 404


def test_sync_of_a_model_finishes_and_goes_with_its_model(api: Api, workspace: Workspace) -> None:
    body = {"sourceId": support.IOS_SOURCE, "modelId": support.MODEL, "subscriptionId": "s"}
    sync = api.data("POST", "/reverse-etl-syncs", body)["reverseETLManualSync"]
    path = f"/reverse-etl-models/{support.MODEL}/syncs/{sync['syncId']}"
    assert api.data("GET", path)["reverseETLSyncStatus"]["syncStatus"] == "SUCCESS"
    assert api.fields("POST", "/reverse-etl-syncs", body | {"modelId": "x", "sourceId": "x"}) == ["sourceId", "modelId"]
    api.data("DELETE", f"/reverse-etl-models/{support.MODEL}")
    assert workspace.reverseEtlSyncs == []


def test_regulations_are_listed_and_suppress_until_they_unsuppress(api: Api) -> None:
    def regulate(kind: str, *ids: str) -> None:
        api.data("POST", "/regulations", {"regulationType": kind, "subjectType": "USER_ID", "subjectIds": list(ids)})

    regulate("SUPPRESS_ONLY", "user-1", "user-2", "user-3")
    regulate("UNSUPPRESS", "user-1")
    regulate("DELETE_ONLY", "user-4")
    suppressed = api.data("GET", "/suppressions")["suppressed"]
    assert suppressed == [{"subjectType": "USER_ID", "subjectIds": ["user-2", "user-3"]}]
    listed = api.data("GET", "/regulations?regulationTypes=UNSUPPRESS,DELETE_ONLY&status=FINISHED")["regulations"]
    assert [each["subjects"] for each in listed] == [["user-1"], ["user-4"]]
    assert api.data("GET", "/regulations?status=FAILED")["regulations"] == []


def test_usage_of_sources_has_each_source_on_each_day(api: Api) -> None:
    usage = api.data("GET", "/usage/api-calls/sources/daily?period=2026-02-01")["dailyPerSourceAPICallsUsage"]
    assert len({(each["sourceId"], each["timestamp"]) for each in usage}) == 28 * 5


def test_usage_has_the_days_of_a_month_given_as_date_or_time(api: Api) -> None:
    for period in ("2026-02-01", "2026-02-01T00:00:00.000000Z"):
        assert len(api.data("GET", f"/usage/api-calls/daily?period={period}")["dailyWorkspaceAPICallsUsage"]) == 28
