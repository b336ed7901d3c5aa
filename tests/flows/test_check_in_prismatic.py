"""`flow check --target prismatic`: an action that Prismatic's component lacks is an error there."""

from __future__ import annotations

import pytest

import connector
from connector.flows import Flow
from tests.flows.support import flow_of, step


def messages_for(component: connector.Component) -> list[str]:
    """Return what the check says about a flow with one step."""
    flow: Flow = flow_of(step("List", "segment.listSources"))
    return [str(problem) for problem in flow.check(component, target="prismatic")]


def test_hand_made_action_that_prismatic_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    component = connector.load_component()
    assert not any("has no action" in message for message in messages_for(component))

    # Undone at the end: the definitions of a component are shared by everything in the process that loads it.
    monkeypatch.setattr(component.actions["listSources"], "in_prismatic", False)

    assert any('has no action "listSources"' in message for message in messages_for(component))
