"""The rule that a sandbox simulates every action of its component."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connector.component.component import Component
from connector.component.definitions import Action
from connector.describe.summaries import example_inputs
from connector.errors import ComponentError, Problem

if TYPE_CHECKING:
    from connector.sandbox_kit.simulated_api import SimulatedApi

_NOWHERE = "http://127.0.0.1:9"
"""Base URL of requests that are not sent."""


def sandbox_is_complete(component: Component) -> Iterator[Problem]:
    """The sandbox that the manifest names can be imported, and simulates the operation of every action.

    Without an API description, the operation of an action is its first request with the examples of its inputs.
    """
    from connector.sandbox_kit.sandbox import sandbox_of

    if component.manifest.sandbox is None:
        return
    try:
        api = sandbox_of(component)
    except ComponentError as error:
        yield from error.problems
        return
    for action in component.actions.values():
        missing = _missing_operation(component, api, action)
        if missing:
            hint = f"Declare it in a module of {component.manifest.sandbox}/."
            yield Problem(action.key, f"the sandbox does not simulate {missing}", hint=hint)


def _missing_operation(component: Component, api: SimulatedApi, action: Action[Any]) -> str:
    """Return the operation of an action if the sandbox lacks it, else an empty string."""
    if action.operation:
        simulated = {operation.id for operation in api.operations}
        return "" if action.operation.id in simulated else action.operation.id
    # A plugin may add actions of another service, and a raw request is of no operation.
    if action.key not in component.manifest.actions or action.effect_depends_on_inputs:
        return ""
    request = _first_request(component, api, action)
    return "" if request is None or _is_simulated(api, *request) else " ".join(request)


def _first_request(component: Component, api: SimulatedApi, action: Action[Any]) -> tuple[str, str] | None:
    """Return method and path of the first request of an action; None if the examples do not lead to one."""
    from connector.component.runner import Runner

    try:
        # The token is redacted in the result, so it must not be a word that a path may contain.
        with Runner(component, api.connection(secrets.token_hex(), _NOWHERE)) as runner:
            request = runner.dry_run(action.key, example_inputs(action), send_reads=False).request
    except Exception:  # the code is the component's, and other rules report what its examples lack
        return None
    return (request["method"], urlsplit(request["url"]).path) if request else None


def _is_simulated(api: SimulatedApi, method: str, path: str) -> bool:
    from connector.sandbox_kit.assumptions import AssumptionValues

    assume = AssumptionValues(api.assumptions, {}).__getitem__
    return api.operations.match(method, api.canonical_path(path, assume)) is not None
