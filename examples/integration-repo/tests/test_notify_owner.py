"""Tests of the flow: the sandbox is the Segment workspace, and a stub stands in for Slack."""

from pathlib import Path

import pytest

from connector.errors import ServerError, StepError
from connector.sandbox_kit import Sandbox
from connector.testing import assert_snapshot, run_flow

ROOT = Path(__file__).parents[1]
FLOW = ROOT / "integration.yaml"
STUBS = ROOT / "stubs"


def test_message_is_posted_for_a_disabled_source(sandbox: Sandbox) -> None:
    source = sandbox.sources[0]["id"]
    sandbox.runner().invoke("updateSource", {"sourceId": source, "enabled": False})

    run = run_flow(FLOW, sandbox, stubs=STUBS, payload={"sourceId": source})

    assert run.steps["Post Message"].inputs["channelName"] == "#sources"
    assert_snapshot(run, ROOT / "tests" / "snapshots" / "disabled.json")


def test_nothing_is_posted_for_an_enabled_source(sandbox: Sandbox) -> None:
    run = run_flow(FLOW, sandbox, stubs=STUBS, payload={"sourceId": sandbox.sources[0]["id"]})
    assert run.steps["Post Message"].state == "skipped"
    assert run.results == {"posted": ""}


def test_flow_fails_when_slack_is_down(sandbox: Sandbox) -> None:
    down = {
        "Get Source": {"data": {"source": {"slug": "shop", "enabled": False}}},
        "slack.postMessage": ServerError("Slack is down", status=503),
    }
    with pytest.raises(StepError, match="Slack is down"):
        run_flow(FLOW, sandbox, stubs=down, payload={"sourceId": "shop"})
