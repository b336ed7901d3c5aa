"""Tracking plans, their rules, and the sources that use them; labels, regulations, and lists from state or seed."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from connector.sandbox_kit import Workspace
from tests.sandbox import support
from tests.sandbox.support import Api, quoted

PLAN = f"/tracking-plans/{support.TRACKING_PLAN}"
REMOVED = [{"type": "TRACK", "key": "Order Completed", "version": 1}, {"type": "IDENTIFY", "version": 1}]


def rule(key: str, version: float = 1, **fields: Any) -> dict[str, Any]:
    return {"type": "TRACK", "key": key, "version": version, "jsonSchema": {"type": "object"}, **fields}


def keys(api: Api) -> list[tuple[Any, ...]]:
    return [(each["type"], each.get("key"), each["version"]) for each in api.data("GET", f"{PLAN}/rules")["rules"]]


def test_plan_is_created_changed_listed_and_deleted(api: Api) -> None:
    plan = api.data("POST", "/tracking-plans", {"name": "My Shop", "type": "LIVE"})["trackingPlan"]
    assert (plan["id"][:3], plan["slug"]) == ("tp_", "my-shop")
    api.data("PATCH", f"/tracking-plans/{plan['id']}", {"name": "Shop"})
    assert api.data("GET", f"/tracking-plans/{plan['id']}")["trackingPlan"]["name"] == "Shop"
    assert len(api.data("GET", "/tracking-plans?type=LIVE")["trackingPlans"]) == 2
    assert api.data("GET", "/tracking-plans?type=ENGAGE")["trackingPlans"] == []
    assert api.fields("GET", "/tracking-plans?type=PLANET") == ["type"]
    api.data("DELETE", f"/tracking-plans/{plan['id']}")
    assert api("GET", f"/tracking-plans/{plan['id']}").status_code == 404


def test_deleted_plan_takes_its_rules_and_frees_its_sources(api: Api, workspace: Workspace) -> None:
    source = f"/sources/{support.PLANNED_SOURCE}"
    assert api.data("GET", source)["trackingPlanId"] == support.TRACKING_PLAN
    api.data("DELETE", PLAN)
    assert (workspace.trackingPlanRules, workspace.sourceTrackingPlans) == ([], [])
    assert api.data("GET", source)["trackingPlanId"] is None


def test_deleted_source_no_longer_uses_its_plan(api: Api) -> None:
    api.data("DELETE", f"/sources/{support.PLANNED_SOURCE}")
    assert api.data("GET", f"{PLAN}/sources")["sources"] == []


def test_source_is_added_and_removed(api: Api) -> None:
    for _ in range(2):
        api.data("POST", f"{PLAN}/sources", {"sourceId": support.IOS_SOURCE})
    slugs = [each["slug"] for each in api.data("GET", f"{PLAN}/sources")["sources"]]
    assert slugs == ["landing-pages", "ios"]
    api.data("DELETE", f"{PLAN}/sources?sourceId={support.IOS_SOURCE}")
    assert api("DELETE", f"{PLAN}/sources?sourceId={support.IOS_SOURCE}").status_code == 404
    assert api.fields("DELETE", f"{PLAN}/sources") == ["sourceId"]
    assert api.fields("POST", f"{PLAN}/sources", {"sourceId": "nothing"}) == ["sourceId"]


def test_rules_are_replaced_as_a_whole(api: Api) -> None:
    api.data("PUT", f"{PLAN}/rules", {"rules": [rule("A"), rule("B")]})
    assert keys(api) == [("TRACK", "A", 1), ("TRACK", "B", 1)]


def test_rules_are_added_changed_and_renamed(api: Api) -> None:
    api.data("PUT", f"{PLAN}/rules", {"rules": [rule("A"), rule("B")]})
    changes = [rule("A", jsonSchema={"type": "array"}), rule("A", 2), rule("B", newKey="C")]
    api.data("PATCH", f"{PLAN}/rules", {"rules": changes})
    assert keys(api) == [("TRACK", "A", 1), ("TRACK", "A", 2), ("TRACK", "C", 1)]
    assert api.data("GET", f"{PLAN}/rules")["rules"][0]["jsonSchema"] == {"type": "array"}


@pytest.mark.parametrize(
    "query",
    [
        "rules.0[type]=TRACK&rules.0[key]=Order+Completed&rules.0[version]=1&rules.1[type]=IDENTIFY&rules.1[version]=1",
        "rules[0].type=TRACK&rules[0][key]=Order+Completed&rules[0][version]=1.0&rules.9.type=IDENTIFY&rules.9.version=1",
        f"rules={urllib.parse.quote(json.dumps(REMOVED))}",
    ],
)
def test_rules_are_removed_in_every_dialect(api: Api, query: str) -> None:
    api.data("DELETE", f"{PLAN}/rules?{query}")
    assert keys(api) == []


def test_wrong_rules_in_a_removal_are_named(api: Api) -> None:
    assert api.fields("DELETE", f"{PLAN}/rules") == ["rules"]
    fields = api.fields("DELETE", f"{PLAN}/rules?rules.0[type]=PLANET&rules.1[type]=TRACK&rules.1[version]=x")
    assert fields == ["rules.0.type", "rules.0.version", "rules.1.version"]


def test_label_is_created_listed_and_deleted(api: Api) -> None:
    api.data("POST", "/labels", {"label": {"key": "team", "value": "a/b"}})
    assert {"key": "team", "value": "a/b"} in api.data("GET", "/labels")["labels"]
    api.data("DELETE", f"/labels/team/{quoted('a/b')}")
    assert api("DELETE", f"/labels/team/{quoted('a/b')}").status_code == 404


def test_connected_destinations_and_warehouses_follow_the_state(api: Api, workspace: Workspace) -> None:
    path = f"/sources/{support.IOS_SOURCE}"
    destinations = [each["id"] for each in workspace.destinations if each["sourceId"] == support.IOS_SOURCE]
    listed = api.data("GET", f"{path}/connected-destinations?pagination.count=1")
    assert [each["id"] for each in listed["destinations"]] == destinations[:1]
    assert len(api.data("GET", f"{path}/connected-warehouses")["warehouses"]) == 3
    api.data("DELETE", f"/warehouses/{support.WAREHOUSE}/connected-sources/{support.IOS_SOURCE}")
    assert len(api.data("GET", f"{path}/connected-warehouses")["warehouses"]) == 2


def test_regulation_is_created_and_finished(api: Api) -> None:
    body = {"regulationType": "SUPPRESS_ONLY", "subjectType": "USER_ID", "subjectIds": ["u1"]}
    id_ = api.data("POST", "/regulations", body)["regulateId"]
    assert api.data("GET", f"/regulations/{id_}")["regulation"]["overallStatus"] == "FINISHED"
    assert api.fields("POST", "/regulations", body | {"subjectIds": ["u"] * 5001}) == ["subjectIds"]


def test_daily_usage_covers_the_month_and_repeats(api: Api) -> None:
    path = "/usage/api-calls/daily?period=2024-02-01"
    days = api.data("GET", path)["dailyWorkspaceAPICallsUsage"]
    assert [len(days), days[-1]["timestamp"]] == [29, "2024-02-29T00:00:00.000Z"]
    assert days == api.data("GET", path)["dailyWorkspaceAPICallsUsage"]
    assert api.fields("GET", "/usage/mtu/daily?period=soon") == ["period"]


def test_audit_events_are_selected_by_time_and_resource(api: Api) -> None:
    def count(query: str) -> int:
        return len(api.data("GET", f"/audit-events?{query}")["events"])

    assert count("startTime=2026-01-01&endTime=2026-02-01") == 1
    assert count("startTime=2026-02-01") == count("resourceId=nothing") == count("resourceType=user") == 0


def test_audiences_are_listed_by_up_to_200(api: Api, workspace: Workspace) -> None:
    path = f"/spaces/{workspace.spaces[0]['id']}/audiences"
    assert [each["key"] for each in api.data("GET", path)["audiences"]] == ["buyers"]
    assert api.fields("GET", f"{path}?pagination.count=201") == ["pagination.count"]
