"""A mask that Segment shows in place of a secret is never written back."""

from __future__ import annotations

from typing import Any

import pytest

import connector
from connector import errors
from connector.flows import Flow
from connector.testing import sandbox
from tests.sandbox.support import BLUESHIFT, IOS_SOURCE
from tests.support.server import LoopbackServer, ServerResponse

MASK = "••••••••••8839"
WRITES: dict[str, tuple[str, dict[str, Any], str]] = {
    "destination": ("updateDestination", {"destinationId": "d", "settings": {"apiKey": MASK}}, "settings.apiKey"),
    "warehouse": ("updateWarehouse", {"warehouseId": "w", "settings": {"password": "•••"}}, "settings.password"),
    "nested": ("updateSource", {"sourceId": "s", "settings": {"a": [{"b": MASK}]}}, "settings.a[0].b"),
    "subscription": (
        "updateDestinationSubscription",
        {"destinationId": "d", "subscriptionId": "x", "settings": {"key": MASK}},
        "settings.key",
    ),
    "raw request": (
        "rawRequest",
        {"method": "PATCH", "url": "/destinations/d", "data": {"settings": {"apiKey": MASK}}},
        "settings.apiKey",
    ),
    "escaped": (
        "rawRequest",
        {"method": "PATCH", "url": "/destinations/d", "data": '{"settings": {"apiKey": "\\u2022\\u2022\\u2022"}}'},
        "settings.apiKey",
    ),
}


FLOW = f"""
definitionVersion: 7
name: Masks
flows:
- name: Main
  steps:
  - {{name: Trigger, isTrigger: true, action: {{component: {{key: webhook-triggers}}, key: webhook}}}}
  - name: Update
    action: {{component: {{key: segment}}, key: updateDestination}}
    inputs:
      destinationId: {{type: value, value: d}}
      settings: {{type: complex, value: [{{name: {{type: value, value: apiKey}}, type: value, value: {MASK}}}]}}
"""


@pytest.mark.parametrize(("key", "inputs", "path"), WRITES.values(), ids=WRITES)
def test_mask_is_rejected_before_it_is_sent(
    runner: connector.Runner, server: LoopbackServer, key: str, inputs: dict[str, Any], path: str
) -> None:
    with pytest.raises(errors.InputError) as caught:
        runner.invoke(key, inputs)

    (problem,) = caught.value.problems
    assert problem.location == path
    assert "Leave it out" in problem.hint
    assert caught.value.action == key
    assert server.requests == []


@pytest.mark.parametrize(
    "settings",
    [{"apiKey": "••"}, {"apiKey": "secret •••"}, {"note": "a • b"}, {"•••": "a key is not a value"}],
    ids=["two bullets", "bullets behind text", "one bullet", "key"],
)
def test_other_bullets_are_sent(runner: connector.Runner, server: LoopbackServer, settings: dict[str, str]) -> None:
    server.answer(ServerResponse({"data": {"destination": {"id": "d"}}}))

    runner.invoke("updateDestination", {"destinationId": "d", "settings": settings})

    assert len(server.requests) == 1


def test_bullets_outside_of_settings_are_sent(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse({"data": {"destination": {"id": "d"}}}))

    runner.invoke("updateDestination", {"destinationId": "d", "name": MASK})

    assert len(server.requests) == 1


def test_mask_in_a_flow_is_rejected_by_its_step() -> None:
    flow = Flow.parse(FLOW)
    with sandbox() as workspace, pytest.raises(errors.StepError) as caught:
        flow.run(connections={"segment": workspace.connection}, journal=False)

    assert (caught.value.step, caught.value.exit_code) == ("Update", 2)
    assert 'step "Update": updateDestination: a mask would replace the stored secret' in str(caught.value)
    assert "settings.apiKey: must be the secret itself, not its mask" in str(caught.value)
    assert workspace.requests == []


def test_read_modify_write_of_a_destination_keeps_its_secret() -> None:
    with sandbox() as workspace:
        runner = workspace.runner()
        secret = {"apiKey": "aVeryLongSecret8839", "retarget": True}
        created = runner.invoke(
            "createDestination", {"sourceId": IOS_SOURCE, "metadataId": BLUESHIFT, "settings": secret}
        )
        destination = created["data"]["data"]["destination"]

        with pytest.raises(errors.InputError, match=r"settings\.apiKey"):
            runner.invoke(
                "updateDestination", {"destinationId": destination["id"], "settings": destination["settings"]}
            )
        changed = {key: value for key, value in destination["settings"].items() if key != "apiKey"} | {
            "retarget": False
        }
        runner.invoke("updateDestination", {"destinationId": destination["id"], "settings": changed})

        assert workspace.destinations[-1]["settings"] == {"apiKey": "aVeryLongSecret8839", "retarget": False}
