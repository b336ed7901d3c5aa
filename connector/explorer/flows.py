"""The screen of the flows: the flow files of a folder, what their check reports, and the start of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.engines.http_messages import JsonResponse
from connector.errors import ConnectorError, UsageError
from connector.explorer.flow_files import flow_files
from connector.explorer.flow_runs import FlowRuns
from connector.explorer.site import Site, body_of, in_thread
from connector.explorer.step_facts import step_facts
from connector.flows import Flow, runs
from connector.flows.file.model import FlowDefinition
from connector.journal.journals import new_id

VISIBLE_RUNS = 50


@dataclass(frozen=True)
class _File:
    """A flow file, and what its check reports."""

    name: str
    title: str
    flows: tuple[str, ...] = ()
    errors: int = 0
    warnings: int = 0
    error: str = ""


class FlowsScreen:
    """The screen of the flows.

    Args:
        site: The page as a whole.
        runs: Starts the runs.
        folder: Folder of the files.
    """

    def __init__(self, site: Site, runs: FlowRuns, folder: Path) -> None:
        self._site = site
        self._runs = runs
        self._folder = folder

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/flows", self._list, methods=["GET"]),
            Route("/flows/{file}", self._flow, methods=["GET"]),
            Route("/flows/{file}/run", self._start, methods=["POST"]),
        ]

    async def _list(self, _request: Request) -> Response:
        files, past = await in_thread(lambda: ([self._summary(path) for path in flow_files(self._folder)], runs()))
        return self._site.render("flows.html", tab="/flows", files=files, runs=past[:VISIBLE_RUNS], folder=self._folder)

    def _summary(self, path: Path) -> _File:
        try:
            flow = Flow.load(path)
            problems = [problem.severity for problem in flow.check(self._runs.components)]
        except ConnectorError as error:
            return _File(path.name, path.stem, errors=max(1, len(error.problems)), error=str(error))
        names = tuple(flow.flows)
        return _File(path.name, flow.name, names, problems.count("error"), problems.count("warning"))

    def _load(self, request: Request) -> tuple[Path, Flow, FlowDefinition]:
        """Return the flow that a request is about.

        Raises:
            HTTPException: 404, if there is no such file or flow; 422, if the file is invalid.
        """
        path = next((each for each in flow_files(self._folder) if each.name == request.path_params["file"]), None)
        if path is None:
            raise HTTPException(404)
        try:
            flow = Flow.load(path)
        except ConnectorError as error:
            raise HTTPException(422, str(error)) from None
        name = request.query_params.get("flow") or flow.flows[0]
        if name not in flow.flows:
            raise HTTPException(404)
        return path, flow, flow.definition(name)

    async def _flow(self, request: Request) -> Response:
        path, flow, definition = await in_thread(self._load, request)
        problems = await in_thread(partial(flow.check, self._runs.components, flow=definition.name))
        variables = [each for each in flow.integration.config_variables.values() if each.kind == "value"]
        return self._site.render(
            "flow.html",
            tab="/flows",
            run=None,
            file=path.name,
            title=flow.name,
            description=flow.integration.description,
            flows=flow.flows,
            definition=definition,
            problems=problems,
            steps=step_facts(definition, self._runs.component, problems),
            variables=variables,
            branches=[each.name for each in definition.steps[0].branches if each.steps],
        )

    async def _start(self, request: Request) -> Response:
        _, flow, definition = await in_thread(self._load, request)
        body = await body_of(request)
        destructive = await in_thread(partial(flow.destructive_steps, self._runs.components, flow=definition.name))
        if destructive and body.get("confirmed") is not True and not self._site.target.is_read_only:
            html = self._site.html("outcome.html", parts={"These steps may delete something": destructive})
            return JsonResponse({"ask": True, "html": html})
        return await self._runs.respond(partial(self._begin, flow, definition.name, body))

    def _begin(self, flow: Flow, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        run_id = new_id()
        text = str(body.get("payload") or "").strip()
        try:
            payload = json.loads(text) if text else None
        except ValueError as error:
            raise UsageError(f"the payload is not JSON: {error}") from None
        config = body.get("config")
        values = {key: value for key, value in config.items() if value != ""} if isinstance(config, dict) else {}
        branch = str(body["branch"]) if body.get("branch") else None
        return self._runs.start(
            run_id,
            flow,
            name,
            lambda settings: flow.run(
                self._runs.components, flow=name, payload=payload, config=values, branch=branch, id=run_id, **settings
            ),
        )
