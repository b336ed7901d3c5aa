"""The operations without a handler on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import connector
from tests.cli.conftest import Command
from tests.conftest import TOKEN
from tests.support.described import write_component
from tests.support.server import LoopbackServer

SEGMENT = connector.load_component()


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of the component with all operations described."""
    return write_component(tmp_path_factory.mktemp("described") / "component")


def test_list_has_only_hand_made_actions_without_all(command: Command) -> None:
    few, every = (command("list", *options, "--json").json["actions"] for options in ([], ["--all"]))

    assert [entry["key"] for entry in few] == list(SEGMENT.actions)
    assert [entry["key"] for entry in every] == [*SEGMENT.actions, *SEGMENT.operations]
    assert [entry["key"] for entry in every if entry.get("inPrismatic") is False] == list(SEGMENT.operations)


def test_list_as_json_has_the_facts_of_the_api(command: Command, described: Path) -> None:
    every = command("--manifest", described, "list", "--all", "--json").json["actions"]

    assert next(entry for entry in every if entry["key"] == "createLabel") == {
        "key": "createLabel",
        "label": "Create Label",
        "description": "POST /labels. Limit: 60 requests per minute.",
        "resource": "labels",
        "effect": "write",
        "idempotent": False,
        "paginated": False,
        "method": "POST",
        "path": "/labels",
        "stability": "v1",
        "rateLimits": ["60 requests per minute"],
        "inPrismatic": False,
    }


def test_list_all_groups_by_tag(command: Command, described: Path) -> None:
    text = command("--manifest", described, "list", "--all").out

    assert "tracking plans" in text
    assert "createTrackingPlan" in text


def test_show_has_method_path_limits_inputs_and_a_sample(command: Command, described: Path) -> None:
    lines = command("--manifest", described, "show", "listRulesFromTrackingPlan").out.splitlines()

    assert lines[0] == "List Rules from Tracking Plan (listRulesFromTrackingPlan)"
    assert "method: GET" in lines
    assert "path: /tracking-plans/{trackingPlanId}/rules" in lines
    assert "feature: Protocols" in lines
    assert "rateLimits: 200 requests per minute" in lines
    assert any("trackingPlanId" in line and "ID of the tracking plan." in line for line in lines)
    visible = command("--manifest", described, "show", "listRulesFromTrackingPlan", "--json").json
    assert visible["inputSchema"]["required"] == ["trackingPlanId"]
    assert "rules" in visible["outputSchema"]["properties"]["data"]["properties"]["data"]["properties"]


def test_show_has_method_path_and_limits_of_hand_made_actions(command: Command) -> None:
    lines = command("show", "deleteDestinationSubscription").out.splitlines()

    assert "path: /destinations/{destinationId}/subscriptions/{id}" in lines
    assert "stability: alpha" in lines
    assert "feature: Destination Subscriptions" in lines
    assert "rateLimits: 5 requests per minute" in lines


def test_show_suggests_a_described_action(command: Command, described: Path) -> None:
    rejected = command("--manifest", described, "show", "listLabel")

    assert rejected.code == 2
    assert "listLabels" in rejected.err


def test_run_validates_the_inputs_of_a_described_action(
    command: Command, described: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", TOKEN)
    monkeypatch.setenv("SEGMENT_BASE_URL", server.url)

    rejected = command("--manifest", described, "run", "createLabel", "-i", 'label:={"key": "k"}')

    assert rejected.code == 2
    assert "label.value" in rejected.err


def test_dry_run_prints_the_request_of_a_described_action(
    command: Command, described: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", TOKEN)
    monkeypatch.setenv("SEGMENT_BASE_URL", server.url)
    inputs = ("-i", "name=Plan", "-i", "type=LIVE", "--dry-run")

    printed = command("--manifest", described, "run", "createTrackingPlan", *inputs)

    request = json.loads(printed.out)
    assert (request["method"], request["body"]) == ("POST", {"name": "Plan", "type": "LIVE"})
    assert request["url"].endswith("/tracking-plans")


def test_run_says_that_a_page_of_a_described_list_is_not_the_whole_list(
    command: Command, server: LoopbackServer
) -> None:
    page = {"data": {"roles": [{"id": "a"}], "pagination": {"current": "MA==", "next": "MQ==", "totalEntries": 7}}}
    server.answer(page)
    printed = command("run", "listRoles", "-i", "count=1")

    assert (printed.code, printed.err) == (0, "first 1 of 7; add --all to print every record\n"), printed.err


@pytest.mark.parametrize(
    ("key", "head", "field"),
    [
        (
            "updateRulesInTrackingPlan",
            "fields of each object:",
            "version  number, required: Version of the rule.",
        ),
        ("createLabel", "fields:", "value  string, required: "),
    ],
)
def test_show_has_the_fields_of_objects_and_a_value_to_paste(command: Command, key: str, head: str, field: str) -> None:
    shown = command("show", key).out
    pasted = re.findall(r"      such as: -i (\w+:=)'(.*)'", shown)
    ids = [f"-i{name}=x" for name in re.findall(r"^  (\w+)  string, required", shown, re.MULTILINE)]

    assert f"      {head}\n" in shown
    assert f"        {field}" in shown
    assert len(pasted) == 1
    ended = command("run", key, *ids, "-i", "".join(pasted[0]), "--dry-run", "--sandbox")
    assert ended.code == 0
    assert pasted[0][1] in json.dumps(ended.json["body"], separators=(",", ":"))


@pytest.mark.parametrize("assigned", [['rules={"a":1}', 'rules={"b":1}'], ['rules={"a":1}'], ['rules:={"a":1}']])
def test_object_that_is_no_list_of_objects_gets_a_hint(command: Command, assigned: list[str]) -> None:
    options = [part for text in assigned for part in ("-i", text)]

    ended = command("run", "updateRulesInTrackingPlan", "-i", "trackingPlanId=x", *options, "--sandbox")

    assert ended.code == 2
    assert "hint: Write -i rules:='[{...}, {...}]': a list, with a colon for JSON.\n" in ended.err


def test_other_problem_of_a_list_of_objects_gets_no_hint(command: Command) -> None:
    rules = 'rules:=[{"version": 1}]'

    ended = command("run", "updateRulesInTrackingPlan", "-i", "trackingPlanId=x", "-i", rules, "--sandbox")

    assert (ended.code, "hint:" in ended.err) == (2, False)
