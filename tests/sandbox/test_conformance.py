"""Every operation, when it succeeds and when it fails, answers as the API's description says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import connector
import sandbox
from connector.component.json_schema import sample
from connector.sandbox_kit import Workspace
from connector.sandbox_kit.http_messages import Request
from tests.sandbox import support
from tests.sandbox.support import Api, check_answer, operations
from tests.support.amount import sample_of
from tests.support.reference import API

IDS = {
    "sourceId": support.IOS_SOURCE,
    "warehouseId": support.WAREHOUSE,
    "destinationId": support.SUBSCRIBED,
    "id": support.SUBSCRIPTION,
    "functionId": support.FUNCTION,
    "transformationId": support.TRANSFORMATION,
    "userId": support.USER,
    "sourceMetadataId": support.JAVASCRIPT,
    "destinationMetadataId": support.KINESIS,
    "warehouseMetadataId": support.POSTGRES,
    "trackingPlanId": support.TRACKING_PLAN,
    "filterId": support.FILTER,
    "userGroupId": support.USER_GROUP,
    "modelId": support.MODEL,
    "syncId": support.SYNC,
    "instanceId": support.INSERT_FUNCTION_INSTANCE,
    "spaceId": "9aQ1Lj62S4bomZKLF4DPqW",
    "regulateId": "reg_1DTSvYLjMbQTkTfZcYvMcF",
    "key": "environment",
    "value": "dev",
}
QUERIES = {
    "listFunctions": "?resourceType=SOURCE",
    "listInsertFunctionInstances": f"?functionId={support.INSERT_FUNCTION}",
    "removeSourceFromTrackingPlan": f"?sourceId={support.PLANNED_SOURCE}",
    "removeRulesFromTrackingPlan": "?rules.0[type]=TRACK&rules.0[key]=Order Completed&rules.0[version]=1",
    "getDailyWorkspaceAPICallsUsage": "?period=2026-02-01",
    "getDailyWorkspaceMTUUsage": "?period=2026-02-01",
    "getDailyPerSourceAPICallsUsage": "?period=2026-02-01",
    "getDailyPerSourceMTUUsage": "?period=2026-02-01",
    "deleteUsers": f"?userIds.0={support.USER}",
    "deleteInvites": "?emails=new@example.com",
    "removeUsersFromUserGroup": "?emails.0=papi@segment.com",
    "getEventsVolumeFromWorkspace": (
        "?granularity=DAY&startTime=2026-01-01T00:00:00Z&endTime=2026-01-03T00:00:00Z"
        "&groupBy=source&groupBy=eventName&groupBy=eventType"
    ),
}
OTHER_IDS = {
    **{
        id_: {"warehouseId": support.PROFILES_WAREHOUSE}
        for id_ in ("updateProfilesWarehouseForSpaceWarehouse", "removeProfilesWarehouseFromSpace")
    },
    **{
        id_: {"destinationId": support.FILTERED}
        for id_ in (
            "listFiltersFromDestination",
            "getFilterInDestination",
            "createFilterForDestination",
            "updateFilterForDestination",
            "removeFilterFromDestination",
        )
    },
    **{id_: {"id": support.AUDIENCE} for id_ in ("getAudience", "updateAudienceForSpace", "removeAudienceFromSpace")},
}
"""Ids of operations whose path has another record of the same type."""
RULE = {"type": "TRACK", "key": "Order Completed", "version": 1, "jsonSchema": {"type": "object"}}
SCHEDULE = {"strategy": "CRON", "config": {"spec": "0 * * * *", "timezone": "UTC"}}
FILTER = {
    "sourceId": support.IOS_SOURCE,
    "if": "event = 'x'",
    "actions": [{"type": "SAMPLE", "percent": 0.5, "path": "userId"}],
    "title": "F",
    "enabled": True,
}
GRANTED = [
    {
        "roleId": support.OWNER_ROLE,
        "resources": [{"id": support.IOS_SOURCE, "type": "SOURCE", "labels": [{"key": "environment", "value": "dev"}]}],
    }
]
MODEL = {"name": "M", "description": "d", "enabled": True, "query": "SELECT 1 AS id", "queryIdentifierColumn": "id"}
BODIES: dict[str, Any] = {
    "addPermissionsToUser": {"permissions": GRANTED},
    "replacePermissionsForUser": {"permissions": GRANTED},
    "addPermissionsToUserGroup": {"permissions": GRANTED},
    "replacePermissionsForUserGroup": {"permissions": GRANTED},
    "addUsersToUserGroup": {"emails": ["papi@segment.com"]},
    "replaceUsersInUserGroup": {"emails": ["papi@segment.com"]},
    "addLabelsToSource": {"labels": [{"key": "environment", "value": "dev"}]},
    "replaceLabelsInSource": {"labels": [{"key": "environment", "value": "dev"}]},
    "createInsertFunctionInstance": {
        "functionId": support.INSERT_FUNCTION.removeprefix("ifnd_"),
        "integrationId": support.DESTINATION,
        "name": "I",
        "settings": {"apiKey": "k", "other": 1},
    },
    "updateInsertFunctionInstance": {"settings": {"apiKey": "l"}, "enabled": False},
    "createProfilesWarehouse": {"metadataId": support.SNOWFLAKE, "settings": {"account": "a"}, "schemaName": "s"},
    "updateProfilesWarehouseForSpaceWarehouse": {"name": None, "settings": {"account": "b"}},
    "createReverseETLManualSync": {"sourceId": support.IOS_SOURCE, "modelId": support.MODEL, "subscriptionId": "s"},
    "createReverseEtlModel": MODEL | {"sourceId": support.IOS_SOURCE},
    "updateReverseEtlModel": MODEL,
    "createAudience": {"name": "A b", "definition": {"query": "q", "targetEntity": None}, "audienceType": "USERS"},
    "updateAudienceForSpace": {"definition": {"query": "r"}, "options": {"filterByExternalIds": ["user_id"]}},
    "createFilterForDestination": FILTER,
    "updateFilterForDestination": {"title": "G", "description": None, "actions": [{"type": "DROP"}]},
    "updateSchemaSettingsInSource": {
        "track": {"commonEventOnViolations": "OMIT_PROPERTIES"},
        "group": {"allowUnplannedTraits": False},
        "forwardingViolationsTo": support.WEB_SOURCE,
    },
    "createSource": {
        "slug": "made",
        "enabled": True,
        "metadataId": support.JAVASCRIPT,
        "settings": {"apiHost": "x"},
    },
    "createTrackingPlan": {"name": "Made", "type": "LIVE", "description": "d"},
    "updateTrackingPlan": {"name": "Renamed", "description": "d"},
    "addSourceToTrackingPlan": {"sourceId": support.IOS_SOURCE},
    "replaceRulesInTrackingPlan": {"rules": [RULE]},
    "updateRulesInTrackingPlan": {"rules": [RULE | {"newKey": "Renamed"}]},
    "createLabel": {"label": {"key": "environment", "value": "test", "description": "d"}},
    "createWorkspaceRegulation": {"regulationType": "DELETE_ONLY", "subjectType": "USER_ID", "subjectIds": ["u"]},
    "updateSource": {"name": "Renamed", "settings": {"apiHost": "y"}},
    "createDestination": {
        "sourceId": support.IOS_SOURCE,
        "metadataId": support.BLUESHIFT,
        "settings": {"apiKey": "k", "retarget": True},
    },
    "updateDestination": {"name": None, "settings": {"trackingId": "1"}},
    "createDestinationSubscription": {
        "name": "All",
        "actionId": support.ACTION,
        "trigger": 'type = "track"',
        "enabled": True,
        "settings": {"deep": {"er": [1]}},
        "modelId": "m",
    },
    "updateSubscriptionForDestination": {"input": {"enabled": False, "reverseETLSchedule": SCHEDULE}},
    "createWarehouse": {"metadataId": support.SNOWFLAKE, "name": "W", "settings": {"password": "p"}},
    "updateWarehouse": {"name": None, "settings": {}},
    "createFunction": {
        "code": "x",
        "displayName": "F",
        "resourceType": "DESTINATION",
        "settings": [
            {
                "name": "n",
                "label": "l",
                "description": "d",
                "type": "ARRAY",
                "required": True,
                "sensitive": True,
            }
        ],
    },
    "updateFunction": {"code": "y", "settings": []},
    "createTransformation": {
        "name": "T",
        "sourceId": support.IOS_SOURCE,
        "enabled": True,
        "if": "event = 'x'",
        "propertyRenames": [{"oldName": "a", "newName": "b"}],
        "propertyValueTransformations": [{"propertyPaths": ["properties.a"], "propertyValue": "v"}],
        "fqlDefinedProperties": [{"fql": "f", "propertyName": "p"}],
        "hashPropertiesConfiguration": {"algorithm": "MD5", "encoding": "HEX", "paths": ["a"]},
    },
    "updateTransformation": {"drop": True, "allowProperties": ["a"]},
    "createInvites": {
        "invites": [
            {
                "email": "new@example.com",
                "permissions": [
                    {
                        "roleId": support.OWNER_ROLE,
                        "resources": [{"id": support.WORKSPACE, "type": "WORKSPACE"}],
                        "labels": [{"key": "k", "value": "v"}],
                    }
                ],
            }
        ]
    },
}
ALL = [each.id for each in sandbox.api.operations]
KNOWN = [id_ for id_ in ALL if set(re.findall(r"{(\w+)}", API[id_].path)) <= IDS.keys()]
"""Operations on records that the seed has; a resource without records in it has a test module of its own."""


def body_of(operation: str) -> Any:
    """A valid body: of the table, else a sample of the described schema."""
    return BODIES.get(operation) or (sample(API[operation].body_schema) if API[operation].body_schema else None)


def url_of(operation: str, ids: dict[str, str]) -> tuple[str, str]:
    method, path, _ = operations()[operation]
    if ids is IDS:
        ids = IDS | OTHER_IDS.get(operation, {})
    for name, id_ in ids.items():
        path = path.replace(f"{{{name}}}", id_)
    return method, path


def test_sandbox_has_described_operations_only_and_those_of_every_action() -> None:
    described = {(each.id, each.method, each.path) for each in API.values()}
    simulated = {(each.id, each.method, each.path) for each in sandbox.api.operations}
    assert simulated <= described
    actions = [action.operation for action in connector.load_component().actions.values()]
    assert {(each.id, each.method, each.path) for each in actions if each} <= simulated


@pytest.mark.parametrize("operation", sample_of(KNOWN, 2))
def test_success_is_as_described(api: Api, workspace: Workspace, operation: str) -> None:
    workspace.set_assumption("deployed-id", "function")
    workspace.store.add("invites", [{"email": "new@example.com"}])
    method, path = url_of(operation, IDS)
    response = api(method, path + QUERIES.get(operation, ""), body_of(operation))
    assert response.status_code == int(min(operations()[operation][2]["responses"])), response.text
    check_answer(operation, response)


@pytest.mark.parametrize("operation", sample_of((id_ for id_ in ALL if API[id_].body_schema), 2))
def test_wrong_body_is_422_as_described(api: Api, operation: str) -> None:
    method, path = url_of(operation, IDS)
    response = api(method, path, dict.fromkeys(body_of(operation), 7))
    assert response.status_code == 422
    check_answer(operation, response)


@pytest.mark.parametrize("operation", sample_of((each.id for each in sandbox.api.operations if "{" in each.path), 3))
def test_unknown_id_is_404_as_described(api: Api, operation: str) -> None:
    method, path = url_of(operation, dict.fromkeys(re.findall(r"{(\w+)}", API[operation].path), "nothing"))
    response = api(method, path, body_of(operation))
    assert response.status_code == 404
    check_answer(operation, response)


@pytest.mark.parametrize("operation", sample_of(ALL, 8))
def test_rate_limit_is_429_as_described(api: Api, workspace: Workspace, operation: str) -> None:
    workspace.add_fault("rate-limit:0/min")
    method, path = url_of(operation, IDS)
    response = api(method, path + QUERIES.get(operation, ""), body_of(operation))
    assert response.status_code == 429
    check_answer(operation, response)


@pytest.mark.parametrize("operation", [id_ for id_ in ALL if API[id_].pagination])
def test_wrong_page_is_422_as_described(api: Api, operation: str) -> None:
    method, path = url_of(operation, IDS)
    separator = "&" if operation in QUERIES else "?"
    response = api(method, path + QUERIES.get(operation, "") + separator + "pagination[count]=0")
    assert response.status_code == 422
    check_answer(operation, response)


def test_seed_matches_the_described_responses(api: Api) -> None:
    for operation, (method, path, _) in operations().items():
        if method == "GET" and "{" not in path:
            check_answer(operation, api(method, path + QUERIES.get(operation, "")))
    for resource, operation in (("sources", "getSource"), ("warehouses", "getWarehouse")):
        for record in api.data("GET", f"/{resource}")[resource]:
            check_answer(operation, api("GET", f"/{resource}/{record['id']}"))


def test_every_field_of_the_described_responses_is_in_the_seed(workspace: Workspace) -> None:
    described: set[tuple[str, str]] = set()
    present: set[tuple[str, str]] = set()
    for operation, (method, _, details) in operations().items():
        if method == "GET":
            schema = next(iter(details["responses"]["200"]["content"].values()))["schema"]
            _fields(schema, None, described)
            for query in queries_of(operation):
                for ids in _ids_of(operation, workspace):
                    path = url_of(operation, ids)[1]
                    response = workspace.handler.respond(Request(method, path, query.removeprefix("?")))
                    _fields(schema, json.loads(response.content), present)
    assert described - present == {("GetEventsVolumeFromWorkspaceV1Query", "limit")}, "which the API never returns"


def queries_of(operation: str) -> list[str]:
    """Queries of an operation that together show all that its responses can have."""
    query = QUERIES.get(operation, "?")
    if operation == "getEventsVolumeFromWorkspace":
        return [query, query + "&sourceId=x&eventName=x&eventType=x&appVersion=x"]
    return [query, query + "&pagination.count=1", query + "&pagination.count=1&pagination.cursor=MQ=="]


def _ids_of(operation: str, workspace: Workspace) -> list[dict[str, str]]:
    """The usual ids of an operation, and each other record that its path can name."""
    others = [
        *({"destinationMetadataId": each["id"]} for each in workspace.destinationsCatalog),
        *({"destinationId": each["destinationId"], "id": each["id"]} for each in workspace.subscriptions),
        *({"userId": each["id"]} for each in workspace.users),
        *({"sourceId": each["id"]} for each in workspace.sources),
    ]
    usual = IDS | OTHER_IDS.get(operation, {})
    return [usual, *(usual | each for each in others if all(f"{{{name}}}" in API[operation].path for name in each))]


def _fields(schema: dict[str, Any], value: Any, fields: set[tuple[str, str]], name: str = "") -> None:
    """Collect the fields of a schema; with a value, only those that the value has."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = API.document["components"]["schemas"][name]
    for choice in [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        _fields(choice, value, fields, name)
    for field, inner in schema.get("properties", {}).items():
        if value is None or (isinstance(value, dict) and field in value):
            fields.add((name, field))
            _fields(inner, None if value is None else value[field], fields)
    for item in [None] if value is None else value if isinstance(value, list) else []:
        if "items" in schema:
            _fields(schema["items"], item, fields)
