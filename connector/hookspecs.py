"""The hooks that plugins implement, with `connector.hookimpl`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    # For the type checker only, and so upward: a hook is a public signature, and its author wants the whole type.
    from connector.component.context import Context
    from connector.component.definitions import Action, DataSource, Payload
    from connector.component.inputs import Inputs
    from connector.flows.run.events import Event
    from connector.flows.steps.step_call import StepCall
    from connector.rest import Request, Response

PROJECT = "connector"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_actions(component_key: str, register: Callable[[Action[Any]], None]) -> None:
    """Register further actions of a component, each with its own display."""


@hookspec
def register_data_sources(component_key: str, register: Callable[[DataSource[Any]], None]) -> None:
    """Register further data sources of a component, each with its own display and example."""


@hookspec(firstresult=True)
def perform_action(action: Action[Any] | DataSource[Any], context: Context, inputs: Inputs) -> Payload | None:
    """Perform an action or data source. Wrappers run around it; an error in a wrapper fails the action.

    Testing a connection is the action `testConnection`, whose inputs are the connection's fields. The pages of a list
    are performed one by one.
    """


@hookspec(firstresult=True)
def send_request(context: Context, request: Request) -> Response | None:
    """Send one HTTP request, which carries no credentials. A wrapper may change it, or return a response itself."""


@hookspec(firstresult=True)
def perform_step(step: StepCall) -> Any:
    """Perform one step of a flow and return its results. Wrappers run around it; their errors fail the step."""


@hookspec
def flow_event(event: Event) -> None:
    """Called on every state change of a flow run."""
