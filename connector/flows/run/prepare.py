"""Preparation of a run: check, config values, plan, and connections are made here, once, for every caller."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, Unpack

from connector.flows.check.integration import check
from connector.flows.check.problems import raise_if_errors
from connector.flows.run.config import config_values
from connector.flows.run.connections import ConnectionNeed, FlowConnections, needs_of
from connector.flows.run.limits import Limits, check_depth
from connector.flows.run.plan import plan
from connector.flows.run.plugins import plugins_of
from connector.flows.run.settings import RunSettings, check_settings

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.file.model import FlowDefinition, Integration
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
    """

    integration: Integration
    flow: FlowDefinition
    components: Mapping[str, Component]
    config: Mapping[str, Any]
    values: Mapping[str, Any]

    @cached_property
    def needs(self) -> list[ConnectionNeed]:
        """The connections that its steps use."""
        return needs_of(self.flow, self.components)


def check_flow(
    integration: Integration, flow: FlowDefinition, components: Mapping[str, Component], config: Mapping[str, Any]
) -> CheckedFlow:
    """Check a flow and the values of its config variables.

    Raises:
        InvalidFlowError: If the flow has errors, or a value is invalid.
        FlowLimitError: If a value is nested too deeply.
    """
    check_depth("config", config)
    values = config_values(integration, config)
    raise_if_errors(check(integration, components, flows=[flow], config=config))
    return CheckedFlow(integration, flow, components, config, values)


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
        self.steps: list[PlannedStep] = plan(checked.flow, checked.components)
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
