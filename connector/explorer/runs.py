"""The screen of a run, wherever it was started: its state while it happens and afterwards, resume, undo, and settle."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from connector.engines.http_messages import JsonResponse
from connector.errors import ConnectorError, JournalError, UsageError
from connector.explorer.flow_runs import MAX_WAIT_SECONDS, FlowRuns
from connector.explorer.run_states import SETTLED, live_states, read_run, timeline_of
from connector.explorer.site import Site, body_of, in_thread
from connector.explorer.step_facts import redacted, step_facts
from connector.flows import Flow, Timeline, follow_run, resume, settle, undo
from connector.flows.file.parse import read_text
from connector.flows.run.settle import MISSING_RESULTS_HINT
from connector.journal.journals import check_id, place_of
from connector.journal.reader import JournalContents, read_history
from connector.journal.writes import Write


class RunsScreen:
    """The screen of a run.

    Args:
        site: The page as a whole.
        runs: Resumes the runs.
    """

    def __init__(self, site: Site, runs: FlowRuns) -> None:
        self._site = site
        self._runs = runs

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/runs/{id}", self._run, methods=["GET"]),
            Route("/runs/{id}/timeline", self._timeline, methods=["GET"]),
            Route("/runs/{id}/controls", self._controls, methods=["GET"]),
            Route("/runs/{id}/events", self._events, methods=["GET"]),
            Route("/runs/{id}/step", self._step, methods=["GET"]),
            Route("/runs/{id}/resume", self._resume, methods=["POST"]),
            Route("/runs/{id}/undo", self._undo, methods=["POST"]),
            Route("/runs/{id}/settle", self._settle, methods=["POST"]),
        ]

    async def _run(self, request: Request) -> Response:
        run_id = _id_of(request)
        line, history = await in_thread(read_run, run_id)
        integration = read_text(history.header["text"], history.header["source"])
        definition = integration.definition(history.header["flow"])
        return self._site.render(
            "flow.html",
            tab="/flows",
            run=line,
            file=Path(history.header["source"]).name,
            title=integration.name,
            description=integration.description,
            flows=[definition.name],
            definition=definition,
            problems=[],
            steps=step_facts(definition, self._runs.component, []),
            **self._control_values(history),
        )

    async def _controls(self, request: Request) -> Response:
        line, history = await in_thread(read_run, _id_of(request))
        return self._site.render("run_controls.html", run=line, **self._control_values(history))

    def _control_values(self, history: JournalContents) -> dict[str, Any]:
        """Return what the controls of a run need: writes of unknown outcome, and how many writes can be undone."""
        return {"unknown": self._writes_in_doubt(history), "writes": len(history.writes) - len(history.undone)}

    def _writes_in_doubt(self, history: JournalContents) -> list[dict[str, Any]]:
        return [
            {**asdict(write), "inputs": redacted(self._runs.component, write.action, write.inputs)}
            for write in history.unknown.values()
        ]

    async def _timeline(self, request: Request) -> Response:
        return self._site.render("timeline.html", run=(await in_thread(read_run, _id_of(request)))[0])

    async def _events(self, request: Request) -> Response:
        run_id = _id_of(request)
        await in_thread(timeline_of, run_id)  # so that an unknown run is a 404
        last = request.headers.get("last-event-id", "")
        lines = self._messages(request, run_id, int(last) if last.isdecimal() else -1)
        return StreamingResponse(lines, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _messages(self, request: Request, run_id: str, last: int) -> AsyncIterator[bytes]:
        """Yield the state of every step each time it changed; a message is complete, so that none has to be repeated.

        The ID of a message is the number of events so far. A browser that comes back has seen the last one.
        """
        yield b"retry: 1000\n\n"
        states: Iterator[tuple[Timeline, Any]] = follow_run(place_of(run_id))
        seen = 0
        while (state := await in_thread(next, states, None)) is not None:
            line, events = state
            seen += len(events)
            if events and seen > last:
                yield b"id: %d\ndata: %s\n\n" % (seen, to_json(live_states(line)))
            if self._site.is_draining or await request.is_disconnected():
                return
        yield b"event: end\ndata: %s\n\n" % to_json(live_states((await in_thread(read_run, run_id))[0]))

    async def _step(self, request: Request) -> Response:
        run_id, path = _id_of(request), request.query_params.get("path", "")
        values = await in_thread(self._step_values, run_id, path)
        return JsonResponse(values or {})

    def _step_values(self, run_id: str, path: str) -> dict[str, Any] | None:
        """Return inputs and results of a step, redacted: from a trace of this page, else from the journal.

        A decision about its write replaces its state, its error, and its results.
        """
        line, history = read_run(run_id)
        values = self._runs.step(run_id, path) or self._journal_values(line, history, path)
        decision = SETTLED.get(history.decisions.get(values["path"], "")) if values else None
        if values is None or decision is None:
            return values
        values.update(state=decision, error="")
        if values["path"] in history.finished:
            values["results"] = redacted(self._runs.component, values["action"], history.results(values["path"]))
        return values

    def _journal_values(self, line: Timeline, history: JournalContents, path: str) -> dict[str, Any] | None:
        row = next((each for each in line.rows if path in (each.path, each.step)), None)
        if row is None:
            return None
        values: dict[str, Any] = {
            "path": row.path,
            "step": row.step,
            "action": row.action,
            "state": row.state,
            "seconds": row.seconds,
            "error": row.text,
        }
        if row.path in history.finished:
            values["results"] = redacted(self._runs.component, row.action, history.results(row.path))
        write = history.unknown.get(row.path) or _applied_write(history, row.path)
        if write is not None:
            values["inputs"] = redacted(self._runs.component, row.action, write.inputs)
        return values

    async def _resume(self, request: Request) -> Response:
        run_id, body = _id_of(request), await body_of(request)
        unknown: Any = body.get("unknown", "stop")
        return await self._runs.respond(
            partial(self._resume_run, run_id, unknown if unknown in {"retry", "skip"} else "stop")
        )

    def _resume_run(self, run_id: str, unknown: Any) -> dict[str, Any]:
        flow, name = _flow_of_run(run_id)
        return self._runs.start(
            run_id,
            flow,
            name,
            lambda settings: resume(place_of(run_id), self._runs.components, unknown=unknown, **settings),
        )

    async def _undo(self, request: Request) -> Response:
        run_id, body = _id_of(request), await body_of(request)
        return await self._runs.respond(partial(self._delete, run_id, dry_run=body.get("confirmed") is not True))

    def _delete(self, run_id: str, *, dry_run: bool) -> dict[str, Any]:
        connections = self._runs.connections(*_flow_of_run(run_id))
        outcome = undo(
            place_of(run_id), self._runs.components, connections=connections, max_wait=MAX_WAIT_SECONDS, dry_run=dry_run
        )
        parts = {
            "To delete" if dry_run else "Deleted": [f"{write.step} ({write.path})" for write in outcome.deleted],
            "Did not exist anymore": [write.step for write in outcome.already_deleted],
            "Failed": [f"{write.step}: {error}" for write, error in outcome.failed],
            "Not undone": [f"{write.step}: {reason}" for write, reason in outcome.not_undone],
        }
        return {"ask": dry_run, "html": self._site.html("outcome.html", parts=parts)}

    async def _settle(self, request: Request) -> Response:
        return await self._runs.respond(partial(self._decide, _id_of(request), await body_of(request)))

    def _decide(self, run_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        text = str(body.get("results") or "").strip()
        try:
            results = json.loads(text) if text else None
        except ValueError as error:
            raise UsageError(f"the results are not JSON: {error}") from None
        try:
            settle(
                place_of(run_id),
                str(body.get("path", "")),
                self._runs.components,
                happened=body.get("happened") is True,
                results=results,
            )
        except JournalError as error:
            if error.hint == MISSING_RESULTS_HINT:  # it names options that the page has not
                raise JournalError(error.message, hint="Fill in its results as JSON.") from None
            raise
        return {"run": run_id}


def _id_of(request: Request) -> str:
    """Return the ID of the run that a request is about.

    Raises:
        HTTPException: 404, if it is not a valid ID: an ID is never taken for a path.
    """
    try:
        check_id(request.path_params["id"])
    except ConnectorError as error:
        raise HTTPException(404, str(error)) from None
    return str(request.path_params["id"])


def _flow_of_run(run_id: str) -> tuple[Flow, str]:
    """Return the flow of a run as it was when the run started, and its name."""
    header = read_history(place_of(run_id)).header
    return Flow.parse(header["text"], header["source"]), header["flow"]


def _applied_write(history: JournalContents, path: str) -> Write | None:
    return next((write for write in history.writes.newest_first() if write.path == path), None)
