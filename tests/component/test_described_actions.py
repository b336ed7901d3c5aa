"""The operations of the API that have no handler of their own: what they send, take and return."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

import connector
from connector import errors
from connector.component.definitions import Undo
from tests.support.amount import sample_of
from tests.support.described import described_component, write_component
from tests.support.server import LoopbackServer

ROOT = Path(__file__).parents[2]
SEGMENT = connector.load_component()
DESCRIBED = described_component()
OPERATIONS = dict(DESCRIBED.operations)
RECORDED = json.loads((ROOT / "tests" / "recorded_requests.json").read_text(encoding="utf-8"))
"""Requests that the official SDKs sent for generated inputs, by key of our action.

Those of described actions are the Go SDK's, with the Accept of the Python SDK; those of hand-made ones are the Python
SDK's, without the query where that SDK writes lists and pages in another form (`test_wire` has these queries).
"""


KEYS = [*SEGMENT.operations, *(key for key, action in SEGMENT.actions.items() if action.operation)]


class Sent(NamedTuple):
    """What is compared of a request; the segments of its path are decoded."""

    method: str
    path: list[str]
    query: list[list[str]] | None
    body: Any
    accept: str
    content_type: str | None


def recorded(entry: dict[str, Any]) -> Sent:
    parts = ("method", "path", "query", "body", "accept", "contentType")
    return Sent(*(entry[part] for part in parts))


def send(runner: connector.Runner, server: LoopbackServer, key: str, inputs: dict[str, Any]) -> Sent:
    server.answer({"data": {}})
    runner.invoke(key, inputs)
    request = server.requests.pop()
    return Sent(
        request.method,
        [unquote(part) for part in request.target.partition("?")[0].split("/")],
        sorted(map(list, request.query)),
        request.json if request.body else None,
        request.headers["Accept"],
        request.headers.get("Content-Type"),
    )


@pytest.fixture
def runner(fields: dict[str, Any]) -> Iterator[connector.Runner]:
    with connector.Runner(DESCRIBED, {"fields": fields}) as opened:
        yield opened


def test_operations_are_those_that_no_hand_made_action_performs() -> None:
    hand_made = {action.operation.id for action in SEGMENT.actions.values() if action.operation}

    assert SEGMENT.operations.keys() == SEGMENT.api.keys() - hand_made
    assert "createWarehouse" in SEGMENT.operations
    assert not {"createInvites", "deleteUsers", "getSourcesCatalog"} & SEGMENT.operations.keys()
    assert all(SEGMENT.action(key) is action for key, action in SEGMENT.operations.items())


def test_every_operation_can_be_described() -> None:
    assert OPERATIONS.keys() == SEGMENT.api.keys()
    assert len(OPERATIONS) == 201


def test_recorded_requests_are_of_every_operation_in_three_cases() -> None:
    cases = {(entry["operation"], entry["case"]) for entry in RECORDED}

    assert cases == {(key, case) for key in KEYS for case in ("least", "mixed", "full")}
    assert len(cases) == 3 * 201


def updates_something(action: connector.Action[Any], inputs: dict[str, Any]) -> bool:
    fields, names = action.inputs.model_fields, action.inputs.update_fields
    return not names or any((fields[name].alias or name) in inputs for name in names)


@pytest.mark.parametrize("key", sample_of(KEYS, 6))
def test_request_is_the_one_that_the_official_sdks_send(
    key: str, fields: dict[str, Any], server: LoopbackServer
) -> None:
    runner = connector.Runner(SEGMENT, {"fields": fields})
    for entry in (entry for entry in RECORDED if entry["operation"] == key):
        if not updates_something(runner.component.action(key), entry["inputs"]):
            with pytest.raises(connector.errors.NoChangesError):
                send(runner, server, key, entry["inputs"])
            continue
        expected = recorded(entry)
        sent = send(runner, server, key, entry["inputs"])
        assert (sent._replace(query=None) if expected.query is None else sent) == expected, entry["case"]


def wrong_method(document: dict[str, Any]) -> None:
    methods = document["paths"]["/labels"]
    methods["put"] = methods.pop("post")


def wrong_path(document: dict[str, Any]) -> None:
    document["paths"]["/label"] = document["paths"].pop("/labels")


def wrong_query(document: dict[str, Any]) -> None:
    document["paths"]["/audit-events"]["get"]["parameters"][0]["name"] = "start"


def wrong_body(document: dict[str, Any]) -> None:
    properties = document["components"]["schemas"]["CreateLabelV1Input"]["properties"]
    properties["labels"] = properties.pop("label")


def wrong_accept(document: dict[str, Any]) -> None:
    content = document["paths"]["/labels"]["get"]["responses"]["200"]["content"]
    content["application/vnd.segment.v1beta+json"] = content.pop("application/vnd.segment.v1+json")


def wrong_content_type(document: dict[str, Any]) -> None:
    content = document["paths"]["/filters"]["post"]["requestBody"]["content"]
    content["application/json"] = content.pop("application/vnd.segment.v1beta+json")


@pytest.mark.parametrize(
    ("plant", "key"),
    [
        (wrong_method, "createLabel"),
        (wrong_path, "createLabel"),
        (wrong_query, "listAuditEvents"),
        (wrong_body, "createLabel"),
        (wrong_accept, "listLabels"),
        (wrong_content_type, "createFilterForSpace"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_wrong_fact_in_the_description_differs_from_the_recorded_requests(
    plant: Any, key: str, tmp_path: Path, server: LoopbackServer
) -> None:
    document = json.loads((ROOT / "api.json").read_text(encoding="utf-8"))
    plant(document)
    component = connector.load_component(write_component(tmp_path / "component", document))

    with connector.Runner(component, {"fields": {"apiKey": "a-token", "baseUrl": server.url}}) as runner:
        entries = [entry for entry in RECORDED if entry["operation"] == key and entry["case"] == "full"]
        assert [is_same(runner, server, entry) for entry in entries] == [False]


def is_same(runner: connector.Runner, server: LoopbackServer, entry: dict[str, Any]) -> bool:
    try:
        return send(runner, server, entry["operation"], entry["inputs"]) == recorded(entry)
    except errors.InputError:
        return False


def schemas_of(action: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named field that the inputs show, nested ones included."""

    def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, part in schema.get("properties", {}).items():
            yield name, part
            yield from fields(part)
        for part in [*schema.get("anyOf", ()), *(schema[key] for key in ("items",) if key in schema)]:
            yield from fields(part)

    yield from fields(action.input_schema)


def test_every_input_has_a_sentence_to_its_leaves() -> None:
    schemas = [(action.key, *each) for action in OPERATIONS.values() for each in schemas_of(action)]

    assert [(key, name) for key, name, schema in schemas if not schema.get("description", "").endswith(".")] == []


def test_comments_have_no_name_that_no_input_has() -> None:
    names = {name for action in OPERATIONS.values() for name, _ in schemas_of(action)}
    comments = DESCRIBED.module("actions.operations.comments").COMMENTS

    assert comments.keys() <= names | {"count", "cursor"}
    assert list(comments) == sorted(comments)


@pytest.mark.parametrize("key", sample_of(OPERATIONS, 8))
def test_schemas_are_json_schema_and_the_sample_fits(key: str) -> None:
    action = OPERATIONS[key]

    Draft202012Validator.check_schema(action.input_schema)
    Draft202012Validator.check_schema(action.output_schema)
    Draft202012Validator(action.output_schema).validate(action.example)
    assert action.operation is not None
    Draft202012Validator(action.operation.response_schema).validate((action.example or {})["data"])


def test_input_schema_accepts_the_recorded_inputs() -> None:
    for entry in RECORDED:
        inputs = {key: str(value) if key == "cursor" else value for key, value in entry["inputs"].items()}
        Draft202012Validator(SEGMENT.action(entry["operation"]).input_schema).validate(inputs)


@pytest.mark.parametrize(
    ("key", "inputs", "expected"),
    [
        ("createLabel", {"label": {"key": "k"}}, {"label.value": "required"}),
        ("createLabel", {"label": '{"key": "k", "value": []}'}, {"label.value": "text|string"}),
        (
            "replaceRulesInTrackingPlan",
            {"trackingPlanId": "t", "rules": [{"type": "NOISE", "version": 1, "jsonSchema": {}}]},
            {"rules[0].type": "COMMON"},
        ),
        (
            "addAudienceScheduleToAudience",
            {"spaceId": "s", "id": "a", "strategy": "PERIODIC", "config": {"intervall": "1h"}},
            {"config": r"must be an object with \(interval\) or \(days, hours, timezone\)"},
        ),
        ("getSpace", {"spaceId": ".."}, {"spaceId": "path"}),
        ("listFiltersForSpace", {"integrationId": "i", "count": 11}, {"count": "at most 10"}),
        ("listLabels", {"labell": 1}, {"labell": "unknown"}),
    ],
)
def test_wrong_input_is_named_to_its_leaf(key: str, inputs: dict[str, Any], expected: dict[str, str]) -> None:
    with pytest.raises(errors.InputError) as caught:
        OPERATIONS[key].inputs.from_values(inputs)

    problems = {problem.location: str(problem) for problem in caught.value.problems}
    assert problems.keys() == expected.keys()
    for location, pattern in expected.items():
        assert re.search(pattern, problems[location]), problems


def test_unknown_fields_of_a_json_input_pass_and_numbers_keep_their_form(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    rules = [{"type": "TRACK", "version": 1, "jsonSchema": {"deep": [1.5, None]}, "later": {"x": 2}}]

    sent = send(runner, server, "replaceRulesInTrackingPlan", {"trackingPlanId": "t", "rules": rules})

    assert json.dumps(sent.body, sort_keys=True) == json.dumps({"rules": rules}, sort_keys=True)


def test_values_are_accepted_as_flows_send_them(runner: connector.Runner, server: LoopbackServer) -> None:
    inputs = {"userGroupId": "g", "emails": '["a@example.com"]', "region": "api"}

    assert send(runner, server, "addUsersToUserGroup", inputs).body == {"emails": ["a@example.com"]}


def test_effect_and_repeatability_follow_the_method_or_the_table() -> None:
    facts = {key: (action.effect, action.idempotent) for key, action in OPERATIONS.items()}

    assert facts["listLabels"] == ("read", True)
    assert facts["createLabel"] == ("write", False)
    assert facts["updateTrackingPlan"] == ("write", True)
    assert facts["replaceLabelsInSource"] == ("destructive", True)
    assert facts["deleteLabel"] == ("destructive", True)
    assert facts["createSourceRegulation"] == ("destructive", False)
    assert facts["previewDestinationFilter"] == ("read", True)
    assert facts["updateFilterById"] == ("destructive", True)
    methods = {key: action.operation.method for key, action in OPERATIONS.items() if action.operation}
    assert {key for key, method in methods.items() if method in {"PUT", "DELETE"}} <= {
        key for key, (effect, _) in facts.items() if effect == "destructive"
    }
    assert {key for key, method in methods.items() if method == "GET"} <= {
        key for key, (effect, _) in facts.items() if effect == "read"
    }
    assert DESCRIBED.module("actions.operations").EFFECTS.keys() <= OPERATIONS.keys()


UNDONE = {
    "addAudienceScheduleToAudience": (
        "removeAudienceScheduleFromAudience",
        {"spaceId": "inputs.spaceId", "id": "inputs.id", "scheduleId": "results.data.audienceSchedule.id"},
    ),
    "createAudience": (
        "removeAudienceFromSpace",
        {"spaceId": "inputs.spaceId", "id": "results.data.audience.id"},
    ),
    "createComputedTrait": (
        "removeComputedTraitFromSpace",
        {"spaceId": "inputs.spaceId", "id": "results.data.computedTrait.id"},
    ),
    "createCredential": ("deleteCredential", {"credentialId": "results.data.credential.id"}),
    "createFilterForDestination": (
        "removeFilterFromDestination",
        {"destinationId": "inputs.destinationId", "filterId": "results.data.filter.id"},
    ),
    "createFilterForSpace": ("deleteFilterById", {"id": "results.data.filter.id"}),
    "createInsertFunctionInstance": (
        "deleteInsertFunctionInstance",
        {"instanceId": "results.data.insertFunctionInstance.id"},
    ),
    "createLabel": ("deleteLabel", {"key": "results.data.label.key", "value": "results.data.label.value"}),
    "createProfilesWarehouse": (
        "removeProfilesWarehouseFromSpace",
        {"spaceId": "inputs.spaceId", "warehouseId": "results.data.profilesWarehouse.id"},
    ),
    "createReverseEtlModel": ("deleteReverseEtlModel", {"modelId": "results.data.reverseEtlModel.id"}),
    "createTrackingPlan": ("deleteTrackingPlan", {"trackingPlanId": "results.data.trackingPlan.id"}),
    "createUserGroup": ("deleteUserGroup", {"userGroupId": "results.data.userGroup.id"}),
    "createWarehouse": ("deleteWarehouse", {"warehouseId": "results.data.warehouse.id"}),
}


def test_creations_are_undone_by_the_deletion_of_the_same_path() -> None:
    undone = {key: action.undo for key, action in OPERATIONS.items() if action.undo}
    undone = {key: undo for key, undo in undone.items() if key in UNDONE or key not in SEGMENT.actions}

    assert undone == {key: Undo(action=deletion, inputs=inputs) for key, (deletion, inputs) in UNDONE.items()}
    for deletion, inputs in UNDONE.values():
        assert DESCRIBED.action(deletion).inputs.required_keys() == inputs.keys()


def pages(name: str, records: list[list[Any]], cursors: list[Any]) -> list[dict[str, Any]]:
    return [
        {"data": {name: page, "pagination": {"current": "x", **({"next": cursor} if cursor else {})}}}
        for page, cursor in zip(records, cursors, strict=True)
    ]


@pytest.mark.parametrize(
    ("key", "inputs", "name", "cursors", "queries"),
    [
        (
            "listAuditEvents",
            {},
            "events",
            ["MQ==", None],
            [[("pagination[count]", "200")], [("pagination[count]", "200"), ("pagination[cursor]", "MQ==")]],
        ),
        (
            "listFiltersForSpace",
            {"integrationId": "i"},
            "filters",
            [7, None],
            [
                [("integrationId", "i"), ("pagination[count]", "10")],
                [("integrationId", "i"), ("pagination[count]", "10"), ("pagination[cursor]", "7")],
            ],
        ),
        (
            "listReverseETLSyncStatusesFromModelAndSubscriptionId",
            {"modelId": "m", "subscriptionId": "s"},
            "syncStatuses",
            ["a", None],
            [[("count", "100")], [("count", "100"), ("cursor", "a")]],
        ),
    ],
    ids=["cursor", "numeric cursor and small pages", "flat"],
)
def test_pages_have_the_operations_own_largest_size(
    key: str,
    inputs: dict[str, Any],
    name: str,
    cursors: list[Any],
    queries: list[Any],
    runner: connector.Runner,
    server: LoopbackServer,
) -> None:
    server.answer(*pages(name, [[{"n": 1}], [{"n": 2}]], cursors))

    assert list(runner.records(key, inputs)) == [{"n": 1}, {"n": 2}]

    assert [sorted(request.query) for request in server.requests] == queries


def test_one_page_has_50_records_unless_the_operation_allows_fewer(
    runner: connector.Runner, server: LoopbackServer
) -> None:
    assert send(runner, server, "listAuditEvents", {}).query == [["pagination[count]", "50"]]
    assert send(runner, server, "listFiltersForSpace", {"integrationId": "i"}).query == [
        ["integrationId", "i"],
        ["pagination[count]", "10"],
    ]


def test_fetch_all_returns_one_payload(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(*pages("trackingPlans", [[{"id": "1"}], [{"id": "2"}]], ["x", None]))

    payload = runner.invoke("listTrackingPlans", {"fetchAll": True})

    assert payload["data"]["data"]["trackingPlans"] == [{"id": "1"}, {"id": "2"}]


def test_secret_inputs_are_marked() -> None:
    secret = {key: action.inputs.secret_keys() for key, action in OPERATIONS.items() if action.inputs.secret_keys()}

    assert secret["createCredential"] == {"settings"}
    assert secret["removeWriteKeyFromSource"] == {"writeKey"}
    assert "addActivationToAudience" in secret
    assert "createLabel" not in secret


def test_unknown_key_suggests_a_described_action() -> None:
    with pytest.raises(errors.UnknownKeyError) as caught:
        DESCRIBED.action("listLabel")

    assert "listLabels" in caught.value.hint


def test_described_action_can_be_blocked() -> None:
    component = connector.load_component()
    component.block("createWarehouse")

    with pytest.raises(errors.PolicyError):
        component.action("createWarehouse")


def test_loading_and_hand_made_actions_do_not_read_the_description(tmp_path: Path, server: LoopbackServer) -> None:
    for name in ("actions", "connections", "datasources"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manifest.yaml", tmp_path)
    (tmp_path / "api.json").write_text("not JSON")
    component = connector.load_component(tmp_path)
    server.answer({"data": {"source": {}}})

    with connector.Runner(component, {"fields": {"apiKey": "t", "baseUrl": server.url}}) as runner:
        assert runner.invoke("getSource", {"sourceId": "s"}) == {"data": {"data": {"source": {}}}}

    with pytest.raises(errors.ComponentError):
        list(component.operations)


def test_samples_are_made_anew() -> None:
    example = OPERATIONS["listLabels"].example
    changed = copy.deepcopy(example)
    assert example is not None
    example["data"] = None

    assert OPERATIONS["listLabels"].example == changed


def test_loading_does_not_import_the_reader_of_the_description() -> None:
    code = (
        "import sys, connector; connector.load_component(); print('connector.component.api_description' in sys.modules)"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert printed.stdout == "False\n"
