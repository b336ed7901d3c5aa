"""The settings that exist, and a warning about those that do not."""

from __future__ import annotations

import pytest

from connector.sandbox_kit.sandbox import Sandbox
from tests.cli.conftest import Command

KINESIS = "5GFhvtz8fha42Cm4B9E6L8"
WEBSITE = "rYxTjyaPtAELCjnFE5EYfM"


def test_settings_of_a_record_have_type_default_and_need(command: Command, workspace: Sandbox) -> None:
    lines = command("show", "updateDestination", "--for", KINESIS).out.splitlines()

    assert lines[:2] == [
        "settings.region  string, required: AWS Kinesis Stream Region. The Kinesis Stream's AWS region key.",
        '    default: "us-west-2"',
    ]
    assert any(line.startswith("settings.useMessageId  boolean, optional: ") for line in lines)
    assert [request.path for request in workspace.requests] == [f"/destinations/{KINESIS}"]


@pytest.mark.parametrize("name", ["amazon-kinesis", "Amazon Kinesis", "57da359580412f644ff33fb9"])
def test_settings_of_a_type_are_found_by_slug_name_or_id(command: Command, workspace: Sandbox, name: str) -> None:
    by_record = command("show", "createDestination", "--for", KINESIS, "--json").json
    by_type = command("show", "createDestination", "--type", name, "--json")

    assert [option["name"] for option in by_type.json] == [option["name"] for option in by_record]


def test_unknown_type_is_an_error_with_the_nearest(command: Command, workspace: Sandbox) -> None:
    ended = command("show", "createDestination", "--type", "amazon-kinesi")

    assert (ended.code, "Did you mean amazon-kinesis?" in ended.err) == (2, True)


@pytest.mark.parametrize(
    "line", [("getUser", "--for", "x"), ("createSource", "--type", "a", "--for", "b"), ("apiKey", "--for", "x")]
)
def test_settings_are_rejected_where_there_are_none(
    command: Command, workspace: Sandbox, line: tuple[str, ...]
) -> None:
    assert command("show", *line).code == 2
    assert workspace.requests == []


def test_setting_that_the_catalog_lacks_is_a_warning_without_a_request(command: Command, workspace: Sandbox) -> None:
    ended = command("run", "updateSource", "-i", f"sourceId={WEBSITE}", "-i", "settings.websitUrl=x")

    assert ended.code == 0
    assert 'warning: the catalog has no setting "websitUrl". Did you mean websiteUrl' in ended.err
    assert [request.method for request in workspace.requests] == ["PATCH"]


def test_dry_run_also_warns(command: Command, workspace: Sandbox) -> None:
    update = command("run", "updateSource", "-i", f"sourceId={WEBSITE}", "-i", 'settings={"websitUrl": 1}', "--dry-run")
    create = command(
        *("run", "createSource", "-i", "slug=a", "-i", "enabled=true", "-i", "metadataId=IqDTy1TpoU"),
        *("-i", "settings.websitUrl=x", "--dry-run"),
    )

    assert 'the catalog has no setting "websitUrl"' in update.err
    assert 'the catalog has no setting "websitUrl"' in create.err
    assert {request.method for request in workspace.requests} == {"GET"}


def test_known_settings_are_not_warned_of(command: Command, workspace: Sandbox) -> None:
    ended = command("run", "updateSource", "-i", f"sourceId={WEBSITE}", "-i", "settings.websiteUrl=https://a.example")

    assert (ended.code, "warning" in ended.err) == (0, False)


def test_dry_run_shows_its_request_without_the_catalog(command: Command, workspace: Sandbox) -> None:
    workspace.add_fault("error:503:getSource")
    ended = command("run", "updateSource", "-i", f"sourceId={WEBSITE}", "-i", "settings.websitUrl=x", "--dry-run")

    assert (ended.code, ended.json["method"]) == (0, "PATCH")
