"""The hooks that plugins implement, with `connector.hookimpl`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.definitions import Action, Payload
    from connector.component.inputs import Inputs
    from connector.flows.run.events import Event
    from connector.flows.steps.step_call import StepCall
    from connector.rest import Request, Response

PROJECT = "connector"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_actions(component_key: str, register: Callable[[Action[Any]], None]) -> None:
    """Register further actions of a component, each bringing its own display."""


@hookspec(firstresult=True)
def perform_action(action: Action[Any], context: Context, inputs: Inputs) -> Payload | None:
    """Perform an action with validated inputs; a wrapper sees it before and after, and an error it raises fails it."""


@hookspec(firstresult=True)
def send_request(context: Context, request: Request) -> Response | None:
    """Send one HTTP request, which carries no credentials; a wrapper may change it, or answer in its place."""


@hookspec(firstresult=True)
def perform_step(step: StepCall) -> Any:
    """Perform one step of a flow and answer its results; a wrapper sees it before and after, and its error fails it."""


@hookspec
def flow_event(event: Event) -> None:
    """Told of every change of state while a flow runs."""
