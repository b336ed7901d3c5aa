"""Preparation of a run: check, config values, plan, and connections are made here, once, for every caller."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, Unpack

from connector.common.text import did_you_mean
from connector.errors import UsageError
from connector.flows.check.integration import check
from connector.flows.check.problems import NOT_PERFORMED, raise_if_errors
from connector.flows.run.components import stubbed_http
from connector.flows.run.config import config_values
from connector.flows.run.connections import ConnectionNeed, FlowConnections, needs_of
from connector.flows.run.limits import Limits, check_depth
from connector.flows.run.plan import plan
from connector.flows.run.plugins import plugins_of
from connector.flows.run.settings import RunSettings, check_settings
from connector.flows.run.stubs import HTTP, Stubs, StubValues

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.file.model import FlowDefinition, Integration, Step
    from connector.flows.steps.planned_step import PlannedStep


@dataclass(frozen=True)
class CheckedFlow:
    """A flow without errors, and the values of its config variables.

    Attributes:
        integration: The file.
        flow: The flow to run.
        components: Components by key.
        config: Values of config variables as they were passed.
        values: Values of all config variables that have one.
        branch: Branch of the trigger that the run takes; None if the trigger has no branches.
        stubs: What to return instead of performing steps and sending HTTP requests.
        trigger: Parts of the results of the trigger that a stub sets.
    """

    integration: Integration
    flow: FlowDefinition
    components: Mapping[str, Component]
    config: Mapping[str, Any]
    values: Mapping[str, Any]
    branch: str | None
    stubs: Stubs
    trigger: Mapping[str, Any]

    @cached_property
    def needs(self) -> list[ConnectionNeed]:
        """The connections that its steps use."""
        return needs_of(self.flow, self.components, self.stubs)


def check_flow(
    integration: Integration,
    flow: FlowDefinition,
    components: Mapping[str, Component],
    config: Mapping[str, Any],
    *,
    branch: str | None = None,
    stubs: StubValues = None,
) -> CheckedFlow:
    """Check a flow and the values of its config variables.

    Raises:
        InvalidFlowError: If the flow has errors, or a value is invalid.
        UsageError: If the trigger has branches and none of them is named, or the trigger has no branch with the name;
            if a stub is invalid.
        FlowLimitError: If a value is nested too deeply.
    """
    check_depth("config", config)
    values = config_values(integration, config)
    checked_stubs = Stubs(integration, stubs)
    if checked_stubs.has_responses:
        components = {**components, HTTP: stubbed_http(checked_stubs.response)}
    stubbed = {step.name for step in flow.walk() if checked_stubs.of(step) is not None}
    problems = check(integration, components, flows=[flow], config=config)
    raise_if_errors(problem for problem in problems if not (problem.step in stubbed and problem.rule in NOT_PERFORMED))
    parts, stubbed_branch = _trigger_stub(flow.steps[0], checked_stubs)
    branch = stubbed_branch if branch is None else branch
    _check_branch(flow.steps[0], branch)
    return CheckedFlow(integration, flow, components, config, values, branch, checked_stubs, parts)


def _trigger_stub(trigger: Step, stubs: Stubs) -> tuple[Mapping[str, Any], str | None]:
    """Return the parts of the results of the trigger that a stub sets, and the branch that it names."""
    stub = stubs.of(trigger)
    parts, branch = ({}, None) if stub is None else stub.perform({})
    if not isinstance(parts, Mapping):
        hint = 'Set parts of its results, such as {"body": {"data": ...}}.'
        raise UsageError(f'stub of trigger "{trigger.name}" must be an object', hint=hint)
    return parts, branch


def _check_branch(trigger: Step, branch: str | None) -> None:
    """Check the name of the branch that a manual start takes, since only a trigger on Prismatic decides by itself."""
    names = [each.name for each in trigger.branches]
    if branch is None and any(each.steps for each in trigger.branches):
        raise UsageError(
            f'trigger "{trigger.name}" has branches',
            hint=f"Pass --branch NAME (branch=NAME in Python): {' or '.join(names)}.",
        )
    if branch is not None and branch not in names:
        hint = did_you_mean(branch, names) or f"Available branches: {', '.join(names) or 'none'}."
        raise UsageError(f'unknown branch "{branch}" of trigger "{trigger.name}"', hint=hint)


class PreparedRun:
    """Everything that a run needs before its first step; close it after the run.

    Args:
        checked: The flow to run.
        dry_run: Perform reads only.
        settings: How to run it.

    Raises:
        ConnectionInputError: If connections are missing or invalid.
        PluginError: If a plugin cannot be registered.
        TypeError: If a setting is unknown.
    """

    def __init__(self, checked: CheckedFlow, *, dry_run: bool = False, **settings: Unpack[RunSettings]) -> None:
        self.checked = checked
        self.dry_run = dry_run
        self.settings = check_settings(settings)
        seconds = settings.get("deadline")
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.limits = settings.get("limits") or Limits()
        self.steps: list[PlannedStep] = plan(checked.flow, checked.components, checked.branch, checked.stubs)
        self.plugins = plugins_of(checked.components, settings.get("plugins", ()))
        self.connections = FlowConnections(
            checked.integration, checked.needs, checked.components, settings.get("connections") or {}
        )

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
