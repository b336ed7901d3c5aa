"""How much of the API a runner offers."""

from __future__ import annotations

from typing import Any

import pytest

import connector
from connector import errors
from tests.support.server import LoopbackServer

HAND_MADE = ("getSource", {"sourceId": "s"})
SPACES = ("getSpace", {"spaceId": "s"})
PLANS = ("getTrackingPlan", {"trackingPlanId": "t"})
RAW = ("rawRequest", {"url": "/labels", "method": "GET"})


@pytest.mark.parametrize(
    ("policy", "offered", "rejected"),
    [
        ({}, [HAND_MADE, SPACES, PLANS, RAW], []),
        ({"toolset": "all"}, [HAND_MADE, SPACES, PLANS, RAW], []),
        ({"toolset": "documented"}, [HAND_MADE, RAW], [SPACES, PLANS]),
        ({"toolset": "tracking-plans"}, [PLANS], [HAND_MADE, SPACES, RAW]),
        ({"toolset": ["spaces", "sources"]}, [SPACES, HAND_MADE], [PLANS, RAW]),
        ({"toolset": "documented", "block": ["getSource"]}, [], [HAND_MADE, SPACES, RAW]),
        ({"toolset": "spaces", "allow": ["rawRequest"]}, [RAW], [SPACES, PLANS]),
        ({"allow": ["getSpace"], "toolset": "documented"}, [SPACES], [HAND_MADE]),
    ],
    ids=["default", "all", "documented", "tag", "tags", "blocked", "allowed and no other", "allowed by key"],
)
def test_toolset_decides_before_any_request(
    policy: dict[str, Any], offered: list[Any], rejected: list[Any], fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer({"data": {}})
    with connector.Runner(connector.load_component(), {"fields": fields}, **policy) as runner:
        for key, inputs in rejected:
            with pytest.raises(errors.PolicyError, match=key):
                runner.invoke(key, inputs)
        assert server.requests == []

        for key, inputs in offered:
            runner.invoke(key, inputs)
        assert len(server.requests) == len(offered)


def test_toolset_rejects_an_unknown_tag_with_the_nearest(fields: dict[str, Any]) -> None:
    with pytest.raises(errors.UsageError, match='unknown toolset "tracking-plan"') as caught:
        connector.Runner(connector.load_component(), {"fields": fields}, toolset="tracking-plan")

    assert "tracking-plans" in caught.value.hint


def test_read_only_holds_for_described_actions(fields: dict[str, Any], server: LoopbackServer) -> None:
    runner = connector.Runner(connector.load_component(), {"fields": fields}, read_only=True)
    with runner, pytest.raises(errors.PolicyError, match="createTrackingPlan"):
        runner.invoke("createTrackingPlan", {"name": "n", "type": "LIVE"})

    assert server.requests == []
