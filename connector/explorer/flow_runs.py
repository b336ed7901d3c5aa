"""What the screens of flows and of runs share: components, connections, policy, and the runs of the page."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from starlette.responses import Response

from connector.component.component import Component
from connector.engines.http_messages import JsonResponse
from connector.errors import ConnectorError, PolicyError
from connector.explorer.background_runs import BackgroundRuns, Perform
from connector.explorer.site import Site, in_thread
from connector.flows import Flow
from connector.flows.file.model import FlowDefinition
from connector.flows.file.step_actions import action_of
from connector.flows.run.components import components_by_key
from connector.flows.run.connections import connection_name

MAX_WAIT_SECONDS = 30.0


class FlowRuns:
    """Starts and resumes the runs of the page within its policy.

    Args:
        site: The page as a whole.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._background = BackgroundRuns()

    @property
    def component(self) -> Component:
        """The component of the page."""
        return self._site.runner.component

    @cached_property
    def components(self) -> dict[str, Component]:
        """The components whose actions flows may use: all installed ones, HTTP, and the one of the page."""
        return {**components_by_key(None), self.component.key: self.component}

    def start(self, run_id: str, flow: Flow, name: str, perform: Perform) -> dict[str, Any]:
        """Perform a run of a flow in a thread, and return its ID for the browser once it has started.

        Raises:
            PolicyError: If the page is read-only, and the flow may write.
            ConnectorError: If the run does not start.
        """
        self._check_policy(flow.definition(name))
        connections = self.connections(flow, name)
        self._background.start(run_id, perform, {"connections": connections, "max_wait": MAX_WAIT_SECONDS})
        return {"run": run_id}

    def step(self, run_id: str, path: str) -> dict[str, Any] | None:
        """Return inputs and results of a step of a run that this page started, redacted; None without them."""
        return self._background.step(run_id, path)

    def close(self) -> None:
        """Delete the traces of the runs."""
        self._background.close()

    def connections(self, flow: Flow, name: str) -> dict[str, Any]:
        """Return the runner for every connection of its component; the page has no others."""
        needs = flow.connections(self.components, flow=name)
        names = [connection_name(flow.integration, need) for need in needs if need[0] == self.component.key]
        return {each: self._site.runner for each in names if each is not None}

    async def respond(self, work: partial[dict[str, Any]]) -> Response:
        """Do the work of a button in a thread; return its result, or its error as JSON and as a part of the page."""
        try:
            return JsonResponse(await in_thread(work))
        except ConnectorError as error:
            html = self._site.html("failure_part.html", error=error)
            return JsonResponse({**error.to_dict(), "html": html}, 422)

    def _check_policy(self, definition: FlowDefinition) -> None:
        """Check that a read-only page starts no flow that may write, also not through another component.

        Raises:
            PolicyError: If it may.
        """
        if not self._site.target.is_read_only:
            return
        for step in definition.walk():
            action = action_of(step.kind, self.components)
            if not step.is_trigger and action is not None and action.effect != "read":
                hint = "Start the explorer with --write."
                raise PolicyError(f'step "{step.name}" may write, and the explorer is read-only', hint=hint)
