"""What subscriptions, functions, transformations and users do beyond their shapes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connector.sandbox_kit import SandboxError, Workspace
from tests.sandbox import support
from tests.sandbox.support import Api


def ids(records: list[dict[str, Any]]) -> set[str]:
    return {record["id"] for record in records}


def test_subscription_belongs_to_its_destination(api: Api) -> None:
    assert api("GET", f"/destinations/{support.DESTINATION}/subscriptions/{support.SUBSCRIPTION}").status_code == 404


def test_subscription_takes_the_slug_of_its_action(api: Api) -> None:
    body = {"name": "S", "actionId": support.ACTION, "trigger": 'type = "track"', "enabled": True}
    created = api.data("POST", f"/destinations/{support.SUBSCRIBED}/subscriptions", body)["destinationSubscription"]
    assert (created["actionSlug"], created["settings"]) == ("someActionSlug", {})


def test_subscription_needs_an_action_of_its_destinations_type(api: Api) -> None:
    body = {"name": "S", "actionId": "another", "trigger": "t", "enabled": True}
    assert api.fields("POST", f"/destinations/{support.SUBSCRIBED}/subscriptions", body) == ["actionId"]


def test_subscriptions_model_and_schedule_can_be_changed(api: Api) -> None:
    path = f"/destinations/{support.SUBSCRIBED}/subscriptions/{support.SUBSCRIPTION}"
    schedule = {"strategy": "PERIODIC", "config": {"interval": "15m"}}
    body = {"input": {"reverseETLModelId": "m", "reverseETLSchedule": schedule}}
    changed = api.data("PATCH", path, body)["subscription"]
    assert (changed["modelId"], changed["reverseETLSchedule"]) == ("m", schedule)


def test_subscriptions_settings_are_merged(api: Api) -> None:
    path = f"/destinations/{support.SUBSCRIBED}/subscriptions/{support.SUBSCRIPTION}"
    api.data("PATCH", path, {"input": {"settings": {"a": 1, "b": 1}}})
    changed = api.data("PATCH", path, {"input": {"settings": {"b": 2}}})["subscription"]
    assert changed["settings"] == {"a": 1, "b": 2}


def test_schedule_of_unknown_form_is_rejected(api: Api) -> None:
    path = f"/destinations/{support.SUBSCRIBED}/subscriptions/{support.SUBSCRIPTION}"
    body = {"input": {"reverseETLSchedule": {"strategy": "CRON", "config": {"spec": 1}}}}
    assert api.fields("PATCH", path, body) == ["input.reverseETLSchedule.config"]


def test_function_gets_its_id_and_a_destination_function_the_workspaces_name(api: Api) -> None:
    body = {"code": "x", "displayName": "F", "resourceType": "SOURCE"}
    source = api.data("POST", "/functions", body)["function"]
    destination = api.data("POST", "/functions", body | {"resourceType": "DESTINATION"})["function"]
    assert re.fullmatch(r"sfnc_\w{22}", source["id"])
    assert (source["displayName"], destination["displayName"]) == ("F", "F (Sandbox)")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", source["createdAt"])


def test_functions_are_listed_by_type_without_their_code(api: Api) -> None:
    assert api.data("GET", "/functions?resourceType=DESTINATION")["functions"] == []
    [listed] = api.data("GET", "/functions?resourceType=SOURCE")["functions"]
    assert (listed["id"], "code" in listed) == (support.FUNCTION, False)


@pytest.mark.parametrize("query", ["", "?resourceType=OTHER"])
def test_list_of_functions_needs_a_type(api: Api, query: str) -> None:
    assert api.fields("GET", f"/functions{query}") == ["resourceType"]


def test_transformation_stores_its_fields(api: Api) -> None:
    body = {"name": "T", "sourceId": support.IOS_SOURCE, "enabled": False, "if": "x", "drop": True}
    created = api.data("POST", "/transformations", body)["transformation"]
    assert body.items() <= created.items()
    assert api.data("GET", f"/transformations/{created['id']}")["transformation"] == created


def test_limits_of_a_transformation_are_enforced(api: Api) -> None:
    path = f"/transformations/{support.TRANSFORMATION}"
    defined = [{"fql": "f", "propertyName": "p"}] * 2
    paths = {"propertyPaths": ["p"] * 11, "propertyValue": "v"}
    body = {"fqlDefinedProperties": defined, "propertyValueTransformations": [paths]}
    fields = ["propertyValueTransformations.0.propertyPaths", "fqlDefinedProperties"]
    assert api.fields("PATCH", path, body) == fields


def test_invited_address_becomes_a_user_when_it_accepts(api: Api, workspace: Workspace) -> None:
    permission = {
        "roleId": support.OWNER_ROLE,
        "resources": [{"id": support.WORKSPACE, "type": "WORKSPACE"}],
        "labels": [],
    }
    body = {"invites": [{"email": "new@example.com", "permissions": [permission]}]}
    assert api.data("POST", "/invites", body) == {"emails": ["new@example.com"]}
    assert "new@example.com" not in api("GET", "/users").text

    user = workspace.accept_invite("new@example.com")["user"]

    assert api.data("GET", f"/users/{user['id']}")["user"]["permissions"][0]["roleName"] == "Workspace Owner"
    assert "new@example.com" in api("GET", "/users").text
    assert workspace.invites == []


def test_unknown_invitation_cannot_be_accepted(workspace: Workspace) -> None:
    with pytest.raises(SandboxError, match=r"no invitation for \"x@example\.com\""):
        workspace.accept_invite("x@example.com")


def test_users_are_deleted_all_or_none(api: Api, workspace: Workspace) -> None:
    assert api("DELETE", f"/users?userIds={support.USER}&userIds=nobody").status_code == 404
    assert len(workspace.users) == 2
    api.data("DELETE", f"/users?userIds={support.USER}")
    assert support.USER not in ids(workspace.users)


def test_deleting_an_empty_list_of_users_is_rejected(api: Api) -> None:
    assert api.fields("DELETE", "/users") == ["userIds"]


def test_invitation_to_what_is_not_there_names_the_field(api: Api) -> None:
    resources = [{"id": "nothing", "type": "SOURCE"}, {"id": "nothing", "type": "WORKSPACE"}]
    permission = {"roleId": support.OWNER_ROLE, "resources": resources}
    body = {"invites": [{"email": "new@example.com", "permissions": [permission]}]}
    fields = [f"invites.0.permissions.0.resources.{number}.id" for number in (0, 1)]
    assert api.fields("POST", "/invites", body) == fields
